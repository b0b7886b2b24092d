"""Speed and memory, measured: one script per claim, and the last table in TABLE.md."""
