"""Result files of other evaluation tools: one file per tool, each with functions `recognizes` and `read`."""
