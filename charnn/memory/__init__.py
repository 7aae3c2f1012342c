"""Hopfield networks: they store lines as patterns, and settle a garbled line to the nearest of them."""
