"""A language model of labelled texts learns what each label's texts are like, however it ends them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from charnn.api import SilentObserver
from charnn.tasks.language_model.config import CorpusConfig, Label, Stopping
from charnn.tasks.language_model.corpus import Corpus
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.learn.session import LanguageModelSession
from charnn.tasks.language_model.learn.transfer import InitialWeights
from charnn.tasks.language_model.use.labels import posterior
from charnn.tasks.language_model.use.model import LanguageModel

SPELLINGS = {"first": "abab", "second": "cdcd", "third": "abcd"}


def labelled_corpus(labels: list[str], documents: int = 240) -> Corpus:
    """The line of each label, over and over in a random order."""
    random = np.random.default_rng(0)
    drawn = [labels[number] for number in random.integers(len(labels), size=documents + 20)]
    texts = [f"{SPELLINGS[label]}\n" for label in drawn]
    counts = tuple(Label(label, drawn[:documents].count(label)) for label in labels)
    config = CorpusConfig(
        sources=(),
        document="line",
        documents=len(texts),
        training_characters=5 * documents,
        validation_characters=100,
        labels=counts,
    )
    return Corpus(texts[:documents], texts[documents:], config, drawn[:documents], drawn[documents:])


@pytest.mark.parametrize("stopping", ["symbol", "halt", "length"])
def test_texts_are_written_scored_and_told_apart_by_their_labels(
    start: Callable[..., LanguageModelSession], stopping: Stopping
) -> None:
    session = start(
        labelled_corpus([*SPELLINGS]), steps=180, stopping=stopping, hidden_size=24, batch_size=8, window_length=20,
        learning_rate=0.04, dropout=0.0,
    )  # fmt: skip
    session.run(SilentObserver())
    assert session.config.scores is not None
    assert session.config.scores.nats_per_character < 0.05, "the label tells the line"
    model = LanguageModel.load(session.directory.path)
    assert model.labels == [*SPELLINGS]
    for label, text in SPELLINGS.items():
        assert "".join(model.sample(label=label, temperature=0.3, seed=1)) == f"{text}\n"
        (score,) = model.score([f"{text}\n"], label=label)
        assert score.nats < 0.3
    scores = list(model.score([*(f"{text}\n" for text in SPELLINGS.values()), ""]))
    prior_K = np.array(model.config.corpus.label_probabilities)
    for number, score in enumerate(scores[:-1]):
        assert score.label_nats_K is not None
        assert posterior(score.label_nats_K, prior_K).argmax() == number
        assert model.likeliest_label(score) == model.labels[number]
        assert score.nats == pytest.approx(-np.log((prior_K * np.exp(-score.label_nats_K)).sum()), rel=1e-4)
    assert scores[-1].nats == 0
    half = "".join(model.sample(label={"first": 1, "second": 1}, temperature=0.3, seed=1))
    assert half in {f"{text}\n" for text in SPELLINGS.values()}


def test_a_run_from_another_model_takes_the_vectors_of_the_labels_that_both_have(
    start: Callable[..., LanguageModelSession],
) -> None:
    first = start(labelled_corpus(["first", "second"]), "old", steps=3, hidden_size=8, batch_size=4, window_length=8)
    first.run(SilentObserver())
    old = LanguageModelDirectory(first.directory.path)
    session = start(labelled_corpus(["third", "second"]), "new", steps=3, batch_size=4, window_length=8, source=old)
    vectors = session.network.get_parameter("label.weight").detach().numpy()
    np.testing.assert_array_equal(vectors[1], old.weights()["label.weight"][1])
    np.testing.assert_array_equal(vectors[0], 0)


def test_weights_without_labels_start_a_model_with_labels(start: Callable[..., LanguageModelSession]) -> None:
    corpus = labelled_corpus(["first", "second"])
    plain = Corpus(corpus.training, corpus.validation, CorpusConfig(
        sources=(), document="line", documents=260, training_characters=1200, validation_characters=100,
    ))  # fmt: skip
    first = start(plain, "old", steps=3, hidden_size=8, batch_size=4, window_length=8)
    first.run(SilentObserver())
    old = LanguageModelDirectory(first.directory.path)
    session = start(corpus, "new", steps=3, batch_size=4, window_length=8, source=old)
    np.testing.assert_array_equal(
        session.network.get_parameter("recurrent.layers.0.weight_hh_l0").detach().numpy(),
        old.weights()["recurrent.layers.0.weight_hh_l0"],
    )
    back = InitialWeights(
        {name: tensor.detach().numpy() for name, tensor in session.network.state_dict().items()},
        session.tokenizer.symbols(), labels=["first", "second"],
    )  # fmt: skip
    again = start(plain, "again", steps=3, hidden_size=8, embedding_size=8, batch_size=4, window_length=8)
    assert back.copy_into(again.network, again.tokenizer.symbols()) == []
