"""What a model, its training and its sampling are made of: frozen dataclasses, with JSON in and out.

Defaults live here and nowhere else. Values are checked when a configuration is built, whichever way it came, and
a key that is not known is refused: a file written by a newer version is never half understood.
"""

from charnn.config.as_json import Json, later
from charnn.config.data import (
    HELD_OUT_CHARACTERS,
    HELD_OUT_FRACTION,
    CorpusConfig,
    SourceFile,
    TokenizerConfig,
    TreebankConfig,
)
from charnn.config.kinds import (
    Cell,
    DecoderKind,
    Device,
    DocumentUnit,
    Level,
    Optimizer,
    Precision,
    Stopping,
    Task,
    TextFormat,
    TokenizerKind,
    TreebankFormat,
    WordReaderKind,
)
from charnn.config.networks import NetworkConfig, TaggerNetworkConfig
from charnn.config.results import Quantization, Scores, TagQuantization, TagScores
from charnn.config.sampling import FILTERS, Bias, Filter, SamplingConfig
from charnn.config.training import Budget, TrainingConfig

__all__ = [
    "FILTERS",
    "HELD_OUT_CHARACTERS",
    "HELD_OUT_FRACTION",
    "Bias",
    "Budget",
    "Cell",
    "CorpusConfig",
    "DecoderKind",
    "Device",
    "DocumentUnit",
    "Filter",
    "Json",
    "Level",
    "NetworkConfig",
    "Optimizer",
    "Precision",
    "Quantization",
    "SamplingConfig",
    "Scores",
    "SourceFile",
    "Stopping",
    "TagQuantization",
    "TagScores",
    "TaggerNetworkConfig",
    "Task",
    "TextFormat",
    "TokenizerConfig",
    "TokenizerKind",
    "TrainingConfig",
    "TreebankConfig",
    "TreebankFormat",
    "WordReaderKind",
    "later",
]
