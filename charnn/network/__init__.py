"""The blocks that the networks of all tasks are built from, in PyTorch."""
