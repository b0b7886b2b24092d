"""Stored scores in the forms that other tools read: one file per target, each with a function `export`."""
