"""Learning a text. This is where PyTorch is needed."""
