"""Models that metrics ask about texts: one module per kind."""
