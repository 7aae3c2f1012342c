"""The part of config.json that all tasks share, as frozen dataclasses that are read from JSON and written to it.

Values are checked whenever a configuration is built. A key that is not known is refused, so that a file of a newer
version is never half understood. The configuration of a single task is in that task's folder.
"""

from charnn.config.as_json import Json, later
from charnn.config.model import ModelConfig, SourceFile, TrainingRecord
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
