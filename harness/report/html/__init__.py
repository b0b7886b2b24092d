"""The report: runs as one HTML file that needs neither a network nor a server."""
