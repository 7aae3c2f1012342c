"""Uses forecasters, without PyTorch."""
