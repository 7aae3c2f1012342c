"""The language model: windows of truncated BPTT over a text, its sizes, its graph, its run."""

from charnn.training.language_model.plan import Wishes
from charnn.training.language_model.session import LanguageModelSession
from charnn.training.language_model.task import LanguageModelTask

__all__ = ["LanguageModelSession", "LanguageModelTask", "Wishes"]
