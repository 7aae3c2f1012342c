"""Spellings to vectors: what is read is in no other word, and is what a loop over the characters of one word gives."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from charnn.tasks.tagger.config import TaggerNetworkConfig, WordReaderKind
from charnn.tasks.tagger.learn.network import WIDTHS, ConvolutionReader, RecurrentReader, WordReader
from charnn.tasks.tagger.lexicon import Lexicon, WordFeatures

WORDS = ["a", "cat", "The", "New York", "don't", "1999", "x" * 30, "東京", ""]
LEXICON = Lexicon.of(WORDS[:-2], {"upos": ["X"]})
KINDS: list[WordReaderKind] = ["cnn", "lstm"]
each_kind = pytest.mark.parametrize("kind", KINDS)


def reader_of(kind: WordReaderKind, **sizes: float) -> WordReader:
    torch.manual_seed(0)
    config = TaggerNetworkConfig(
        words=LEXICON.word_ids,
        characters=LEXICON.character_ids,
        tags=(1,),
        words_from=kind,
        **{"character_size": 4, "reader_size": 5, "affix_size": 3, "shape_size": 2, **sizes},
    )
    return WordReader(config).double().eval()


def read(reader: WordReader, words: list[str], *, padding: int = 0) -> Tensor:
    """(N, D), with so many places of padding more."""
    features = LEXICON.features(words)
    ids = {name: torch.from_numpy(getattr(features, name)) for name in WordFeatures.__slots__}
    characters_NL = nn.functional.pad(ids["characters_NL"], (0, padding))
    vectors_ND: Tensor = reader(characters_NL, ids["lengths_N"], ids["affixes_NA"], ids["shapes_N"])
    return vectors_ND


@each_kind
def test_neither_padding_nor_the_words_beside_it_change_a_words_vector(kind: WordReaderKind) -> None:
    reader = reader_of(kind)
    together_ND = read(reader, WORDS, padding=5)
    alone_ND = torch.cat([read(reader, [word]) for word in WORDS])
    torch.testing.assert_close(together_ND, alone_ND, rtol=0, atol=1e-12)


@each_kind
@pytest.mark.parametrize("sizes", [{}, {"affix_size": 0}, {"shape_size": 0}, {"affix_size": 0, "shape_size": 0}])
def test_vectors_are_as_long_as_is_said(kind: WordReaderKind, sizes: dict[str, int]) -> None:
    reader = reader_of(kind, **sizes)
    assert read(reader, WORDS).shape == (len(WORDS), reader.size)


@each_kind
@pytest.mark.parametrize(
    ("left", "right"), [("cat", "cab"), ("cat", "Cat"), ("catalogue", "cataloger"), ("1999", "1998"), ("acb", "abc")]
)
def test_words_that_differ_in_one_way_have_different_vectors(kind: WordReaderKind, left: str, right: str) -> None:
    reader = reader_of(kind)
    assert not torch.allclose(read(reader, [left]), read(reader, [right]))


def test_convolution_keeps_the_largest_value_of_each_unit_within_the_word() -> None:
    """Each window of each word by itself: what lies beyond either end of it is 0."""
    torch.manual_seed(0)
    reader = ConvolutionReader(4, 5).double()
    x_NLE, lengths_N = torch.randn(3, 6, 4, dtype=torch.float64), torch.tensor([6, 1, 3])
    expected = []
    for x_LE, length in zip(x_NLE, lengths_N.tolist(), strict=True):
        units = []
        for width, convolution in zip(WIDTHS, reader.convolutions, strict=True):
            beyond = torch.zeros(width // 2, 4, dtype=torch.float64)
            padded_LE = torch.cat([beyond, x_LE[:length], beyond])
            windows = [padded_LE[start : start + width].T for start in range(length)]
            values = [(convolution.weight * window).sum((1, 2)) + convolution.bias for window in windows]
            units.append(torch.stack(values).relu().amax(0))
        expected.append(torch.cat(units))
    torch.testing.assert_close(reader(x_NLE, lengths_N), torch.stack(expected), rtol=0, atol=1e-12)


def test_recurrent_reader_gives_the_last_states_of_both_directions() -> None:
    torch.manual_seed(0)
    reader = RecurrentReader(4, 5).double()
    x_NLE, lengths_N = torch.randn(3, 6, 4, dtype=torch.float64), torch.tensor([6, 1, 3])
    reference = nn.LSTM(4, 5, bidirectional=True, batch_first=True, dtype=torch.float64)
    ahead, back = (way[0].layers[0].parameters() for way in (reader.recurrent.forwards, reader.recurrent.backwards))
    with torch.no_grad():
        for theirs, ours in zip(reference.parameters(), [*ahead, *back], strict=True):
            theirs.copy_(ours)
    expected = [
        reference(x_LE[None, :length])[1][0].flatten()  # the hidden states (2, 1, 5), forwards first
        for x_LE, length in zip(x_NLE, lengths_N.tolist(), strict=True)
    ]
    torch.testing.assert_close(reader(x_NLE, lengths_N), torch.stack(expected), rtol=0, atol=1e-12)


def test_a_words_affixes_add_up_and_no_affix_is_nothing() -> None:
    reader = reader_of("cnn")
    affix_size = reader.affixes.weight.shape[1]
    ids_NA = torch.from_numpy(LEXICON.features(["ab"]).affixes_NA)
    there = ids_NA[ids_NA > 0]
    assert len(there) == 4
    expected = reader.affixes.weight[there].sum(0)
    torch.testing.assert_close(read(reader, ["ab"])[0, -affix_size:], expected)
    assert not read(reader, [""])[0, -affix_size:].any()


def test_training_leaves_no_affix_nothing() -> None:
    reader = reader_of("cnn").train()
    read(reader, ["ab"]).sum().backward()
    assert not reader.affixes.weight.grad[0].any()
    assert reader.affixes.weight.grad.any()


def test_training_drops_affixes_one_by_one_and_eval_mode_none() -> None:
    reader = reader_of("cnn", affix_dropout=0.3)
    seen: list[Tensor] = []
    reader.affixes.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    words = ["abcdefghij"] * 1000
    whole_ND = read(reader, words)
    read(reader.train(), words)
    kept_NA, in_training_NA = seen
    assert (kept_NA > 0).all()
    is_dropped_NA = in_training_NA == 0
    assert torch.equal(in_training_NA[~is_dropped_NA], kept_NA[~is_dropped_NA])
    torch.testing.assert_close(is_dropped_NA.double().mean(0), torch.full((10,), 0.3).double(), rtol=0, atol=0.05)
    assert 0.2 < (is_dropped_NA.sum(1) == 3).double().mean() < 0.33  # 0.27 where each falls by itself
    torch.testing.assert_close(read(reader.eval(), words), whole_ND, rtol=0, atol=0)
