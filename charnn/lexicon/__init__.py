"""What a tagger knows of words and tags: the forms it has seen, and any word as ids that a network reads."""

from charnn.lexicon.features import AFFIX_BUCKETS, AFFIXES, SHAPES, WordFeatures
from charnn.lexicon.lexicon import Lexicon

__all__ = ["AFFIXES", "AFFIX_BUCKETS", "SHAPES", "Lexicon", "WordFeatures"]
