"""One file per annotation format, read into records."""
