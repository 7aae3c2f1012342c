"""Taggers side by side, which are used as one: what they say of a word's tags is averaged."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from charnn.arrays import Int32s
from charnn.network.ensemble import Ensemble, log_mean
from charnn.readers.reader import Reader
from charnn.tasks.tagger.config import DecoderKind, TaggerNetworkConfig
from charnn.tasks.tagger.decoding.decoder import Decoder, Transitions
from charnn.tasks.tagger.decoding.saved import decoder_of_members
from charnn.tasks.tagger.learn.network import TaggerNetwork, WordBatch, add_readers, decoded


class TaggerEnsemble(Ensemble[TaggerNetwork]):
    """N networks with the methods of one, which learn apart and decode together (`decoder_of_members` says how).

    The features of a word are those of all members, one after the other. What has read text before reads once for all
    of them, and its weights lie beside the members.
    """

    def __init__(self, members: Sequence[TaggerNetwork], readers: Sequence[Reader] = ()) -> None:
        super().__init__(members)
        self.config = dataclasses.replace(members[0].config, members=len(members))
        self._readers = readers
        add_readers(self, readers)

    def forward(
        self,
        words: WordBatch,
        places_BT: Tensor,
        lengths_B: Tensor,
        states_BTR: Tensor | None = None,
        tags_CBT: Tensor | None = None,
    ) -> Tensor:
        """(B, T, N F), as `TaggerNetwork.forward`."""
        return torch.cat([member(words, places_BT, lengths_B, states_BTR, tags_CBT) for member in self.each], -1)

    def scores(self, features_BTF: Tensor) -> list[Tensor]:
        """The scores of each column, (B, T, S), as its decoder takes them."""
        each = [member.scores(own) for member, own in self._apart(features_BTF)]
        return [mean_scores(self.config.decoder, of_members) for of_members in zip(*each, strict=True)]

    def nats(
        self, features_BTF: Tensor, tags_CBT: Tensor, lengths_B: Tensor, said: Sequence[Tensor] | None = None
    ) -> Tensor:
        """What the tags cost each member by itself, (members,). `said` is as for `TaggerNetwork.nats`."""
        return torch.stack([member.nats(own, tags_CBT, lengths_B, said) for member, own in self._apart(features_BTF)])

    def decode(self, features_BTF: Tensor, lengths_B: Tensor) -> Int32s:
        """The likeliest tags, (columns, B, T), as inference decodes them."""
        return decoded(self.decoders(), self.scores(features_BTF), lengths_B)

    def decoders(self) -> list[Decoder]:
        """The decoder of each column, as the weights are now."""
        columns = zip(*(member.each_head for member in self.each), strict=True)
        return [
            decoder_of_members(one.kind, [head.arrays() for head in (one, *others)], tags=one.tags, rule=one.rule)
            for one, *others in columns
        ]

    def without(self, number: int) -> AnyTagger:
        """The other members without that one."""
        others = [member for n, member in enumerate(self.each) if n != number]
        if len(others) > 1:
            return TaggerEnsemble(others, self._readers)
        add_readers(others[0], self._readers)
        return others[0]

    def _apart(self, features_BTF: Tensor) -> list[tuple[TaggerNetwork, Tensor]]:
        """Each member, with its own part of the features (B, T, N F)."""
        return list(zip(self.each, features_BTF.chunk(len(self.members), -1), strict=True))


AnyTagger = TaggerNetwork | TaggerEnsemble


def make_network(
    config: TaggerNetworkConfig,
    frequencies: Tensor,
    rules: Sequence[Transitions | None] = (),
    readers: Sequence[Reader] = (),
    tag_counts: Tensor | None = None,
) -> AnyTagger:
    """The network, or where it has several members the ensemble of them, with random weights."""
    if config.members == 1:
        return TaggerNetwork(config, frequencies, rules, readers, tag_counts)
    one = dataclasses.replace(config, members=1)
    each = [TaggerNetwork(one, frequencies, rules, tag_counts=tag_counts) for _ in range(config.members)]
    return TaggerEnsemble(each, readers)


def mean_scores(decoder: DecoderKind, each: Sequence[Tensor]) -> Tensor:
    """What the members' scores (..., S) of a column become for the decoder that they share."""
    if decoder == "feedback":
        return torch.cat([*each], -1)
    if decoder == "crf":
        return torch.stack([*each]).mean(0)
    return log_mean([scores.log_softmax(-1) for scores in each])
