"""The networks that training fits, in PyTorch."""

from charnn.network.bidirectional import Bidirectional
from charnn.network.cells import CellWeights, HiddenState, LayerState, LSTMState
from charnn.network.inference import NumpyLanguageModel
from charnn.network.language_model import LanguageModel
from charnn.network.recurrent import LockedDropout, Recurrent, State, detach
from charnn.network.tagger import Tagger, Words

__all__ = [
    "Bidirectional",
    "CellWeights",
    "HiddenState",
    "LSTMState",
    "LanguageModel",
    "LayerState",
    "LockedDropout",
    "NumpyLanguageModel",
    "Recurrent",
    "State",
    "Tagger",
    "Words",
    "detach",
]
