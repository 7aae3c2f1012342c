"""Using a language model, without PyTorch."""
