"""Uses language models, without PyTorch."""
