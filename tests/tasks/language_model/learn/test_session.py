"""Runs from a text to a model: it learns, it can be used, and no text is too small."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from charnn.config.training import Budget
from charnn.errors import CharnnWarning, CorpusError
from charnn.generation.config import SamplingConfig
from charnn.generation.generator import generate
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.use.reading import score_carried
from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel
from charnn.tokenizers.base import STOP_ID
from charnn.training.report import Report

LINE = "to be or not to be, that is the question"
TINY: dict[str, Any] = {"layers": 1, "hidden_size": 16, "embedding_size": 8, "dropout": 0.0, "learning_rate": 0.03}


def greedy(directory: LanguageModelDirectory, prompt: str = "", length: int = 60) -> tuple[str, str | None]:
    """The likeliest text after `prompt`, as inference makes it, and why it ended."""
    model, sampling = RuntimeLanguageModel(directory.graph()), SamplingConfig(temperature=0.0, length=length)
    generation = generate(model, directory.tokenizer(), prompt, sampling, np.random.default_rng(0))
    return "".join(generation), generation.reason


# Learning.


def test_a_tiny_model_memorises_a_line_and_says_it_again(start, corpus_of, silent) -> None:
    """The prompt is long enough to tell the first "to be" from the second."""
    text = f"{LINE}\n" * 4
    session = start(corpus_of(text, valid=text, document="line"), steps=130, batch_size=4, **TINY)
    assert session.run(silent) == "budget"
    assert session.config.scores.bits_per_character < 0.3
    assert greedy(session.directory, "to be or n") == (LINE.removeprefix("to be or n") + "\n", "stop")


def test_documents_are_learnt_with_their_ends(start, corpus_of, silent) -> None:
    documents = "once there was\nyes\n"
    corpus = corpus_of(documents, valid=documents, document="line")
    session = start(corpus, steps=150, batch_size=1, window_length=30, **TINY)
    session.run(silent)
    assert greedy(session.directory, "o") == ("nce there was\n", "stop")
    assert greedy(session.directory, "y") == ("es\n", "stop")


@pytest.mark.parametrize("tokenizer", ["bytes", "unigram", "bpe"])
def test_other_tokenizers_learn_too(start, corpus_of, silent, tokenizer: Any) -> None:
    text = (LINE + "\n") * 6
    corpus = corpus_of(text, valid=text)
    session = start(corpus, steps=190, tokenizer=tokenizer, vocabulary_size=280, batch_size=6, window_length=50, **TINY)
    session.run(silent)
    assert session.config.scores.bits_per_character < 1
    assert greedy(session.directory, "to be or not", length=6)[0] == " to be"


# What a run leaves.


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_the_recorded_score_is_that_of_the_graph_that_inference_runs(start, corpus_of, silent, cell: str) -> None:
    corpus = corpus_of(LINE * 10)
    session = start(corpus, steps=20, cell=cell, **TINY)
    session.run(silent)
    ids = [session.tokenizer.encode(document) for document in corpus.validation]
    score = score_carried(RuntimeLanguageModel(session.directory.graph()), ids, len(LINE), stop_id=STOP_ID)
    assert session.config.scores.nats_per_character == pytest.approx(score.nats_per_character, rel=1e-4)


def test_the_best_weights_are_kept_and_not_the_last(start, corpus_of, silent) -> None:
    """A text whose end is unlike the rest: the model gets worse at it."""
    session = start(corpus_of("ab" * 200 + "ba" * 20 + "aabb" * 5), steps=120, seed=3, **TINY)
    session.run(silent)
    entries = session.directory.history()
    best = min(entries, key=lambda entry: entry["nats_per_character"])
    assert best["step"] < 120
    assert session.config.scores.step == best["step"]
    assert session.config.scores.nats_per_character == best["nats_per_character"]


def test_the_description_says_what_is_about_to_be_done(start, corpus_of) -> None:
    text = "\n".join(start(corpus_of(LINE * 10), steps=1234, **TINY).description())
    for words in ("360 characters to train on", "40 to validate", "1 x 16 lstm", "1,234 steps", "fp32 on cpu"):
        assert words in text
    assert "resumed" not in text


# The vocabulary.


def test_symbols_of_the_held_out_end_are_known(start, corpus_of) -> None:
    session = start(corpus_of("a" * 99 + "z"), **TINY)
    assert session.tokenizer.unknown_characters("az") == ()


def test_symbols_of_a_validation_text_of_its_own_are_not(start, corpus_of, silent) -> None:
    with pytest.warns(CharnnWarning, match="1 character that the training text lacks \\('z'\\)"):
        session = start(corpus_of("ab" * 50, valid="abz"), steps=2, **TINY)
    assert session.tokenizer.unknown_characters("abz") == ("z",)
    assert session.run(silent) == "budget"


# The runs of characters.


@pytest.mark.parametrize("tokenizer", ["characters", "bytes", "bpe"])
def test_a_model_keeps_the_runs_of_the_text_with_its_held_out_end(start, corpus_of, silent, tokenizer: Any) -> None:
    session = start(corpus_of("ab--c──\n\n" * 30 + "c----"), steps=2, tokenizer=tokenizer, vocabulary_size=280, **TINY)
    session.run(silent)
    assert session.directory.runs() == {"-": (4, 4), "─": (2, 2), "\n": (2, 2)}


def test_the_runs_of_a_validation_text_of_its_own_are_not_among_them(start, corpus_of, silent) -> None:
    session = start(corpus_of("aab" * 50, valid="aaabb"), steps=2, **TINY)
    session.run(silent)
    assert session.directory.runs() == {"a": (2, 2)}


def test_no_run_goes_on_from_one_document_into_the_next(start, corpus_of, silent) -> None:
    session = start(corpus_of("aa\n" * 50, document="line"), steps=2, **TINY)
    session.run(silent)
    assert session.directory.runs() == {"a": (2, 2)}


# Tiny texts, with every size chosen by charnn.


@pytest.mark.parametrize(("text", "found"), [("", "empty"), ("a", "1 character")])
def test_nothing_can_be_learnt_from_next_to_nothing(corpus_of, text: str, found: str) -> None:
    with pytest.raises(CorpusError, match=found):
        corpus_of(text)


@pytest.mark.parametrize("document", ["file", "line", "paragraph"])
@pytest.mark.parametrize("text", ["ab", "a\n", LINE, "a\nb\n\nc\n", LINE * 5], ids=len)
def test_a_tiny_text_makes_a_model(start, corpus_of, silent, text: str, document: str) -> None:
    session = start(corpus_of(text, document=document), steps=3)
    assert session.run(silent) == "budget"
    scores = session.directory.config().scores
    assert scores is not None
    assert 0 < scores.nats_per_character < 20
    generated, reason = greedy(session.directory, length=7)
    assert len(generated) == 7 or reason == "stop"


@pytest.mark.parametrize("tokenizer", ["bytes", "characters"])
def test_the_validation_of_a_tiny_text_may_be_a_single_symbol(start, corpus_of, silent, tokenizer: str) -> None:
    session = start(corpus_of("\u00e9\u00e8"), steps=2, tokenizer=tokenizer)
    assert session.run(silent) == "budget"
    assert session.config.corpus.validation_characters == 1


# What a run says of itself.


def test_a_text_learned_by_heart_is_said_to_be_overfitted(start, corpus_of, silent) -> None:
    session = start(corpus_of("ab" * 200, valid="ba" * 50 + "abba" * 50), steps=120, ngram_order=0, **TINY)
    session.run(silent)
    assert "on its own data" in session.verdict
    assert session.verdict.startswith("it overfits")


def test_the_train_loss_is_that_of_the_training_text(start, corpus_of, silent) -> None:
    """Held-out text that is like it costs as much; other text costs more."""
    alike, other = (
        start(corpus_of("abab" * 100, valid=valid), name, steps=100, **TINY)
        for name, valid in (("alike", "abab" * 100), ("other", "aabb" * 100))
    )
    alike.run(silent)
    other.run(silent)
    assert alike.loop.train_loss() == pytest.approx(alike.config.scores.nats_per_character, abs=0.01)
    assert other.loop.train_loss() < other.config.scores.nats_per_character / 2


def test_a_run_under_a_time_measures_the_machine_and_takes_that_from_its_time(start, corpus_of, silent) -> None:
    session = start(corpus_of(LINE * 50), steps=None, budget=Budget(seconds=1.5), batch_size=4)
    assert 0 < session.loop.progress.seconds < 1.5
    session.run(silent)
    assert session.config.record.seconds == pytest.approx(1.5, abs=1.0)


def test_a_run_of_so_many_steps_measures_nothing(start, corpus_of) -> None:
    assert start(corpus_of(LINE * 50), steps=2, ngram_order=0).loop.progress.seconds == 0


# What there is to look at meanwhile.


def test_a_preview_is_a_sample_of_the_network_as_it_is_at_a_validation(start, corpus_of, silent) -> None:
    shown: list[tuple[int, str]] = []

    class Looking(type(silent)):  # type: ignore[misc]
        def validation(self, report: Report, validation: object, *, best: bool) -> None:
            shown.append((report.step, session.preview(report)))
            assert session.preview(report) == shown[-1][1], "the same step shows the same sample"

    session = start(corpus_of("ab" * 200, valid="ab" * 20), steps=100, **TINY)
    session.run(Looking())
    assert shown[-1][0] == 100
    assert "abababab" in shown[-1][1]
    assert len(shown[-1][1]) <= 240
    assert "temperature 0.7" in session.preview_title


def test_a_preview_changes_nothing(start, corpus_of, silent) -> None:
    """It draws random numbers of its own."""

    class Looking(type(silent)):  # type: ignore[misc]
        def validation(self, report: Report, validation: object, *, best: bool) -> None:
            session.preview(report)

    sizes = {**TINY, "dropout": 0.3}
    session = start(corpus_of(LINE * 10), "shown", steps=20, **sizes)
    session.run(Looking())
    other = start(corpus_of(LINE * 10), "other", steps=20, **sizes)
    other.run(silent)
    ours, theirs = session.directory.weights(), other.directory.weights()
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)
