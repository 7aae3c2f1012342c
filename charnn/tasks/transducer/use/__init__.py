"""Uses transducers, without PyTorch."""
