"""Uses classifiers, without PyTorch."""
