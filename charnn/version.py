"""The version of this charnn, which every model records."""

__version__ = "0.1.0"
