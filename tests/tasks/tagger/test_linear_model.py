"""A linear model adds up what words look like, from wherever they stand, and is what its file says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.tasks.tagger.lexicon import normalized
from charnn.tasks.tagger.linear_model import DISTANCES, EDGE, LinearModel, appearance, appearances, hashes_of_words

WORDS = ["the", "The", "cats", "1,999", "co-op", "ß"]
TAGS = (3, 2)
POWERS = [[[0.5, 0.25], [2, 1.5]], [[0.125, 1], [3, 0.75]]]
"""Those of the network and of the linear model in both columns, each for known words and for unknown ones."""
SENTENCES = st.lists(st.lists(st.sampled_from([*WORDS, "never seen"]), min_size=1, max_size=6), min_size=1, max_size=4)


def some_model(words: list[str] = WORDS, *, seed: int = 0) -> LinearModel:
    random = np.random.default_rng(seed)
    hashes_F = np.unique(appearances([EDGE, *words])[0])
    weights_FK = random.normal(size=(len(hashes_F), sum(TAGS))).astype(np.float16)
    bias_K = random.normal(size=sum(TAGS)).astype(np.float32)
    return LinearModel(hashes_F, weights_FK, bias_K, np.array(POWERS, np.float32), TAGS)


def knows(word: str) -> bool:
    """As words are known to a model that has learned some of those whose looks it knows."""
    return word in WORDS[:3]


def by_hand(model: LinearModel, words: list[str], place: int) -> np.ndarray:
    """The scores of a word, (K,): the bias and the weights of every known feature."""
    weights = dict(zip(model.hashes_F.tolist(), model.weights_FK.astype(np.float64), strict=True))
    total = model.bias_K.astype(np.float64)
    for number, distance in enumerate(DISTANCES):
        at = place + distance
        word = words[at] if 0 <= at < len(words) else EDGE
        total = total + sum((weights[one] for one in appearance(word)[number] if one in weights), np.zeros(sum(TAGS)))
    return total


def added(model: LinearModel, sentences: list[list[str]], scores: list[np.ndarray]) -> list[np.ndarray]:
    """The scores of each column with those of the model added, (T, B, its tags), as a tagger has it add them."""
    words = list(dict.fromkeys(word for sentence in sentences for word in sentence))
    additions = model.additions([EDGE, *words], knows)
    rows_TB = np.zeros((max(map(len, sentences)), len(sentences)), np.intp)
    for column, sentence in enumerate(sentences):
        rows_TB[: len(sentence), column] = [1 + words.index(word) for word in sentence]
    return model.add_to(scores, additions, rows_TB)


@given(SENTENCES)
def test_scores_are_those_of_the_network_and_the_weights_of_what_is_seen_times_powers_of_known_or_unknown_words(
    sentences: list[list[str]],
) -> None:
    model, random = some_model(), np.random.default_rng(1)
    shape = max(map(len, sentences)), len(sentences)
    scores = [random.normal(size=(*shape, tags)).astype(np.float32) for tags in TAGS]
    found = added(model, sentences, scores)
    for row, words in enumerate(sentences):
        for place in range(len(words)):
            own = np.split(by_hand(model, words, place), [TAGS[0]])
            for column in range(2):
                by_network, by_itself = (of_expert[column][not knows(words[place])] for of_expert in POWERS)
                expected = by_itself * own[column] + by_network * scores[column][place, row]
                np.testing.assert_allclose(found[column][place, row], expected, rtol=1e-3, atol=1e-3)


@given(SENTENCES)
def test_what_words_add_is_the_same_to_the_bit_whether_it_is_kept_or_not(sentences: list[list[str]]) -> None:
    model, random = some_model(), np.random.default_rng(1)
    shape = max(map(len, sentences)), len(sentences)
    scores = [random.normal(size=(*shape, tags)).astype(np.float32) for tags in TAGS]
    for kept, found in zip(added(model, sentences, scores), model.add_to_words(scores, sentences, knows), strict=True):
        np.testing.assert_array_equal(kept, found)


def test_a_word_looks_the_same_in_every_process_and_another_way_from_each_distance() -> None:
    seen = appearance("Abc-1")
    assert [len(set(one)) for one in seen] == [2, 4, 17, 4, 2]
    every = [one for each in seen for one in each]
    assert every == sorted(set(every))
    assert seen[0] == [205248738, 467622994]


def test_the_hash_of_a_word_is_one_of_what_it_looks_like_from_each_distance() -> None:
    hashes_DV = hashes_of_words([normalized(word) for word in WORDS])
    for number, hashes_V in enumerate(hashes_DV.tolist()):
        assert len(set(hashes_V)) == len(WORDS) - 1, "The is the same as the"
        assert all(own in appearance(word)[number] for own, word in zip(hashes_V, WORDS, strict=True))


def test_words_of_several_parts_look_like_those_that_begin_or_end_with_the_same_part() -> None:
    def alike(one: str, other: str) -> int:
        return len(set(appearance(one)[2]) & set(appearance(other)[2]))

    assert alike("xin chào", "xin lỗi") == alike("xin chào", "xim lỗi") + 2 + 1, "beginnings of 3 and 4, and the part"
    assert alike("un-known", "well-known") == alike("unnknown", "wellknown") + 1, "the part"
    assert alike("...", "!!!") == 1, "the length, for there are no parts"


def test_features_that_are_not_known_add_nothing() -> None:
    model = some_model(["cats"])
    added = model.additions(["ΩΩΩ ΩΩΩ ΩΩΩ", "cats"], knows)
    assert not added[0, :-1].any()
    assert added[1, :-1].all()
    assert added[:, -1].tolist() == [1, 0], "the kinds of the two words"


def test_a_word_of_a_million_characters_is_read_at_once() -> None:
    assert np.isfinite(some_model().additions(["x" * 1_000_000], knows)).all()


def test_arrays_make_the_same_model_again() -> None:
    model = some_model()
    again = LinearModel.from_arrays(model.arrays(), TAGS)
    np.testing.assert_array_equal(again.additions(WORDS, knows), model.additions(WORDS, knows))
    np.testing.assert_array_equal(again.powers_MCW, model.powers_MCW)


def test_arrays_of_early_versions_multiply_the_scores_of_the_network_alone_for_all_words_alike() -> None:
    model, powers = some_model(), np.array([0.4, 0.7], np.float32)
    early = LinearModel.from_arrays(model.arrays() | {"powers": powers}, TAGS)
    random = np.random.default_rng(1)
    scores = [random.normal(size=(len(WORDS), 1, tags)).astype(np.float32) for tags in TAGS]
    total_TBK = early.total(early.additions([EDGE, *WORDS], knows), np.arange(1, len(WORDS) + 1)[:, np.newaxis])
    for found, own, power, by_network in zip(
        added(early, [WORDS], scores), np.split(total_TBK, [TAGS[0]], axis=2), powers, scores, strict=True
    ):
        np.testing.assert_array_equal(found, own + power * by_network)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda arrays: arrays | {"hashes": arrays["hashes"][::-1].copy()},
        lambda arrays: arrays | {"hashes": arrays["hashes"][1:]},
        lambda arrays: arrays | {"weights": arrays["weights"][:, 1:]},
        lambda arrays: arrays | {"weights": arrays["weights"].astype(np.float32)},
        lambda arrays: arrays | {"weights": np.full_like(arrays["weights"], np.nan)},
        lambda arrays: arrays | {"bias": arrays["bias"][1:]},
        lambda arrays: arrays | {"powers": np.full_like(arrays["powers"], np.inf)},
        lambda arrays: arrays | {"powers": arrays["powers"][:1]},
        lambda arrays: arrays | {"powers": arrays["powers"][:, :, :1]},
        lambda arrays: arrays | {"powers": arrays["powers"].astype(np.float64)},
        lambda arrays: arrays | {"powers": np.array([np.inf, 1], np.float32)},
        lambda arrays: arrays | {"powers": np.ones(3, np.float32)},
        lambda arrays: arrays | {"powers": np.ones(2)},
        lambda arrays: arrays | {"hashes": np.uint32(1)},
        lambda arrays: arrays | {"more": arrays["bias"]},
        lambda arrays: {name: array for name, array in arrays.items() if name != "bias"},
    ],
)
def test_other_arrays_are_refused(spoil) -> None:
    with pytest.raises(ValueError, match="linear model"):
        LinearModel.from_arrays(spoil(some_model().arrays()), TAGS)
