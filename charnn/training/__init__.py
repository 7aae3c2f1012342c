"""Training: the loop and what it needs to know of what it trains."""
