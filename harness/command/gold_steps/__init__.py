"""The steps of `python -m harness gold`, one file each."""
