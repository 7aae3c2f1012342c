"""The cost of a text for a language model, as sums that can be added or symbol by symbol; and the protocol of models
that can be scored."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from charnn.arrays import Bools, Floats, Integers
from charnn.generation.model import Conditions
from charnn.tokenizers.base import Tokenizer

Ids = npt.NDArray[np.integer]


class Costs(NamedTuple):
    """The cost of each place in nats, in two parts that add up to the whole."""

    text_BT: Floats
    """-ln p of each target that is a token of the text; 0 where it is a stop."""
    ends_BT: Floats
    """-ln p of each target that is a stop token, 0 elsewhere. Where a model foretells lengths, it is instead -ln p of
    the length of the document that each stop token among the inputs opens, whose end then costs nothing more."""

    @classmethod
    def of_tokens(cls, nats_BT: Floats, targets_BT: Ids, stop_id: int) -> Costs:
        """The costs where the end of a document is a token like any other: `nats_BT` is -ln p of each target."""
        is_stop_BT = targets_BT == stop_id
        zero = nats_BT.dtype.type(0)
        return cls(np.where(is_stop_BT, zero, nats_BT), np.where(is_stop_BT, nats_BT, zero))


class Scorer(Protocol):
    """A recurrent model that says what its next tokens cost. The rows of a batch do not depend on each other."""

    def initial_state(self, batch: int) -> Any:
        """The state of `batch` rows that have read nothing."""

    def conditions(self, targets_BT: Ids, later_B: Ids | None = None, labels_BT: Ids | None = None) -> Conditions:
        """The conditions of the inputs before `targets_BT`, which depend on where documents end.

        The document at the end of each row has `later_B` more tokens beyond it. Without `later_B` it ends with the row.
        `labels_BT` has the number of the label of each target's document, where documents have labels.
        """

    def costs(self, inputs_BT: Ids, targets_BT: Ids, state: Any, conditions: Conditions) -> tuple[Costs, Any]:
        """The costs, given the state and the inputs up to each place; and the state after the last.

        Inputs and targets are ids, (B, T), and so are the values of the `conditions` of the inputs. What a row gives at
        one step does not depend on its later steps, so padding at the end of a row is harmless.
        """


def bits(nats: float) -> float:
    return nats / math.log(2)


@dataclass(frozen=True)
class LanguageScore:
    """The cost of predicting a text. The scores of its parts add up to the score of the whole.

    All figures are per character of the text, whatever the tokens are, so that models with different tokenizers
    compare.
    """

    nats: float
    """The sum of -ln p over the tokens of the text, stop tokens left out."""
    characters: int
    """The length of the text, `len(text)`."""
    stop_nats: float = 0.0
    """The cost of predicting where documents end: the sum of -ln p over the stop tokens, or over the lengths that were
    foretold."""
    stops: int = 0

    @classmethod
    def of_costs(
        cls,
        costs: Costs,
        targets_BT: Integers,
        scored_BT: Bools,
        stop_id: int,
    ) -> LanguageScore:
        """The sums over the places that `scored_BT` marks. `characters` is 0, as tokens do not tell their number."""
        return cls(
            nats=float(np.sum(costs.text_BT, where=scored_BT, dtype=np.float64)),
            characters=0,
            stop_nats=float(np.sum(costs.ends_BT, where=scored_BT, dtype=np.float64)),
            stops=int(np.count_nonzero(scored_BT & (targets_BT == stop_id))),
        )

    def __add__(self, other: LanguageScore) -> LanguageScore:
        return LanguageScore(
            nats=self.nats + other.nats,
            characters=self.characters + other.characters,
            stop_nats=self.stop_nats + other.stop_nats,
            stops=self.stops + other.stops,
        )

    @property
    def nats_per_character(self) -> float:
        """The cost per character in nats. Raises ValueError for a text without characters, which has no score."""
        if self.characters == 0:
            raise ValueError("a text without characters has no score per character")
        return self.nats / self.characters

    @property
    def bits_per_character(self) -> float:
        return bits(self.nats_per_character)

    @property
    def perplexity(self) -> float:
        """exp of the nats per character, never per token. It is infinite beyond the range of a float."""
        try:
            return math.exp(self.nats_per_character)
        except OverflowError:
            return math.inf

    @property
    def nats_per_stop(self) -> float | None:
        return self.stop_nats / self.stops if self.stops else None


class SymbolNats:
    """Tells what each symbol of a text cost, for texts of one tokenizer."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._token_is_character = tokenizer.kind == "characters"
        """Whether each token is a character. The unknown token then is one, too."""
        self._bytes_V = np.array([len(spelling) for spelling in tokenizer.spellings()], np.intp)

    def of(self, text: str, nats_T: Floats) -> list[tuple[str, float]]:
        """The symbols of `text`, and the nats of each: the shortest parts that are whole characters and whole tokens.

        So a symbol is a character, or the piece of a SentencePiece vocabulary; joined, they are `text` again.
        `nats_T` are those of the text's tokens. One more is that of a stop token, which is a symbol without text.
        """
        if self._token_is_character:
            tokens, symbols = len(text), list(zip(text, nats_T.tolist(), strict=False))
        else:
            ids = self._tokenizer.encode(text)
            tokens, symbols = len(ids), self._shortest(text, self._bytes_V[ids], nats_T[: len(ids)])
        return symbols + [("", float(nats)) for nats in nats_T[tokens:]]

    @staticmethod
    def _shortest(text: str, token_bytes_T: npt.NDArray[np.intp], nats_T: Floats) -> list[tuple[str, float]]:
        if not text:
            return []
        token_ends, character_ends = np.cumsum(token_bytes_T), np.cumsum(_utf8_lengths(text))
        ends = np.intersect1d(token_ends, character_ends)
        after_last_token = np.searchsorted(token_ends, ends, side="right")
        after_last_character = np.searchsorted(character_ends, ends, side="right")
        first_token, first_character = ([0, *after.tolist()] for after in (after_last_token, after_last_character))
        nats = np.add.reduceat(nats_T.astype(np.float64), first_token[:-1])
        parts = [text[start:end] for start, end in pairwise(first_character)]
        return list(zip(parts, nats.tolist(), strict=True))


def _utf8_lengths(text: str) -> npt.NDArray[np.intp]:
    """The number of bytes of each character. A character that stands for a byte that is not UTF-8 has one."""
    code_points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))
    lengths = 1 + (code_points >= 0x80).astype(np.intp) + (code_points >= 0x800) + (code_points >= 0x10000)
    lengths[(code_points >= 0xDC80) & (code_points <= 0xDCFF)] = 1
    return lengths
