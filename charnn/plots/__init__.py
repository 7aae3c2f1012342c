"""Draws figures as pictures. Importing this package imports matplotlib."""

from charnn.plots.confusion import save_confusion

__all__ = ["save_confusion"]
