"""Using a tagger, without PyTorch."""
