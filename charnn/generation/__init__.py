"""Turns logits into text: it chooses the next token, says when a text ends, and makes one text or many at once."""
