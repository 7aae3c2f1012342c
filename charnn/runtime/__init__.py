"""Trained networks without PyTorch: ONNX Runtime underneath, numpy in, numpy out."""

from charnn.runtime.language_model import RuntimeLanguageModel, State

__all__ = ["RuntimeLanguageModel", "State"]
