"""Trains language models, with PyTorch."""
