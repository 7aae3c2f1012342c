"""Transducers: one line in, another line out."""
