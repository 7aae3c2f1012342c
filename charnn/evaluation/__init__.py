"""How well a model predicts text or tags: sums and counts that add up, never means of means."""

from charnn.evaluation.carried import carried
from charnn.evaluation.cropped import cropped
from charnn.evaluation.scorer import Scorer
from charnn.evaluation.scores import LanguageScore, bits
from charnn.evaluation.tags import TagFigures, TagScore, joined_tags, universal_feats

__all__ = [
    "LanguageScore",
    "Scorer",
    "TagFigures",
    "TagScore",
    "bits",
    "carried",
    "cropped",
    "joined_tags",
    "universal_feats",
]
