"""PyTorch modules that the networks of all tasks are built from."""
