"""One file per metric: counts of one example, then scores of any sum of them."""
