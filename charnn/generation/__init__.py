"""From logits to text: which token comes next, when to stop, and the texts that come of it, one or many at once."""

from charnn.generation.ending import Reason
from charnn.generation.generator import Generation, generate
from charnn.generation.lanes import Lanes, in_order
from charnn.generation.likeliest import likeliest
from charnn.generation.model import LanguageModel
from charnn.generation.text import Piece, Request, Symbol, Text

__all__ = [
    "Generation",
    "Lanes",
    "LanguageModel",
    "Piece",
    "Reason",
    "Request",
    "Symbol",
    "Text",
    "generate",
    "in_order",
    "likeliest",
]
