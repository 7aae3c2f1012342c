"""Linear models of sparse features."""
