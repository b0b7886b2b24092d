"""Where the batches run."""
