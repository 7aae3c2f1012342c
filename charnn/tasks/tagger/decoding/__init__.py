"""Decoders, which take the scores of words to tags and to their probabilities. They need numpy alone."""
