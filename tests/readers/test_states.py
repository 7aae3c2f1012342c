"""What a reader says of words is what its language model's own network has read there, in every batch and window."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from charnn.cells import CELLS
from charnn.errors import UsageError
from charnn.readers import states
from charnn.readers.reader import DIRECTIONS, Direction, Reader, ReaderConfig, in_order, weight_names
from charnn.readers.states import LONGEST_WORD, SentenceStates
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.tokenizers.base import STOP_ID
from charnn.tokenizers.characters import CharacterTokenizer

ATOL = 1e-5
CHARACTERS = CharacterTokenizer("".join(sorted("\n .abcdeé東")))
SENTENCES = [["a", "bad", "cab", "."], ["é"], ["decade", "東", "zzz", "a", "a", "a", "a"]]
Floats = npt.NDArray[np.float32]


def network_of(**options: Any) -> LanguageModelNetwork:
    torch.manual_seed(1)
    sizes = {"cell": "lstm", "layers": 1, "hidden_size": 6, "embedding_size": 5, **options}
    network = LanguageModelNetwork(LanguageModelNetworkConfig(CHARACTERS.size, **sizes))
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return network.eval()


def reader_of(
    network: LanguageModelNetwork, direction: Direction = "forwards", *, opens_with_stop: bool = True
) -> Reader:
    config = network.config
    weights = {f"{weight_names(direction)}{name}": tensor.numpy() for name, tensor in network.state_dict().items()}
    return Reader(
        ReaderConfig(
            "lm", direction, config.vocabulary_size, config.cell, config.layers, config.hidden_size,
            config.embedding_size, config.residual, config.recurrent_depth, opens_with_stop, 100, 2.0,
        ),
        CHARACTERS,
        weights,
    )  # fmt: skip


@torch.inference_mode()
def expected(
    network: LanguageModelNetwork, words: list[str], direction: Direction = "forwards", *, joint: str = " ",
    opening: int = STOP_ID,
) -> Floats:  # fmt: skip
    """The outputs of the network at the words' boundaries, (T, H): the text is read one prefix at a time."""
    found = []
    for number in range(len(words)):
        text = joint.join(words[: number + 1]) if direction == "forwards" else joint.join(words[number:])[::-1]
        ids = torch.tensor([[opening, *CHARACTERS.encode(text)]])
        y_BTH, _ = network.read(ids, network.initial_state(1))
        found.append(y_BTH[0, -1].numpy())
    return np.stack(found)


def assert_agree(states_TBR: Floats, sentences: list[list[str]], expected: list[Floats]) -> None:
    for row, (words, expected_TH) in enumerate(zip(sentences, expected, strict=True)):
        np.testing.assert_allclose(states_TBR[: len(words), row], expected_TH, rtol=0, atol=ATOL)
        assert not states_TBR[len(words) :, row].any()


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("cell", CELLS)
def test_a_words_state_is_that_of_the_language_model_at_its_boundary(cell: str, direction: Direction) -> None:
    network = network_of(cell=cell)
    found = SentenceStates.made_from([reader_of(network, direction)], spaced=True).of(SENTENCES)
    assert_agree(found, SENTENCES, [expected(network, words, direction) for words in SENTENCES])


@pytest.mark.parametrize("options", [{"layers": 2}, {"layers": 3, "residual": True}, {"recurrent_depth": 2}], ids=str)
def test_the_last_of_several_layers_speaks(options: dict[str, Any]) -> None:
    network = network_of(**options)
    found = SentenceStates.made_from([reader_of(network)], spaced=True).of(SENTENCES)
    assert_agree(found, SENTENCES, [expected(network, words) for words in SENTENCES])


def test_several_readers_lie_side_by_side() -> None:
    ahead, back = network_of(), network_of(hidden_size=4, cell="gru")
    both = SentenceStates.made_from([reader_of(ahead), reader_of(back, "backwards")], spaced=True)
    assert both.size == 10
    found = both.of(SENTENCES)
    assert_agree(found[..., :6], SENTENCES, [expected(ahead, words) for words in SENTENCES])
    assert_agree(found[..., 6:], SENTENCES, [expected(back, words, "backwards") for words in SENTENCES])


@settings(max_examples=30)
@given(st.lists(st.lists(st.text("abé.x", min_size=0, max_size=9), min_size=1, max_size=6), min_size=1, max_size=4))
def test_neither_other_sentences_nor_the_length_of_windows_change_a_state(sentences: list[list[str]]) -> None:
    found = BOTH.of(sentences)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(states, "WINDOW", 3)
        for row, words in enumerate(sentences):
            alone = BOTH.of([words])
            np.testing.assert_allclose(found[: len(words), row], alone[:, 0], rtol=0, atol=ATOL)


BOTH = SentenceStates.made_from(
    [reader_of(network_of(layers=2)), reader_of(network_of(cell="gru"), "backwards")], spaced=True
)


def test_no_space_stands_between_words_where_none_belongs() -> None:
    network = network_of()
    found = SentenceStates.made_from([reader_of(network)], spaced=False).of(SENTENCES)
    assert_agree(found, SENTENCES, [expected(network, words, joint="") for words in SENTENCES])


def test_a_reader_that_knows_no_space_reads_none() -> None:
    network = network_of()
    reader = reader_of(network)
    letters = CharacterTokenizer("".join(sorted("\n_.abcdeé東")))
    assert letters.size == CHARACTERS.size
    spaceless = Reader(reader.config, letters, reader.weights)
    found = [SentenceStates.made_from([spaceless], spaced=spaced).of([["a", "bad"]]) for spaced in (True, False)]
    np.testing.assert_array_equal(*found)


def test_a_model_of_one_document_reads_a_line_end_first() -> None:
    network = network_of()
    reader = reader_of(network, opens_with_stop=False)
    (line_end,) = CHARACTERS.encode("\n").tolist()
    found = SentenceStates.made_from([reader], spaced=True).of(SENTENCES)
    assert_agree(found, SENTENCES, [expected(network, words, opening=line_end) for words in SENTENCES])


def test_of_a_long_word_the_beginning_and_the_end_are_read() -> None:
    network = network_of()
    half = LONGEST_WORD // 2
    word, read = "a" * half + "b" * 100 + "c" * half, "a" * half + "c" * half
    found = SentenceStates.made_from([reader_of(network)], spaced=True).of([[word, "d"], [read, "d"]])
    np.testing.assert_allclose(found[:, 0], found[:, 1], rtol=0, atol=ATOL)


def test_int8_is_close_to_fp32() -> None:
    reader = reader_of(network_of(hidden_size=32))
    plain, fast = (
        SentenceStates.made_from([reader], spaced=True, quantized=quantized).of(SENTENCES)
        for quantized in (False, True)
    )
    assert 0 < np.abs(plain - fast).max() < 0.1


def test_a_cell_without_an_int8_operator_stays_in_fp32() -> None:
    reader = reader_of(network_of(cell="gru"))
    plain, fast = (
        SentenceStates.made_from([reader], spaced=True, quantized=quantized).of(SENTENCES)
        for quantized in (False, True)
    )
    np.testing.assert_array_equal(plain, fast)


def test_the_one_that_reads_forwards_comes_first_and_two_of_one_direction_are_refused() -> None:
    ahead, back = reader_of(network_of()), reader_of(network_of(), "backwards")
    assert in_order([back, ahead]) == (ahead, back)
    assert in_order([back]) == (back,)
    assert in_order([]) == ()
    with pytest.raises(UsageError, match="both read backwards"):
        in_order([back, ahead, reader_of(network_of(), "backwards")])
