"""The tagger: sentences of words in, a tag of every column for every word out; many to many, of equal lengths.

Shapes: B sentences of up to T words, padded at the end; N distinct words among them, L characters of the longest
(marks counted), A affixes; D the size of a word's vector; F features of a word in its sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from charnn.arrays import Int32s
from charnn.network.bidirectional import Bidirectional
from charnn.network.drawing import Draws
from charnn.network.recurrent import LockedDropout
from charnn.readers.reader import Reader
from charnn.tasks.tagger.config import TaggerNetworkConfig
from charnn.tasks.tagger.decoding.decoder import Decoder, Transitions
from charnn.tasks.tagger.graph import WIDTHS
from charnn.tasks.tagger.learn.heads import Head, make_head
from charnn.tasks.tagger.learn.tag_guesses import TagGuesses, left_out
from charnn.tasks.tagger.learn.told_tags import ToldTags, part_of_words
from charnn.tasks.tagger.lexicon import AFFIX_BUCKETS, SHAPES


class ConvolutionReader(nn.Module):
    """Convolves the characters and takes the largest value of each unit in the word (Santos and Zadrozny 2014)."""

    def __init__(self, input_size: int, size: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(nn.Conv1d(input_size, size, width, padding=width // 2) for width in WIDTHS)
        self.size = size * len(WIDTHS)

    def forward(self, x_NLE: Tensor, lengths_N: Tensor) -> Tensor:
        inside_N1L = (torch.arange(x_NLE.shape[1], device=x_NLE.device) < lengths_N[:, None])[:, None]
        x_NEL = x_NLE.transpose(1, 2) * inside_N1L
        # Units are not negative, so a 0 beyond the word's end is the largest only where all are 0.
        return torch.cat(
            [(functional.relu(convolution(x_NEL)) * inside_N1L).amax(2) for convolution in self.convolutions], 1
        )


class RecurrentReader(nn.Module):
    """Takes the last states of two LSTMs, one that reads forwards and one backwards (Ling et al. 2015)."""

    def __init__(self, input_size: int, size: int) -> None:
        super().__init__()
        self.recurrent = Bidirectional("lstm", input_size=input_size, hidden_size=size, layers=1)
        self.size = 2 * size

    def forward(self, x_NLE: Tensor, lengths_N: Tensor) -> Tensor:
        y_NLF = self.recurrent(x_NLE, lengths_N)
        ahead, back = y_NLF.chunk(2, -1)
        last_N11 = (lengths_N - 1)[:, None, None].expand(-1, 1, ahead.shape[2])
        return torch.cat([ahead.gather(1, last_N11)[:, 0], back[:, 0]], 1)


class WordReader(Draws):
    """Reads a word's spelling: its characters one by one, its beginnings and ends, and its capitals."""

    def __init__(self, config: TaggerNetworkConfig) -> None:
        super().__init__()
        self.characters = nn.Embedding(config.characters, config.character_size)
        kind = ConvolutionReader if config.words_from == "cnn" else RecurrentReader
        self.reader = kind(config.character_size, config.reader_size)
        self.shapes = nn.Embedding(SHAPES, config.shape_size)
        self.affixes = nn.Embedding(AFFIX_BUCKETS, config.affix_size, padding_idx=0)
        nn.init.normal_(self.characters.weight)
        nn.init.normal_(self.affixes.weight, std=0.3)
        with torch.no_grad():
            self.affixes.weight[0] = 0
        self.affix_dropout = config.affix_dropout
        self.size = self.reader.size + config.shape_size + config.affix_size

    def forward(self, characters_NL: Tensor, lengths_N: Tensor, affixes_NA: Tensor, shapes_N: Tensor) -> Tensor:
        """The vectors (N, D). They do not depend on how far rows are padded. Training mode drops affixes."""
        read_ND = self.reader(self.characters(characters_NL), lengths_N)
        if self.training and self.affix_dropout:
            numbers_NA = torch.rand(affixes_NA.shape, generator=self.generator, device=affixes_NA.device)
            affixes_NA = affixes_NA.masked_fill(numbers_NA < self.affix_dropout, 0)
        return torch.cat([read_ND, self.shapes(shapes_N), self.affixes(affixes_NA).sum(1)], 1)


@dataclass(frozen=True, slots=True)
class WordBatch:
    """N distinct words as a network reads them: the arrays of `lexicon.WordFeatures`, as int64 tensors."""

    words_N: Tensor
    characters_NL: Tensor
    lengths_N: Tensor
    affixes_NA: Tensor
    shapes_N: Tensor


class Neighbours(nn.Module):
    """Units that see a word's vector and those of the words beside it: what a tagger with hand-made features sees."""

    def __init__(self, input_size: int, size: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(input_size, size, 3, padding=1)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """(B, T, size); padded places must be 0."""
        return functional.relu(self.convolution(x_BTD.transpose(1, 2))).transpose(1, 2)


class TaggerNetwork(Draws):
    """A word's vector is what its spelling says beside a vector of its own; recurrent layers read the vectors in both
    directions, `Neighbours` reads three at a time, and a head for each column sees both and the word's vector itself.

    The names of the parameters are the names in `weights.safetensors`, so a file depends on them.
    """

    def __init__(
        self,
        config: TaggerNetworkConfig,
        frequencies: Tensor,
        rules: Sequence[Transitions | None] = (),
        readers: Sequence[Reader] = (),
        tag_counts: Tensor | None = None,
    ) -> None:
        """`frequencies`: how often the words of each id were seen, (config.words,); word dropout goes by it. `rules`
        has for each column what may follow what, if there is such a rule anywhere. The weights of the `readers` lie
        among those of the network; they are those that the configuration names, unless others keep them. `tag_counts`
        is how often they had each tag, for `ToldTags`, where the configuration has it learn."""
        super().__init__()
        self.config = config
        self.spelling = WordReader(config)
        self.words = nn.Embedding(config.words, config.word_size)
        nn.init.normal_(self.words.weight, std=0.5)
        size = self.spelling.size + config.word_size + config.context_size
        self.context = nn.Linear(config.states_size, config.context_size, bias=False) if config.readers else None
        add_readers(self, readers)
        self.input_dropout, self.dropout = LockedDropout(config.input_dropout), LockedDropout(config.dropout)
        self.recurrent = Bidirectional(
            config.cell,
            input_size=size,
            hidden_size=config.hidden_size,
            layers=config.layers,
            dropout=config.dropout,
        )
        self.neighbours = Neighbours(size, config.neighbour_size) if config.neighbour_size else None
        features = 2 * config.hidden_size + config.neighbour_size + size
        of_columns = zip(config.tags, rules or [None] * len(config.tags), strict=True)
        self.heads = nn.ModuleList(make_head(config.decoder, features, tags, rule) for tags, rule in of_columns)
        dropped = config.word_dropout / (config.word_dropout + frequencies) if config.word_dropout else 0 * frequencies
        self._dropped: Tensor
        self.register_buffer("_dropped", dropped.float(), persistent=False)
        self.told: ToldTags | None = None
        if config.tells_tags and tag_counts is not None:
            self.told = ToldTags(tag_counts, config.tags, config.word_size)
            self.register_state_dict_post_hook(part_of_words)  # type: ignore[no-untyped-call]
        self.guesses: TagGuesses | None = None
        if config.guesses_tags:
            self.guesses = TagGuesses(config.tags, config.hidden_size)
            self.register_state_dict_post_hook(left_out)  # type: ignore[no-untyped-call]

    def forward(
        self,
        words: WordBatch,
        places_BT: Tensor,
        lengths_B: Tensor,
        states_BTR: Tensor | None = None,
        tags_CBT: Tensor | None = None,
    ) -> Tensor:
        """(B, T, F) from the sentences as places among `words`. Neither its padding nor other rows change a row.

        `states_BTR` are what the network's readers say of the words, where it has readers. `tags_CBT` are the tags of
        sentences that are learned from, for `ToldTags`.
        """
        spelling_ND = self.spelling(words.characters_NL, words.lengths_N, words.affixes_NA, words.shapes_N)
        ids_BT, spelling_BTD = words.words_N[places_BT], spelling_ND[places_BT]
        if self.training:
            drawn_2BT = [torch.rand(ids_BT.shape, generator=self.generator, device=ids_BT.device) for _ in range(2)]
            ids_BT = ids_BT.masked_fill(drawn_2BT[0] < self._dropped[ids_BT], 0)
            kept_BT = drawn_2BT[1] >= self.config.spelling_dropout
            spelling_BTD = spelling_BTD * kept_BT[..., None]
        own_BTD = self.words(ids_BT)
        if self.told is not None:
            own_BTD = own_BTD + self.told(ids_BT, tags_CBT)
        vectors = [spelling_BTD, own_BTD]
        if self.context is not None:
            assert states_BTR is not None
            vectors.append(self.context(states_BTR))
        x_BTD = self.input_dropout(torch.cat(vectors, -1))
        is_word_BT1 = (torch.arange(x_BTD.shape[1], device=x_BTD.device) < lengths_B[:, None])[..., None]
        x_BTD = x_BTD * is_word_BT1
        features = [self.recurrent(x_BTD, lengths_B)]
        if self.neighbours is not None:
            features.append(self.dropout(self.neighbours(x_BTD)))
        return torch.cat([*features, self.dropout(x_BTD)], -1)

    def scores(self, features_BTF: Tensor) -> list[Tensor]:
        """The scores of each column, (B, T, S), as its decoder takes them."""
        return [head.scores(features_BTF) for head in self.each_head]

    def nats(
        self, features_BTF: Tensor, tags_CBT: Tensor, lengths_B: Tensor, said: Sequence[Tensor] | None = None
    ) -> Tensor:
        """The sum over columns and words of -ln p of the tags, (columns, B, T). `said` has for each column what
        teachers say of the words that have a tag, as `Head.nats` takes it. Where the network has `TagGuesses`, the
        gradient is also that of theirs."""
        said_by_column: Sequence[Tensor | None] = said or [None] * len(self.heads)
        each = zip(self.each_head, tags_CBT, said_by_column, strict=True)
        nats = [head.nats(features_BTF, tags_BT, lengths_B, said_NK) for head, tags_BT, said_NK in each]
        total = torch.stack(nats).sum()
        if self.guesses is None:
            return total
        guessed: Tensor = self.guesses(features_BTF[..., : 2 * self.config.hidden_size], tags_CBT)
        return total + guessed - guessed.detach()

    def decode(self, features_BTF: Tensor, lengths_B: Tensor) -> Int32s:
        """The likeliest tags, (columns, B, T), as inference decodes them."""
        return decoded(self.decoders(), self.scores(features_BTF), lengths_B)

    def decoders(self) -> list[Decoder]:
        """The decoder of each column, as the weights are now."""
        return [head.decoder() for head in self.each_head]

    @property
    def each_head(self) -> list[Head]:
        return [head for head in self.heads if isinstance(head, Head)]


def decoded(decoders: Sequence[Decoder], scores: Sequence[Tensor], lengths_B: Tensor) -> Int32s:
    """The tags, (columns, B, T), that each column's decoder finds for its scores (B, T, S)."""
    lengths = lengths_B.numpy(force=True)
    return np.stack(
        [d.decode(of_column.numpy(force=True), lengths).tags_BT for d, of_column in zip(decoders, scores, strict=True)]
    )


def add_readers(network: nn.Module, readers: Sequence[Reader]) -> None:
    """Has the weights of the readers lie among those of `network`, where they learn nothing."""
    for reader in readers:
        for name, weight in reader.weights.items():
            _add_buffer(network, name, torch.from_numpy(weight))


def _add_buffer(module: nn.Module, name: str, tensor: Tensor) -> None:
    """Adds a tensor that learns nothing, under a name with dots, as parameters have."""
    *path, last = name.split(".")
    for part in path:
        if part not in dict(module.named_children()):
            module.add_module(part, nn.Module())
        module = module.get_submodule(part)
    module.register_buffer(last, tensor)
