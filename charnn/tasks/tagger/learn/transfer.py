"""Starts a run from another tagger's weights. Words, characters, columns and tags are matched by their names."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from charnn.checkpoint.members import each_own
from charnn.tasks.tagger.config import DecoderKind, TaggerNetworkConfig
from charnn.tasks.tagger.learn.ensemble import AnyTagger, TaggerEnsemble
from charnn.tasks.tagger.lexicon import FIRST_CHARACTER, Lexicon
from charnn.training.transfer import Places, copy_rows, shared_places

SHAPE = ("cell", "layers", "hidden_size", "word_size", "words_from", "members")
"""The fields of TaggerNetworkConfig on which the shapes of weights depend, and that may be asked for."""
FIXED_SHAPE = (
    *("character_size", "reader_size", "affix_size", "shape_size", "neighbour_size"),
    *("readers", "context_size"),
)
"""Those that may not."""


def with_shape_of(network: TaggerNetworkConfig, source: TaggerNetworkConfig) -> TaggerNetworkConfig:
    return dataclasses.replace(network, **{name: getattr(source, name) for name in FIXED_SHAPE})


@dataclass(frozen=True, eq=False)
class InitialWeights:
    """The weights of another tagger, to begin a run with. The two networks differ in shape only by what they know."""

    name: str
    """The name of its directory."""
    arrays: Mapping[str, npt.NDArray[Any]]
    lexicon: Lexicon
    decoder: DecoderKind

    @torch.no_grad()
    def copy_into(self, network: AnyTagger, lexicon: Lexicon) -> None:
        """Copies the weights into `network`, whose ids are those of `lexicon`. Each member of an ensemble begins with
        the weights of that member.

        What the other model does not know stays as it was initialised: words, characters, columns, and tags of a column
        of the same name. A head stays so as well where one of the two decoders is `feedback` and the other is not.
        """
        if isinstance(network, TaggerEnsemble):
            for member, own in zip(network.each, each_own(self.arrays, len(network.each)), strict=True):
                dataclasses.replace(self, arrays=own).copy_into(member, lexicon)
            return
        rows = {
            "words.weight": _after(1, shared_places(lexicon.words_with_vectors, self.lexicon.words_with_vectors)),
            "spelling.characters.weight": _after(
                FIRST_CHARACTER, shared_places(lexicon.characters, self.lexicon.characters)
            ),
        }
        for name, parameter in network.named_parameters():
            if name.startswith(("heads.", "guesses.")):
                continue
            if name == "told.weight":  # it is a part of the words' own vectors in the other model
                parameter.zero_()
            elif name in rows:
                copy_rows(parameter, self.arrays[name], rows[name])
            else:
                parameter.copy_(torch.from_numpy(self.arrays[name]))
        if (self.decoder == "feedback") == (network.config.decoder == "feedback"):
            for to_head, from_head, tags in self._shared_heads(lexicon):
                for name, parameter in network.heads[to_head].named_parameters():
                    source = self.arrays.get(f"heads.{from_head}.{name}")
                    if source is not None:
                        self._copy_head(name, parameter, source, tags)

    def found_in(self, lexicon: Lexicon) -> str:
        """How much of what `lexicon` has is known, in words."""
        words, ours = lexicon.words_with_vectors, lexicon.characters
        parts = [
            f"{len(shared_places(words, self.lexicon.words_with_vectors)):,} of {len(words):,} words",
            f"{len(shared_places(ours, self.lexicon.characters)):,} of {len(ours):,} characters",
        ]
        for column, tags in lexicon.tags.items():
            theirs = self.lexicon.tags.get(column)
            shared = 0 if theirs is None else len(shared_places(tags, theirs))
            parts.append(f"{shared:,} of {len(tags):,} {column}")
        return f"{self.name}, which knows {', '.join(parts)}"

    def _shared_heads(self, lexicon: Lexicon) -> list[tuple[int, int, Places]]:
        """The columns that both have: their numbers, and the places of the tags that both have."""
        columns = shared_places(list(lexicon.tags), list(self.lexicon.tags))
        ours, theirs = list(lexicon.tags.values()), list(self.lexicon.tags.values())
        return [(to, source, shared_places(ours[to], theirs[source])) for to, source in columns]

    def _copy_head(self, name: str, parameter: Tensor, source: npt.NDArray[Any], tags: Places) -> None:
        if name == "transitions":
            to_K, from_K = np.array(tags, np.int64).reshape(-1, 2).T
            copied = torch.from_numpy(source[np.ix_(from_K, from_K)]).to(parameter.device)
            parameter[torch.from_numpy(to_K)[:, None], torch.from_numpy(to_K)] = copied
        elif name == "tag_vectors.weight":  # the last row is for the place before the first word
            copy_rows(parameter, source, [*tags, (len(parameter) - 1, len(source) - 1)])
        elif name.startswith("scores_layer") and self.decoder == "feedback":
            parameter.copy_(torch.from_numpy(source))
        else:
            copy_rows(parameter, source, tags)


def _after(reserved: int, places: Places) -> Places:
    """The rows of symbols at these places in tables whose first rows stand for the same in every model."""
    return [(row, row) for row in range(reserved)] + [(to + reserved, source + reserved) for to, source in places]
