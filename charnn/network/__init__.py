"""The networks that training fits, in PyTorch."""

from charnn.network.cells import CellWeights, HiddenState, LayerState, LSTMState
from charnn.network.inference import NumpyLanguageModel
from charnn.network.language_model import LanguageModel
from charnn.network.recurrent import LockedDropout, Recurrent, State, detach

__all__ = [
    "CellWeights",
    "HiddenState",
    "LSTMState",
    "LanguageModel",
    "LayerState",
    "LockedDropout",
    "NumpyLanguageModel",
    "Recurrent",
    "State",
    "detach",
]
