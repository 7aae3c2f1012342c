"""How well a model predicts text or tags: sums and counts that add up, never means of means."""

from charnn.evaluation.carried import carried
from charnn.evaluation.cropped import cropped
from charnn.evaluation.lengths import draw_length, remaining_tokens
from charnn.evaluation.scorer import Costs, Scorer
from charnn.evaluation.scores import LanguageScore, bits
from charnn.evaluation.tags import TagFigures, TagScore, joined_tags, universal_feats

__all__ = [
    "Costs",
    "LanguageScore",
    "Scorer",
    "TagFigures",
    "TagScore",
    "bits",
    "carried",
    "cropped",
    "draw_length",
    "joined_tags",
    "remaining_tokens",
    "universal_feats",
]
