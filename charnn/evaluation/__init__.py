"""How well a model predicts: sums and counts that add up, never means of means."""

from charnn.evaluation.carried import carried
from charnn.evaluation.cropped import cropped
from charnn.evaluation.scorer import Scorer
from charnn.evaluation.scores import LanguageScore, bits

__all__ = ["LanguageScore", "Scorer", "bits", "carried", "cropped"]
