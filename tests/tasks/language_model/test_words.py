"""Words beside a language model: contexts of symbols and words together, and what a run and its users get of them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charnn
from charnn.checkpoint.files import read_arrays, write_arrays
from charnn.errors import ModelFormatError, UsageError
from charnn.generation.config import SamplingConfig
from charnn.ngrams.counting import count
from charnn.ngrams.table import NgramTable
from charnn.ngrams.word_table import WordTable
from charnn.ngrams.words import WordSymbols
from charnn.softmax import softmax
from charnn.tasks.language_model.contexts import LARGEST_POWER
from charnn.tasks.language_model.directory import NGRAMS, LanguageModelDirectory
from charnn.tasks.language_model.learn.adaptation import adapted_to
from charnn.tasks.language_model.mixing import POWER_WEIGHTS, MixedNgrams
from charnn.tasks.language_model.options import LanguageModelEvaluationOptions
from charnn.tasks.language_model.task import LanguageModelTask
from tests.paths import ROOT
from tests.tasks.language_model.tiny import tiny_model

SPELLINGS = [b"", b"", b" ", b"a", b"b", b"c"]
SIZE = len(SPELLINGS)
RANDOM = np.random.default_rng(0)
TEXT = RANDOM.choice([2, 2, 3, 3, 3, 4, 5], 500).astype(np.int32)
LENGTHS = 4
WEIGHTS = RANDOM.normal([[0.5], [0.3], [0.2]], 0.1, (3, LENGTHS + 3 + 3 * 4)).astype(np.float32)
TINY: dict[str, Any] = {"layers": 1, "hidden_size": 16, "embedding_size": 8, "dropout": 0.0}
FABLES = (ROOT / "data" / "fables.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def ngrams() -> MixedNgrams:
    symbols = WordSymbols.of(SPELLINGS)
    assert symbols is not None
    table = NgramTable.of(count([TEXT], SIZE, LENGTHS, before=0), SIZE)
    return MixedNgrams(table, WEIGHTS, SIZE, WordTable.count([TEXT], symbols, most=1000))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> LanguageModelDirectory:
    """A model that words bring something. It is never changed."""
    return tiny_model(tmp_path_factory.mktemp("words"), FABLES[:120_000], steps=40, words=True)


def test_probability_is_the_product_of_powers_that_depend_on_words_too(ngrams: MixedNgrams) -> None:
    contexts = ngrams.contexts.states(ngrams.contexts.initial(1), TEXT[np.newaxis, :200])[0]
    logits = RANDOM.normal(0, 2, (len(contexts), SIZE)).astype(np.float32)
    powers = (WEIGHTS @ ngrams.contexts.known(contexts).T).clip(0, LARGEST_POWER)[..., np.newaxis]
    words, symbols = ngrams.contexts.log_probabilities(contexts)
    assert (words.argmax(1) != symbols.argmax(1)).any()
    product = powers[0] * logits + powers[1] * words + powers[2] * symbols
    found = softmax(ngrams.logits(contexts, logits))
    np.testing.assert_allclose(found, softmax(product), rtol=1e-3)
    for row in range(len(contexts)):
        alone = ngrams.logits(contexts[row : row + 1], logits[row : row + 1])
        np.testing.assert_allclose(softmax(alone)[0], found[row], rtol=1e-4)


def test_what_is_known_of_a_context_has_a_place_for_each_kind_of_word_context(ngrams: MixedNgrams) -> None:
    contexts = ngrams.contexts.states(ngrams.contexts.initial(1), TEXT[np.newaxis])[0]
    known = ngrams.contexts.known(contexts)
    assert known.shape == (len(TEXT), ngrams.contexts.size) == (len(TEXT), WEIGHTS.shape[1])
    has = known[:, LENGTHS + 3 :: 4]
    assert set(has.ravel()) == {0, 1}
    assert (has[:, 1] <= has[:, 0]).all(), "a longer context is known only where the shorter one is"
    assert (has[:, 2] <= has[:, 1]).all()
    assert has.mean(0)[0] > has.mean(0)[2] > 0


def test_contexts_go_on_one_by_one_as_they_do_at_once(ngrams: MixedNgrams) -> None:
    rows = TEXT.reshape(5, 100)
    at_once, contexts = ngrams.contexts.states(ngrams.contexts.initial(5), rows), ngrams.contexts.initial(5)
    for place in range(rows.shape[1]):
        contexts = ngrams.contexts.advance(contexts, rows[:, place])
        np.testing.assert_array_equal(contexts, at_once[:, place])


def test_huge_weights_give_logits_that_are_finite(ngrams: MixedNgrams) -> None:
    found = MixedNgrams.from_arrays({**ngrams.arrays(), POWER_WEIGHTS: np.full(WEIGHTS.shape, 3e38, np.float32)}, SIZE)
    contexts = found.contexts.states(found.contexts.initial(1), TEXT[np.newaxis])[0]
    assert np.isfinite(found.logits(contexts, np.full((len(contexts), SIZE), -1e9, np.float32))).all()


def test_a_run_keeps_words_that_bring_something(made: LanguageModelDirectory) -> None:
    found, ngrams = made.config().ngrams, made.ngrams()
    assert found is not None
    assert isinstance(ngrams, MixedNgrams)
    assert ngrams.contexts.words is not None
    assert found.word_ngrams == len(ngrams.contexts.words.table.ids_E) > 10_000
    assert f", {found.word_ngrams:,} with words, " in str(LanguageModelTask().describe(made))
    arrays = ngrams.arrays()
    again = MixedNgrams.from_arrays(arrays, ngrams.model.vocabulary_size).arrays()
    assert arrays.keys() == again.keys()
    assert all(np.array_equal(arrays[name], again[name]) for name in arrays)


def test_what_words_bring_is_what_an_evaluation_finds(made: LanguageModelDirectory) -> None:
    evaluation = LanguageModelTask().evaluate(charnn.load(made.path), [], LanguageModelEvaluationOptions())
    list(evaluation.run())
    found = made.config().ngrams
    assert found is not None
    assert evaluation.to_json()["nats_per_character"] == pytest.approx(found.nats_per_character, abs=0.05)


def test_none_are_counted_where_none_are_wanted(start, corpus_of, silent) -> None:
    session = start(corpus_of(FABLES[:40_000]), steps=5, words=False, **TINY)
    session.run(silent)
    assert session.config.ngrams.word_ngrams == 0
    assert session.directory.ngrams().contexts.words is None


@pytest.mark.parametrize(
    ("how", "are_counted"),
    [({}, True), ({"ngram_order": 0}, False), ({"tokenizer": "bpe", "vocabulary_size": 400}, False)],
    ids=["characters", "no n-grams", "pieces"],
)
def test_words_are_counted_where_they_can_be(start, corpus_of, how, are_counted: bool) -> None:
    assert start(corpus_of(FABLES[:40_000]), steps=5, **how, **TINY).config.counts_words is are_counted


@pytest.mark.parametrize(
    ("how", "named"),
    [
        ({"ngram_order": 0}, "--words: words are counted beside n-grams"),
        ({"tokenizer": "bpe", "vocabulary_size": 400}, "--words: bpe of this text are no parts of words"),
    ],
    ids=["no n-grams", "pieces"],
)
def test_words_that_cannot_be_are_refused(start, corpus_of, how, named) -> None:
    with pytest.raises(UsageError, match=named):
        start(corpus_of(FABLES[:40_000]), steps=5, words=True, **how, **TINY)


def test_sampling_is_the_same_one_by_one_and_side_by_side(made: LanguageModelDirectory) -> None:
    model, sampling = charnn.load(made.path), SamplingConfig(length=80)
    together, one_by_one = (
        "".join(piece.shown for piece in model.texts(["The fox "], sampling, seed=3, number=5, batch=batch))
        for batch in (4, 1)
    )
    assert together == one_by_one


def test_a_model_that_has_read_a_text_keeps_words_and_expects_what_it_read(
    made: LanguageModelDirectory, tmp_path: Path
) -> None:
    line = "Zorbax went to the zorbine. Zorbax went to the zorbine. "
    again = adapted_to(line * 3, made, tmp_path / "adapted")
    assert again.read(NGRAMS) == made.read(NGRAMS)
    before, after = (next(iter(charnn.load(path).score([line]))).nats for path in (made.path, again.path))
    assert after < before - 20


@pytest.mark.parametrize("name", ["words.keys_S", "words.is_word_V", "words.folded_V"])
def test_a_damaged_file_is_refused(made: LanguageModelDirectory, tmp_path: Path, name: str) -> None:
    copied = LanguageModelDirectory(Path(shutil.copytree(made.path, tmp_path / "copied")))
    arrays, _ = read_arrays(copied.path / NGRAMS)
    arrays[name] = arrays[name][:-1]
    write_arrays(copied.path / NGRAMS, arrays)
    with pytest.raises(ModelFormatError, match=r"ngrams\.safetensors: .*words"):
        copied.check()
