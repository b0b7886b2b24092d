"""One file per task: a corpus becomes examples."""
