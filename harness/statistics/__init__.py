"""Intervals, tests and agreement, from counts of units: nothing here knows a task or a file."""
