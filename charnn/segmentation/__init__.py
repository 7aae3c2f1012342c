"""Words and sentences of raw text."""
