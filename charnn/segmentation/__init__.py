"""Finds the sentences and words of raw text by rules."""
