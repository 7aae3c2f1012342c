"""Trains taggers, with PyTorch."""
