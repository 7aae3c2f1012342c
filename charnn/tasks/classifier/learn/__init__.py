"""Trains classifiers, with PyTorch."""
