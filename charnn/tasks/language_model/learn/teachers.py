"""The teachers of a network: what models that have been trained say about each token of the text that it learns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from charnn.corpora.progress import tell
from charnn.errors import ConfigError, ModelFormatError, UsageError
from charnn.network.recurrent import detach
from charnn.readable import first_few
from charnn.tasks.language_model.conditions import ConditionRows
from charnn.tasks.language_model.config import CorpusConfig, LanguageModelNetworkConfig
from charnn.tasks.language_model.corpus import Corpus
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.documents import pieces_of
from charnn.tasks.language_model.learn.data import IGNORED, window_at
from charnn.tasks.language_model.learn.ensemble import AnyNetwork, make_network
from charnn.tasks.language_model.long_ids import Ids
from charnn.tokenizers.base import STOP_ID, Tokenizer
from charnn.training.distributed.processes import ArraysAndJson

LANES, CHUNK = 64, 128
"""Teachers read the text at so many places side by side, and so many tokens at a time."""
WARM_UP = 512
"""The tokens that a lane reads before its part of the text."""
MOST_PROBABILITIES = 1 << 29
"""The most probabilities that are kept, a gigabyte of them. A text that has more is read a few times at most by any
budget, and then teachers gain nothing."""
SHOWN = 5
"""The most symbols that a message names."""


@dataclass(frozen=True, eq=False)
class Teacher:
    """A model that has been trained: its network, and the weights by the names of their parameters."""

    network: LanguageModelNetworkConfig
    arrays: Mapping[str, npt.NDArray[Any]]

    @classmethod
    def of(cls, directory: LanguageModelDirectory) -> Teacher:
        """Raises ModelFormatError where a file is missing. Damaged ones are found by `check`."""
        return cls(directory.config().network, directory.weights())


def tokenizer_of_teacher(directory: LanguageModelDirectory, corpus: Corpus) -> Tokenizer:
    """The tokenizer of a teacher, which the network that it teaches has as well.

    Raises UsageError where the text has characters that it lacks, unless it was made to lack rare ones.
    """
    tokenizer, config = directory.tokenizer(), directory.config().tokenizer
    if config.min_count == 1:
        found = (c for piece in pieces_of(corpus.user_texts) for c in tokenizer.unknown_characters(piece))
        if unknown := list(dict.fromkeys(found)):
            raise UsageError(
                f"--teacher {directory.path}: its vocabulary lacks {_some(map(repr, unknown))}, which the text has",
                hint="take a teacher that has learned this text",
            )
    return tokenizer


def check_teachers(
    directories: Sequence[LanguageModelDirectory],
    tokenizer: Tokenizer,
    network: LanguageModelNetworkConfig,
    corpus: CorpusConfig,
) -> None:
    """Raises UsageError for a model that cannot teach a network with this tokenizer, and says what differs."""
    for directory in directories:
        config, theirs, differs = directory.config(), directory.tokenizer(), ""
        if theirs.symbols() != tokenizer.symbols():
            differs = f"its vocabulary {_difference(theirs, tokenizer)}"
        elif theirs.to_bytes() != tokenizer.to_bytes():
            differs = "its vocabulary has the same pieces, but cuts text otherwise"
        elif config.corpus.label_names != corpus.label_names:
            differs = (
                f"its labels are {_some(config.corpus.label_names)}, and here they are {_some(corpus.label_names)}"
            )
        elif config.corpus.backwards != corpus.backwards:
            differs = f"it reads {'backwards' if config.corpus.backwards else 'forwards'}, and the new network does not"
        elif config.network.stopping != network.stopping:
            differs = f"it ends texts by {config.network.stopping}, not by {network.stopping}"
        elif corpus.documents > 1 and not config.corpus.ends_are_learned:
            differs = f"it has not learned where a text ends, and here there are {corpus.documents:,} texts"
        if differs:
            raise UsageError(
                f"--teacher {directory.path}: {differs}",
                hint="a teacher must have learned with the same vocabulary, labels, ends and direction",
            )


def _difference(theirs: Tokenizer, ours: Tokenizer) -> str:
    if theirs.kind != ours.kind:
        return f"is one of {theirs.kind}, not of {ours.kind}"
    known, wanted = set(theirs.symbols()), set(ours.symbols())
    lacks = [symbol for symbol in ours.symbols() if symbol not in known]
    has = [symbol for symbol in theirs.symbols() if symbol not in wanted]
    said = [
        f"{verb} {_some(repr(text) for _, text in symbols)}"
        for verb, symbols in (("lacks", lacks), ("also has", has))
        if symbols
    ]
    return " and ".join(said) or "has another order"


def _some(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    return first_few(names, SHOWN) or "none"


def check_room(tokens: int, vocabulary_size: int) -> None:
    """Raises UsageError for a text whose probabilities are more than MOST_PROBABILITIES."""
    if tokens * vocabulary_size > MOST_PROBABILITIES:
        raise UsageError(
            f"--teacher: a text of {tokens:,} tokens with a vocabulary of {vocabulary_size:,} is too long for it",
            hint="leave --teacher out, or take a smaller --vocabulary or less text",
        )


class Teachers:
    """Models that have been trained, and the mean of the probabilities that they give each token of a text.

    They read the text once, when this is made, since they read it alike however often the network that they teach does.
    That is before training begins, and no part of its budget.
    """

    def __init__(
        self, models: Sequence[Teacher], tokens_N: Ids, rows: Mapping[str, ConditionRows], device: torch.device
    ) -> None:
        """`tokens_N` and `rows` are those of `Windows`. Raises UsageError where the text is too long."""
        self.models = models
        self._tokens_N, self._rows = tokens_N, rows
        if not models:
            return
        vocabulary_size = models[0].network.vocabulary_size
        check_room(len(tokens_N), vocabulary_size)
        self._said_NV = torch.zeros(len(tokens_N), vocabulary_size, dtype=torch.float16, device=device)
        with torch.no_grad(), torch.random.fork_rng([]):  # a network draws its first weights
            for number, model in enumerate(models):
                network = make_network(model.network)
                network.load_state_dict({name: torch.from_numpy(array) for name, array in model.arrays.items()})
                self._read(network.to(device).eval(), number)

    def probabilities(self, places: Tensor) -> Tensor:
        """The mean probability (..., V) of each token at these `places` of the text, from all before them."""
        return self._said_NV[places].float()

    def _read(self, network: AnyNetwork, number: int) -> None:
        """Adds one teacher's part of the mean at each place of the text, which is a ring."""
        size, device = len(self._tokens_N), self._said_NV.device
        lanes = min(LANES, size)
        bounds = np.arange(lanes + 1) * size // lanes
        starts_B1, ends_B1 = bounds[:-1, np.newaxis], bounds[1:, np.newaxis]
        state = network.initial_state(lanes)
        steps = range(-WARM_UP, -(-size // lanes), CHUNK)
        for done, start in enumerate(steps):
            tell("what the teachers say", number * len(steps) + done, len(self.models) * len(steps))
            place_BT = starts_B1 + np.arange(start, start + CHUNK)
            window = window_at(place_BT % size, self._tokens_N, self._rows, stop_id=STOP_ID, first=False)
            rows = {name: torch.from_numpy(rows_BT).to(device) for name, rows_BT in window.rows.items()}
            logits_BTV, state = network(torch.from_numpy(window.inputs_BT).to(device), state, rows)
            state = detach(state)
            own_BT = (starts_B1 <= place_BT) & (place_BT < ends_B1)
            places = torch.from_numpy(window.places_BT[own_BT]).to(device)
            said_NV = logits_BTV[torch.from_numpy(own_BT).to(device)].softmax(-1) / len(self.models)
            self._said_NV[places] += said_NV.to(self._said_NV.dtype)


def soft_nats(logits_BTV: Tensor, said_BTV: Tensor, targets_BT: Tensor) -> Tensor:
    """The sum of the cross entropies with the probabilities `said_BTV`, wherever there is a target."""
    log_p_BTV = logits_BTV.log_softmax(-1)
    # Where a token is impossible, 0 is said of it.
    nats_BT = -torch.where(said_BTV > 0, said_BTV * log_p_BTV, 0.0).sum(-1)
    return nats_BT.masked_fill(targets_BT == IGNORED, 0.0).sum()


def as_arrays(models: Sequence[Teacher]) -> dict[str, npt.NDArray[Any]]:
    """The weights of all teachers by numbered names, of which `taken_from` makes teachers again."""
    return {
        f"teachers.{number}.{name}": array
        for number, model in enumerate(models)
        for name, array in model.arrays.items()
    }


def taken_from(arrays: Mapping[str, npt.NDArray[Any]], networks: Sequence[Any], prefix: str = "") -> list[Teacher]:
    """The teachers whose weights are among `arrays`, with these networks in JSON; `prefix` stands before the names.

    Raises ConfigError for what is no network.
    """
    models = []
    for number, network in enumerate(networks):
        start = f"{prefix}teachers.{number}."
        own = {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}
        models.append(Teacher(LanguageModelNetworkConfig.from_json(network), own))
    return models


def teachers_in(state: ArraysAndJson, directory: LanguageModelDirectory) -> list[Teacher]:
    """The teachers of a run, from its training state. Raises ModelFormatError where they are damaged."""
    arrays, values = state
    try:
        return taken_from(arrays, values["task"].get("teachers", []), prefix="task.")
    except (ConfigError, KeyError, TypeError, AttributeError) as error:
        raise ModelFormatError(f"{directory.path}/training: not the state of this model: {error}") from None
