"""Trains forecasters, with PyTorch."""
