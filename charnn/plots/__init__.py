"""Pictures of figures. Whatever imports this imports matplotlib."""

from charnn.plots.confusion import save_confusion

__all__ = ["save_confusion"]
