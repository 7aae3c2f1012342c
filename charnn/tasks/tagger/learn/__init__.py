"""Learning a treebank. This is where PyTorch is needed."""
