"""Tables of stored runs: which rows stand together, what they differ by, and what the differences are worth."""
