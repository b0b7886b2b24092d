"""The renderings of a table."""
