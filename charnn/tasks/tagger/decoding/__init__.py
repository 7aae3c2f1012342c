"""From the scores that a network gives the words of sentences to tags, and to their probabilities; numpy alone."""
