"""N-grams beside a language model of whose text nothing, or next to nothing, is held out: powers are the usual ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charnn
from charnn.tasks.language_model.description import describe
from charnn.tasks.language_model.directory import NGRAMS, LanguageModelDirectory
from charnn.tasks.language_model.learn.ngrams import ORDER
from charnn.tasks.language_model.learn.session import LanguageModelSession
from charnn.tasks.language_model.learn.usual import WITH_LABELS, WITH_WORDS, WITHOUT_WORDS, usual_powers
from charnn.tasks.language_model.learned_texts import with_replay
from charnn.tasks.language_model.use.model import LanguageModel
from charnn.tasks.task import UNMEASURED
from charnn.training.report import Report
from tests.paths import ROOT

FABLES = (ROOT / "data" / "fables.txt").read_text(encoding="utf-8")
TEXT, NEXT = FABLES[:20_000], FABLES[20_000:24_000]
TINY: dict[str, Any] = {"layers": 1, "hidden": 16, "embedding": 8, "dropout": 0.0, "seed": 1, "steps": 20}


def learned(folder: Path, text: str, **options: Any) -> LanguageModelDirectory:
    (folder / "text.txt").write_text(text, encoding="utf-8")
    model = charnn.train(folder / "text.txt", out=folder / "model", valid="none", **TINY | options)
    return LanguageModelDirectory(model.path)


def nats(directory: LanguageModelDirectory, text: str, *, alone: bool = False, adapt: bool = False) -> float:
    """What the lines of a text cost."""
    model: LanguageModel = charnn.load(directory.path, adapt=adapt)
    if alone:
        model.counts.ngrams = None  # type: ignore[misc]
    return sum(line.nats for line in model.score(text.splitlines()))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> LanguageModelDirectory:
    """A model that has learned all of its text. It is never changed."""
    return learned(tmp_path_factory.mktemp("usual"), TEXT)


def test_powers_are_the_usual_ones_in_every_context(made: LanguageModelDirectory) -> None:
    ngrams = made.ngrams()
    np.testing.assert_array_equal(ngrams.weights_EF, usual_powers(ngrams.contexts))
    np.testing.assert_allclose(ngrams.powers_ES, np.array(WITH_WORDS)[:, None] * np.ones(ngrams.powers_ES.shape[1]))
    assert sum(WITHOUT_WORDS) == sum(WITH_WORDS) == sum(WITH_LABELS) == 1


def test_a_text_that_neither_has_seen_is_likelier_by_both(made: LanguageModelDirectory) -> None:
    assert nats(made, NEXT) < nats(made, NEXT, alone=True) - 0.3 * len(NEXT)
    assert nats(made, NEXT, adapt=True) < nats(made, NEXT, alone=True) - 0.3 * len(NEXT)


def test_nothing_is_said_to_have_been_measured(made: LanguageModelDirectory) -> None:
    config = made.config()
    found = config.ngrams
    assert config.ngram_order == ORDER
    assert found.ngrams == len(made.ngrams().table.ids_E)
    assert found.word_ngrams > 0
    assert found.characters == 0
    assert found.nats_per_character is None
    assert found.nats_by_network is None
    assert found.nats_by_ngrams is None
    assert config.result == config.scores


def test_info_says_whose_figures_they_are_and_that_nothing_tells_more(made: LanguageModelDirectory) -> None:
    description = describe(made)
    rows = dict(description.network)
    assert rows["n-grams"].endswith("beside the network, believed as is usual: nothing was held out")
    assert dict(description.scores)["own data"].endswith(", by the network alone")
    assert any(limit.startswith(UNMEASURED) for limit in description.limits)


def test_labels_have_them_too(tmp_path: Path) -> None:
    lines = (ROOT / "data" / "speakers-train.tsv").read_text(encoding="utf-8")
    directory = learned(tmp_path, lines, conditioned=True)
    assert directory.config().ngrams.nats_per_character is None
    held_out = (ROOT / "data" / "speakers-test.tsv").read_text(encoding="utf-8")
    model: LanguageModel = charnn.load(directory.path)
    texts = [line.split("\t", 1)[1] for line in held_out.splitlines()][:60]
    with_ngrams = sum(line.nats for line in model.score(texts))
    model.counts.ngrams = None  # type: ignore[misc]
    assert with_ngrams < sum(line.nats for line in model.score(texts)) - 0.2 * sum(map(len, texts))


@pytest.mark.parametrize(
    "options",
    [
        {"documents": "paragraph", "stopping": "halt"},
        {"members": 2},
        {"ngrams": 3, "words": False},
        {"backwards": True},
    ],
    ids=["halt", "members", "shorter", "backwards"],
)
def test_models_of_other_kinds_have_them_too(tmp_path: Path, options: dict[str, Any]) -> None:
    directory = learned(tmp_path, TEXT, **options)
    ngrams = directory.ngrams()
    np.testing.assert_array_equal(ngrams.weights_EF, usual_powers(ngrams.contexts))
    if "backwards" not in options:
        assert nats(directory, NEXT) < nats(directory, NEXT, alone=True) - 0.2 * len(NEXT)


def test_none_are_counted_where_none_are_wanted(tmp_path: Path) -> None:
    without = learned(tmp_path, TEXT[:3000], ngrams=0)
    assert without.config().ngrams is None
    assert not (without.path / NGRAMS).exists()


def test_the_symbols_of_a_text_whose_length_is_foretold_have_ngrams_with_the_usual_powers(tmp_path: Path) -> None:
    directory = learned(tmp_path, TEXT, stopping="length", documents="line", steps=2)
    ngrams = directory.ngrams()
    np.testing.assert_array_equal(ngrams.weights_EF, usual_powers(ngrams.contexts))
    assert nats(directory, NEXT) < nats(directory, NEXT, alone=True) - 0.2 * len(NEXT)


def test_words_are_left_out_where_they_expect_new_text_clearly_less_well(tmp_path: Path) -> None:
    """Each letter, a word of its own, follows from the third one before it, and words know of two."""
    random, letters = np.random.default_rng(0), list("abcdefghijkl")
    told = dict(zip(letters, random.permutation(letters).tolist(), strict=True))
    text = letters[:3]
    for _ in range(4000):
        text.append(told[text[-3]] if random.random() < 0.9 else str(random.choice(letters)))
    directory = learned(tmp_path, " ".join(text), steps=2)
    assert directory.config().counts_words
    assert directory.config().ngrams.word_ngrams == 0
    assert len(directory.ngrams().weights_EF) == 2


def test_a_run_that_goes_on_has_them_anew(start, corpus_of, silent) -> None:
    steps = iter(range(100))
    corpus = corpus_of(TEXT, holds_out=False)
    settings = {"keeps": "last"}
    parts = start(corpus, steps=20, batch_size=4, layers=1, hidden_size=16, settings=settings)
    assert parts.run(silent, lambda: next(steps) >= 7) == "interrupt"
    assert parts.config.ngrams is not None
    again = LanguageModelSession.resume(parts.directory, corpus)
    assert again.config.ngrams is None
    again.run(silent)
    assert again.config.has_unmeasured_ngrams
    assert again.remarks == ["its own data were read by the network alone: nothing tells what n-grams beside it bring"]
    assert "n-grams" not in again.verdict


def test_where_nothing_of_a_later_text_is_held_out_the_earlier_one_decides_nothing(start, corpus_of, silent) -> None:
    tiny = {"layers": 1, "hidden_size": 16, "embedding_size": 8, "dropout": 0.0}
    old = start(corpus_of(FABLES[:40_000]), "old", steps=20, **tiny)
    old.run(silent)
    corpus = with_replay(corpus_of("Zorbax and zorbine. " * 20, holds_out=False), old.config.corpus, any_bytes=False)
    assert corpus.before
    session = start(corpus, "new", steps=20, source=old.directory, settings={"keeps": "last"}, **tiny)
    session.run(silent)
    assert session.config.has_unmeasured_ngrams


def test_a_preview_is_written_by_both(start, corpus_of) -> None:
    report, known = Report(0, 0.0, 0.0, 0.0, 1.0, 0.1, 1.0, "character"), set(TEXT.lower().split())
    options = {"layers": 1, "hidden_size": 16, "steps": 20, "settings": {"keeps": "last"}}
    both, alone = (
        start(corpus_of(TEXT, holds_out=False), name, ngram_order=order, **options).glimpse(report).lower().split()
        for name, order in (("both", 7), ("alone", 0))
    )
    right_of_both, right_alone = (sum(word in known for word in words) / len(words) for words in (both, alone))
    assert right_of_both > right_alone + 0.1, "the network has learned nothing yet"
