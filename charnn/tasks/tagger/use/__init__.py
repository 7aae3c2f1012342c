"""Uses taggers, without PyTorch."""
