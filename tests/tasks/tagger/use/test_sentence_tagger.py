"""Sentences to tags: each as if it were alone, whatever else is tagged with it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from itertools import count

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charnn.errors import ModelError
from charnn.tasks.tagger.use import sentence_tagger
from charnn.tasks.tagger.use.sentence_tagger import TagOptions

words = st.text("abcxyz", min_size=1, max_size=5)
sentences = st.lists(words, max_size=30)
texts = st.lists(sentences, max_size=12)


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterator[None]:
    """Sizes at which a few sentences are several batches, and a sentence of six words is a long one."""
    with pytest.MonkeyPatch.context() as patch:
        for name, size in {"BATCH_WORDS": 10, "BATCH_SENTENCES": 3, "LONGEST": 5, "MARGIN": 2, "PARTS": 2}.items():
            patch.setattr(sentence_tagger, name, size)
        yield


@pytest.mark.parametrize("options", [{}, {"threads": 3}, {"capacity": 1}, {"capacity": 4, "threads": 2}], ids=str)
@given(calls=st.lists(texts, max_size=4))
@settings(max_examples=50)
def test_every_sentence_is_tagged_as_if_it_were_alone_and_order_is_kept(make_tagger, tags_of, options, calls) -> None:
    tagger = make_tagger(**options)
    waiting = [tagger.begin(text) for text in calls]
    for text, wait in zip(calls, waiting, strict=True):
        assert [[tags.tags for tags in columns] for columns in wait()] == list(map(tags_of, text))
    tagger.close()


@given(text=texts, alternatives=st.integers(0, 6))
@settings(max_examples=50)
def test_probabilities_are_those_of_the_tags_and_alternatives_are_the_best_first(
    make_tagger, scores_of, text, alternatives
) -> None:
    tagger = make_tagger()
    wanted = TagOptions(probabilities=True, alternatives=alternatives)
    for sentence, columns in zip(text, tagger.tag(text, wanted), strict=True):
        for tags, scores, names in zip(columns, scores_of(sentence), tagger.lexicon.tags.values(), strict=True):
            weights = np.exp(np.array(scores).reshape(len(sentence), len(names)))
            probabilities = weights / weights.sum(1, keepdims=True)
            np.testing.assert_allclose(tags.probabilities, probabilities.max(1, initial=0), rtol=1e-5)
            if not alternatives:
                assert tags.alternatives is None
                continue
            for best, row in zip(tags.alternatives, probabilities, strict=True):
                order = sorted(range(len(names)), key=lambda tag: (-row[tag], tag))[:alternatives]
                assert [name for name, _ in best] == [names[tag] for tag in order]
                np.testing.assert_allclose([value for _, value in best], row[order], rtol=1e-5)
    tagger.close()


def test_nothing_is_said_that_was_not_asked_for(make_tagger) -> None:
    ((upos, _),) = make_tagger().tag([["a"]], TagOptions(alternatives=1))
    assert upos.probabilities is None
    (columns, empty) = make_tagger().tag([["a"], []])
    for tags in (*columns, *empty):
        assert tags.probabilities is tags.alternatives is None
    (_, empty) = make_tagger().tag([["a"], []], TagOptions(probabilities=True, alternatives=1))
    assert [(tags.tags, tags.probabilities, tags.alternatives) for tags in empty] == [([], [], [])] * 2


def test_columns_are_those_that_are_wanted_in_that_order(make_tagger, tags_of) -> None:
    tagger, text = make_tagger(), [["ab", "c"], [], ["x"] * 9]
    for columns in (["xpos"], ["xpos", "upos"]):
        places = [tagger.columns.index(column) for column in columns]
        tagged = tagger.tag(text, TagOptions(columns=columns))
        assert [[tags.tags for tags in found] for found in tagged] == [[tags_of(s)[p] for p in places] for s in text]


@given(text=texts)
@settings(max_examples=30)
def test_a_call_of_many_words_with_many_tags_is_tagged_part_by_part(make_tagger, make_network, tags_of, text) -> None:
    network, words = make_network(), 7
    tagger = make_tagger(network, capacity=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sentence_tagger, "MOST_CALLED", words * tagger.tags)
        begun, begin = [], tagger.begin
        patch.setattr(tagger, "begin", lambda part, *others: begun.append(part) or begin(part, *others))
        assert [[tags.tags for tags in columns] for columns in tagger.tag(text)] == list(map(tags_of, text))
    assert [sentence for part in begun for sentence in part] == text
    assert all(len(part) == 1 or sum(map(len, part)) <= words for part in begun)


def test_words_with_many_tags_are_tagged_few_together(make_tagger, monkeypatch) -> None:
    tagger = make_tagger()
    assert tagger.chunk_words(8192) == 8192
    monkeypatch.setattr(sentence_tagger, "MOST_SCORES", 10 * tagger.tags + 1)
    assert tagger.chunk_words(8192) == 10
    assert tagger.chunk_words(8) == 8
    monkeypatch.setattr(sentence_tagger, "MOST_SCORES", 1)
    assert tagger.chunk_words(8192) == 1


@given(length=st.integers(6, 60))
@settings(max_examples=30)
def test_no_more_than_a_part_and_its_margins_is_read_at_once(make_tagger, make_network, length) -> None:
    network = make_network()
    make_tagger(network).tag([["ab"] * length])
    assert max(time for time, _, _ in network.shapes) <= sentence_tagger.LONGEST + 2 * sentence_tagger.MARGIN
    assert max(batch for _, batch, _ in network.shapes) <= sentence_tagger.PARTS


@given(text=texts)
@settings(max_examples=30)
def test_batches_are_no_larger_than_they_may_be(make_tagger, make_network, text) -> None:
    network = make_network()
    short = [sentence[: sentence_tagger.LONGEST] for sentence in text]
    make_tagger(network).tag(short)
    for time_, batch, _ in network.shapes:
        assert batch <= sentence_tagger.BATCH_SENTENCES
        assert time_ * batch <= sentence_tagger.BATCH_WORDS
    assert sum(batch for _, batch, _ in network.shapes) == len(list(filter(None, short)))


def test_a_context_wider_than_the_margin_would_be_noticed(make_tagger, tags_of, monkeypatch) -> None:
    """Without this the tests of long sentences would mean nothing."""
    monkeypatch.setattr(sentence_tagger, "MARGIN", 1)
    sentence = [chr(ord("a") + n * n % 26) for n in range(40)]
    ((upos, _),) = make_tagger().tag([sentence])
    assert upos.tags != tags_of(sentence)[0]


def test_scores_that_are_not_finite_are_an_error_of_the_model(make_tagger, make_network) -> None:
    network = make_network()
    network.vectors = lambda features: np.full((len(features.words_N), 2), np.nan, np.float32)
    network.scores = lambda vectors_TBD, lengths_B: [np.full((*vectors_TBD.shape[:2], 4), np.nan, np.float32)] * 2
    with pytest.raises(ModelError, match="not finite"):
        make_tagger(network).tag([["a"]])
    with pytest.raises(ModelError, match="not finite"):
        make_tagger(network).tag([["a"] * 50])


def test_closing_drops_what_has_not_begun(make_tagger, make_network) -> None:
    network, held = make_network(), threading.Event()
    read = network.scores
    network.scores = lambda *arguments: held.wait(10) and read(*arguments)
    tagger = make_tagger(network)
    for _ in range(20):
        tagger.begin([["a"] * 5])
    closing = threading.Thread(target=tagger.close)
    closing.start()
    waits = (tagger.begin([["a"]]) for _ in count())
    with pytest.raises(RuntimeError, match="after shutdown"):
        deque(waits, maxlen=0)
    held.set()
    closing.join(10)
    assert len(network.shapes) == 1
