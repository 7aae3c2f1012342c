"""The tagger: a tag for every word, or every character, learned from a treebank."""
