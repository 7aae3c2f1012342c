"""A tagger that starts from another one: what both know keeps its weights, whatever its number is now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import numpy as np
import pytest
import torch

from charnn.tasks.tagger.config import DecoderKind, TaggerNetworkConfig
from charnn.tasks.tagger.learn.network import TaggerNetwork
from charnn.tasks.tagger.learn.transfer import InitialWeights
from charnn.tasks.tagger.lexicon import FIRST_CHARACTER, Lexicon

THEIRS = Lexicon.of(["b", "b", "a", "a", "d", "d", "c"], {"xpos": ["N", "V"], "upos": ["ADJ", "NOUN", "VERB"]})
OURS = Lexicon.of(["e", "e", "d", "d", "a", "a", "b", "b", "b"], {"upos": ["ADV", "NOUN", "VERB", "X"], "feats": ["_"]})


def network_of(lexicon: Lexicon, decoder: DecoderKind, *, seed: int) -> TaggerNetwork:
    torch.manual_seed(seed)
    config = TaggerNetworkConfig(
        lexicon.word_ids, lexicon.character_ids, tuple(map(len, lexicon.tags.values())), hidden_size=4, decoder=decoder
    )
    network = TaggerNetwork(config, torch.ones(config.words))
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter)
    return network


def arrays_of(network: TaggerNetwork) -> Mapping[str, Any]:
    return {name: tensor.numpy().copy() for name, tensor in network.state_dict().items()}


@pytest.mark.parametrize("decoder", get_args(DecoderKind))
def test_rows_are_copied_by_what_they_stand_for_and_all_else_as_it_is(decoder: DecoderKind) -> None:
    theirs, network = arrays_of(network_of(THEIRS, decoder, seed=1)), network_of(OURS, decoder, seed=2)
    before = arrays_of(network)
    InitialWeights("theirs", theirs, THEIRS, decoder).copy_into(network, OURS)
    after = arrays_of(network)

    to, source = OURS.words_with_vectors, THEIRS.words_with_vectors
    for word in to:
        expected = theirs["words.weight"][1 + source.index(word)] if word in source else None
        row = 1 + to.index(word)
        np.testing.assert_array_equal(
            after["words.weight"][row], before["words.weight"][row] if expected is None else expected
        )
    np.testing.assert_array_equal(after["words.weight"][0], theirs["words.weight"][0])
    name = "spelling.characters.weight"
    for character in OURS.characters:
        row = FIRST_CHARACTER + OURS.characters.index(character)
        known = character in THEIRS.characters
        place = FIRST_CHARACTER + THEIRS.characters.index(character) if known else row
        np.testing.assert_array_equal(after[name][row], (theirs if known else before)[name][place])
    np.testing.assert_array_equal(after[name][:FIRST_CHARACTER], theirs[name][:FIRST_CHARACTER])
    for name in after:
        if not name.startswith(("words.", "heads.", "spelling.characters.")):
            np.testing.assert_array_equal(after[name], theirs[name])


@pytest.mark.parametrize(
    ("decoder", "of_tags"),
    [
        ("independent", ["scores_layer.weight", "scores_layer.bias"]),
        ("crf", ["scores_layer.weight", "start", "end"]),
        ("feedback", ["output.weight", "output.bias", "tag_vectors.weight"]),
    ],
)
def test_the_tags_of_a_column_are_found_by_the_names_of_both(decoder: DecoderKind, of_tags: list[str]) -> None:
    """The column upos is the second there and the first here; NOUN and VERB are 1 and 2 in both, X and ADV are new."""
    theirs, network = arrays_of(network_of(THEIRS, decoder, seed=1)), network_of(OURS, decoder, seed=2)
    before = arrays_of(network)
    InitialWeights("theirs", theirs, THEIRS, decoder).copy_into(network, OURS)
    after = arrays_of(network)
    assert OURS.tags["upos"] == ("ADV", "NOUN", "VERB", "X")
    for part in of_tags:
        np.testing.assert_array_equal(after[f"heads.0.{part}"][[1, 2]], theirs[f"heads.1.{part}"][[1, 2]])
        np.testing.assert_array_equal(after[f"heads.0.{part}"][[0, 3]], before[f"heads.0.{part}"][[0, 3]])
        np.testing.assert_array_equal(after[f"heads.1.{part}"], before[f"heads.1.{part}"])
    if decoder == "crf":
        between = [1, 2]
        ours, source = after["heads.0.transitions"], theirs["heads.1.transitions"]
        np.testing.assert_array_equal(ours[np.ix_(between, between)], source[np.ix_(between, between)])
        np.testing.assert_array_equal(ours[0], before["heads.0.transitions"][0])
    if decoder == "feedback":
        np.testing.assert_array_equal(after["heads.0.tag_vectors.weight"][4], theirs["heads.1.tag_vectors.weight"][3])
        np.testing.assert_array_equal(after["heads.0.scores_layer.weight"], theirs["heads.1.scores_layer.weight"])


def test_a_crf_takes_the_scores_of_an_independent_head_and_a_feedback_head_takes_none() -> None:
    theirs = arrays_of(network_of(THEIRS, "independent", seed=1))
    crf, feedback = network_of(OURS, "crf", seed=2), network_of(OURS, "feedback", seed=2)
    before = arrays_of(feedback)
    for network in crf, feedback:
        InitialWeights("theirs", theirs, THEIRS, "independent").copy_into(network, OURS)
    name = "scores_layer.weight"
    np.testing.assert_array_equal(arrays_of(crf)[f"heads.0.{name}"][1:3], theirs[f"heads.1.{name}"][1:3])
    np.testing.assert_array_equal(arrays_of(feedback)[f"heads.0.{name}"], before[f"heads.0.{name}"])


def test_what_is_known_is_counted() -> None:
    found = InitialWeights("small", {}, THEIRS, "crf").found_in(OURS)
    assert found == "small, which knows 3 of 4 words, 3 of 4 characters, 2 of 4 upos, 0 of 1 feats"
