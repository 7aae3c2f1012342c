"""How much of a text is copied from what a model learned from."""
