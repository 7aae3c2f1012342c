"""The tagger: a sentence is read the same in every batch, from both sides, and training alone drops anything."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from charnn.tasks.tagger.config import DecoderKind, TaggerNetworkConfig
from charnn.tasks.tagger.learn.network import TaggerNetwork, WordBatch
from charnn.tasks.tagger.lexicon import Lexicon, WordFeatures

FORMS = ["the", "cat", "sat", "on", "The", "New York", "1999", "mat", "."]
LEXICON = Lexicon.of([form for count, form in enumerate(FORMS, 1) for _ in range(count)], {"upos": ["X"]})
"""Seen once, twice and so on; "the" with "The" six times."""
TINY: dict[str, Any] = {
    "hidden_size": 4,
    "word_size": 3,
    "character_size": 3,
    "reader_size": 2,
    "affix_size": 2,
    "shape_size": 2,
    "neighbour_size": 3,
}
NOTHING_DROPPED = {
    "dropout": 0.0,
    "input_dropout": 0.0,
    "word_dropout": 0.0,
    "spelling_dropout": 0.0,
    "affix_dropout": 0.0,
}
CELLS: list[str] = ["rnn", "lstm", "gru"]
DECODERS: list[DecoderKind] = ["independent", "feedback", "crf"]
lengths_of_sentences = st.lists(st.integers(1, 6), min_size=1, max_size=4)


def tagger_of(*, tags: tuple[int, ...] = (3,), seed: int = 0, **options: Any) -> TaggerNetwork:
    """With weights so large that everything matters, in eval mode."""
    torch.manual_seed(seed)
    config = TaggerNetworkConfig(
        words=LEXICON.word_ids, characters=LEXICON.character_ids, tags=tags, **{**TINY, **options}
    )
    network = TaggerNetwork(config, torch.from_numpy(LEXICON.frequencies())).double().eval()
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.5)
    return network


def words_of(forms: list[str]) -> WordBatch:
    features = LEXICON.features(forms)
    return WordBatch(**{name: torch.from_numpy(getattr(features, name)) for name in WordFeatures.__slots__})


def read(network: TaggerNetwork, places: list[list[int]], forms: list[str] = FORMS, *, padding: int = 0) -> Tensor:
    """(B, T, F) of sentences that are places in `forms`, `padding` places longer than the longest."""
    lengths_B = torch.tensor([len(row) for row in places])
    places_BT = torch.zeros(len(places), int(lengths_B.max()) + padding, dtype=torch.int64)
    for row, sentence in zip(places_BT, places, strict=True):
        row[: len(sentence)] = torch.tensor(sentence)
    features_BTF: Tensor = network(words_of(forms), places_BT, lengths_B)
    return features_BTF


def sentences_of(lengths: list[int], seed: int) -> list[list[int]]:
    random = np.random.default_rng(seed)
    return [random.integers(len(FORMS), size=length).tolist() for length in lengths]


# what a sentence is read as


@given(lengths=lengths_of_sentences, seed=st.integers(0, 999), neighbour_size=st.sampled_from([0, 3]))
@settings(max_examples=30)
def test_neither_padding_nor_the_sentences_beside_it_change_a_sentence(
    lengths: list[int], seed: int, neighbour_size: int
) -> None:
    network = tagger_of(seed=seed, neighbour_size=neighbour_size, layers=2)
    places = sentences_of(lengths, seed)
    together_BTF = read(network, places, padding=2)
    for row_TF, sentence in zip(together_BTF, places, strict=True):
        alone_TF = read(network, [sentence])[0]
        torch.testing.assert_close(row_TF[: len(sentence)], alone_TF, rtol=0, atol=1e-12)


def test_the_table_of_words_may_be_in_any_order_and_have_words_that_are_not_used() -> None:
    network = tagger_of()
    in_order_BTF = read(network, [[2, 0, 1]], FORMS[:3])
    torch.testing.assert_close(read(network, [[6, 4, 5]], FORMS[5:] + FORMS[:5]), in_order_BTF, rtol=0, atol=1e-12)


@pytest.mark.parametrize("neighbour_size", [0, 3])
def test_every_word_hears_of_every_other(neighbour_size: int) -> None:
    network = tagger_of(neighbour_size=neighbour_size)
    before_TF, after_TF = read(network, [[0, 1, 2, 3, 4], [0, 1, 8, 3, 4]])
    assert ((before_TF - after_TF).abs().sum(-1) > 1e-9).all()


def test_neighbours_are_the_word_and_one_on_either_side() -> None:
    network = tagger_of(neighbour_size=30)
    assert network.neighbours is not None
    x_BTD = torch.randn(1, 7, network.spelling.size + TINY["word_size"], dtype=torch.float64)
    changed_BTD = x_BTD.clone()
    changed_BTD[0, 3] = 0
    differs_T = (network.neighbours(x_BTD) != network.neighbours(changed_BTD))[0].any(-1)
    assert differs_T.tolist() == [False, False, True, True, True, False, False]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("decoder", DECODERS)
def test_every_cell_and_decoder_trains_every_parameter_and_tags_every_column(cell: str, decoder: DecoderKind) -> None:
    network = tagger_of(tags=(3, 1, 5), cell=cell, decoder=decoder, layers=2, words_from="lstm")
    features_BTF = read(network, sentences_of([4, 1, 3], 0))
    lengths_B = torch.tensor([4, 1, 3])
    tags_CBT = network.decode(features_BTF, lengths_B)
    assert tags_CBT.shape == (3, 3, 4)
    assert (tags_CBT.max((1, 2)) < [3, 1, 5]).all()
    network.nats(features_BTF, torch.from_numpy(tags_CBT.astype(np.int64)), lengths_B).backward()
    gradients = {name: parameter.grad for name, parameter in network.named_parameters()}
    without = {name for name, gradient in gradients.items() if gradient is None or not gradient.any()}
    assert {name for name in without if not name.startswith("heads.1.")} == set()  # a column of one tag says nothing


def test_the_loss_is_the_sum_over_columns() -> None:
    network = tagger_of(tags=(3, 5))
    features_BTF, lengths_B = read(network, [[0, 1, 2], [3]]), torch.tensor([3, 1])
    tags_CBT = torch.stack([torch.randint(tags, (2, 3)) for tags in (3, 5)])
    each = [head.nats(features_BTF, tags_BT, lengths_B) for head, tags_BT in zip(network.heads, tags_CBT, strict=True)]
    torch.testing.assert_close(network.nats(features_BTF, tags_CBT, lengths_B), each[0] + each[1])


def test_decoding_is_that_of_the_decoders_of_inference() -> None:
    network = tagger_of(tags=(3, 5), decoder="crf")
    features_BTF, lengths_B = read(network, [[0, 1, 2], [3]]), torch.tensor([3, 1])
    tags_CBT = network.decode(features_BTF, lengths_B)
    for head, decoder, tags_BT in zip(network.heads, network.decoders(), tags_CBT, strict=True):
        decoding = decoder.decode(head.scores(features_BTF).detach().numpy(), lengths_B.numpy())
        np.testing.assert_array_equal(decoding.tags_BT, tags_BT)


# what training drops


def looked_up(network: TaggerNetwork, places: list[list[int]]) -> Tensor:
    """(B, T), the ids whose own vectors the network took."""
    seen: list[Tensor] = []
    hook = network.words.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    read(network, places)
    hook.remove()
    (ids_BT,) = seen
    return ids_BT


def test_words_own_vectors_are_dropped_in_proportion_to_their_rarity() -> None:
    """a / (a + count) with a = 2: of words seen twice a half, of those seen eight times a fifth."""
    network = tagger_of(**{**NOTHING_DROPPED, "word_dropout": 2.0}).train()
    places = [list(range(len(FORMS)))] * 4000
    ids_BT = LEXICON.features(FORMS).words_N
    taken_BT = looked_up(network, places).numpy()
    assert ((taken_BT == ids_BT) | (taken_BT == 0)).all()
    frequencies = LEXICON.frequencies()[ids_BT]
    assert frequencies.tolist() == [6, 2, 3, 4, 6, 6, 7, 8, 9]
    np.testing.assert_allclose((taken_BT == 0).mean(0), 2 / (2 + frequencies), atol=0.03)


def test_every_occurrence_of_a_word_is_dropped_by_itself() -> None:
    network = tagger_of(**{**NOTHING_DROPPED, "word_dropout": 2.0}).train()
    taken_BT = looked_up(network, [[1] * 20])
    assert 0 < (taken_BT == 0).sum() < 20


@pytest.mark.parametrize("word_dropout", [0.0, 2.0])
def test_no_words_own_vector_is_dropped_at_0_or_in_eval_mode(word_dropout: float) -> None:
    network = tagger_of(**{**NOTHING_DROPPED, "word_dropout": word_dropout}).train(word_dropout == 0)
    places = [list(range(len(FORMS)))] * 50
    expected = np.broadcast_to(LEXICON.features(FORMS).words_N, (50, len(FORMS)))
    np.testing.assert_array_equal(looked_up(network, places), expected)


def test_of_an_occurrence_all_that_its_spelling_says_is_dropped_or_nothing() -> None:
    network = tagger_of(**{**NOTHING_DROPPED, "spelling_dropout": 0.3}).train()
    seen: list[Tensor] = []
    network.input_dropout.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    places = [list(range(len(FORMS)))] * 1000
    read(network, places)
    read(network.eval(), places)
    (dropped_BTD, spelling_BTD) = (x_BTD[..., : network.spelling.size] for x_BTD in seen)
    is_dropped_BT = ~dropped_BTD.any(-1)
    torch.testing.assert_close(dropped_BTD[~is_dropped_BT], spelling_BTD[~is_dropped_BT])
    torch.testing.assert_close(is_dropped_BT.double().mean(0), torch.full((9,), 0.3).double(), rtol=0, atol=0.06)
    assert spelling_BTD.any(-1).all()


def test_training_reads_otherwise_each_time_and_eval_mode_never() -> None:
    network = tagger_of(dropout=0.5).train()
    places = sentences_of([4, 2], 0)
    assert not torch.equal(read(network, places), read(network, places))
    network.eval()
    assert torch.equal(read(network, places), read(network, places))


def test_where_nothing_is_dropped_training_reads_as_eval_mode_does() -> None:
    network = tagger_of(**NOTHING_DROPPED)
    places = sentences_of([4, 2], 0)
    torch.testing.assert_close(read(network.train(), places), read(network.eval(), places), rtol=0, atol=0)
