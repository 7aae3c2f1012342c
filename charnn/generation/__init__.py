"""From logits to text: which token comes next, when to stop, and the texts that come of it, one or many at once."""
