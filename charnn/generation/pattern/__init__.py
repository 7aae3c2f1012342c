"""Keeps a text to a regular expression while it is written."""
