"""The classifier: a label for a text, or several, learned from labelled texts."""
