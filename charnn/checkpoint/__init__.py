"""The model directory: the only bridge between training a model and using it.

config.json          what the model is and how it came to be (`ModelConfig`)
tokenizer.json       or tokenizer.model (SentencePiece); a tagger has lexicon.json instead
weights.safetensors  the best weights, fp32
model.onnx           what inference runs; model.int8.onnx beside it, of a tagger where its cells are lstms; a tagger's
                     words.onnx makes vectors of words, and the others read those
history.jsonl        one line a validation
training/            what resuming needs; everything else works without it
"""

from charnn.checkpoint.directory import ModelDirectory
from charnn.checkpoint.format import FORMAT_VERSION, LanguageModelConfig, ModelConfig, TaggerConfig, TrainingRecord
from charnn.checkpoint.locate import find_model, new_model_path

__all__ = [
    "FORMAT_VERSION",
    "LanguageModelConfig",
    "ModelConfig",
    "ModelDirectory",
    "TaggerConfig",
    "TrainingRecord",
    "find_model",
    "new_model_path",
]
