"""The recurrent cells by name."""

from typing import Literal

Cell = Literal["rnn", "lstm", "gru"]
