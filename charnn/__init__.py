"""charnn learns from a person's own text, on their own machine: it generates text and tags sequences."""

__version__ = "0.1.0"
