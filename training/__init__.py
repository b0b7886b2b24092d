"""Rebuilds the tiny checkpoints of ``harness/weights``: ``python -m training.tiny --data DIR``."""
