"""What every task's model records of itself: frozen dataclasses, with JSON in and out.

Values are checked when a configuration is built, whichever way it came, and a key that is not known is refused: a file
that a newer version wrote is never half understood. What belongs to one task alone stands in that task's own folder.
"""

from charnn.config.as_json import Json, later
from charnn.config.model import ModelConfig, TrainingRecord
from charnn.config.sources import SourceFile
from charnn.config.training import Budget, Device, Optimizer, Precision, TrainingConfig

__all__ = [
    "Budget",
    "Device",
    "Json",
    "ModelConfig",
    "Optimizer",
    "Precision",
    "SourceFile",
    "TrainingConfig",
    "TrainingRecord",
    "later",
]
