"""Trained networks without PyTorch: ONNX Runtime underneath, numpy in, numpy out."""

from charnn.runtime.language_model import RuntimeLanguageModel, State
from charnn.runtime.tagger import RuntimeTagger

__all__ = ["RuntimeLanguageModel", "RuntimeTagger", "State"]
