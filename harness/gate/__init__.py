"""The regression gate: runs against a baseline, one verdict for text, files and exit code."""
