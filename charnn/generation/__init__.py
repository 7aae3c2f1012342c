"""From logits to text: which token comes next, when to stop, and the iterator that yields text as it is made."""

from charnn.generation.filters import choose
from charnn.generation.generator import Generation, LanguageModel, Reason, generate
from charnn.generation.stopping import StopStrings

__all__ = ["Generation", "LanguageModel", "Reason", "StopStrings", "choose", "generate"]
