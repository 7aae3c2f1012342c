"""Text that is held to a regular expression while it is written."""
