"""Trains transducers, with PyTorch."""
