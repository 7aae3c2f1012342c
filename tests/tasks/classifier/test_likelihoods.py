"""The likelihoods of n-grams are those of an estimate by hand, and a model that is used adds them as it learned to."""

from __future__ import annotations

from collections import Counter, defaultdict
from math import log
from pathlib import Path

import numpy as np
import pytest

import charnn
from charnn.checkpoint.directory import WEIGHTS
from charnn.checkpoint.files import read_arrays, write_arrays
from charnn.errors import ModelFormatError
from charnn.linear.matrix import LabelledMatrix
from charnn.linear.targets import Targets
from charnn.tasks.classifier.directory import LIKELIHOODS, TABLE
from charnn.tasks.classifier.features import Features, direct_logits
from charnn.tasks.classifier.learn.likelihoods import Lineage, likelihood_ratios
from charnn.tasks.classifier.learn.linear import FOLDS, Evidence, cross_validated, solved

TEXTS = ["abba", "ab", "Bab a", "cab", "ccc", "ca c", "bcb", ""]
LABELS = [0, 0, 0, 1, 1, 1, 1, 0]
LENGTH = 3


@pytest.fixture(autouse=True, scope="module")
def quick_runs() -> None:
    """The models are solved as those of real runs are."""


def known(texts: list[str]) -> Features:
    return Features.choose(texts, ngrams=LENGTH, words=1, labels=2, lengths=True)


def targets() -> Targets:
    return Targets.one_each(np.array(LABELS), 2)


def ngrams(text: str) -> set[str]:
    padded = f" {text.lower()} "
    every = {padded[i : i + n] for n in range(1, LENGTH + 1) for i in range(len(padded) - n + 1)}
    return every - {" "}


def by_hand(texts: list[str]) -> dict[str, float]:
    """ln of the probability of the last character of each n-gram after the others, over that after one of them less."""
    having = Counter(gram for text in texts for gram in ngrams(text))
    every = {gram for text in TEXTS for gram in ngrams(text)}
    singles = sum(len(gram) == 1 for gram in every)
    after: dict[str, list[int]] = defaultdict(list)
    for gram, count in having.items():
        after[gram[:-1] if gram[:-1] != " " else "a space"].append(count)
    probabilities: dict[str, float] = {}
    gains = {}
    for gram in sorted(every, key=len):
        shorter = probabilities.get(gram[1:], 1 / (singles + 1))
        context = "a space" if gram[:-1] == " " else gram[:-1]
        met = max(sum(after[context]), having[context] if context else 0)
        whole = met + len(after[context])
        p = (having[gram] + (whole - sum(after[context])) * shorter) / whole if whole else shorter
        probabilities[gram], gains[gram] = p, log(p / shorter)
    return gains


def test_the_weight_of_an_ngram_is_what_an_estimate_by_hand_gives() -> None:
    features = known(TEXTS)
    matrix = LabelledMatrix(features.read(TEXTS), targets(), len(features))
    ratios_FK = likelihood_ratios(matrix, Lineage.of(features, TEXTS)).numpy()
    of_all = by_hand(TEXTS)
    for label in (0, 1):
        own = by_hand([text for text, other in zip(TEXTS, LABELS, strict=True) if other == label])
        for text in TEXTS:
            row = features.read([text])
            expected = sum(own[gram] - of_all[gram] for gram in ngrams(text))
            assert float(ratios_FK[row.ids, label].sum()) == pytest.approx(expected, abs=1e-4)


def test_what_is_no_ngram_of_characters_has_no_weight() -> None:
    features = known(TEXTS)
    lineage = Lineage.of(features, TEXTS)
    assert set(lineage.characters_F.tolist()) == {0, 1, 2, 3}
    ratios_FK = likelihood_ratios(LabelledMatrix(features.read(TEXTS), targets(), len(features)), lineage)
    assert not ratios_FK[lineage.characters_F == 0].any()
    assert (lineage.characters_F[features.is_word == 1] == 0).all()
    assert (lineage.without_first_F[lineage.characters_F == 3] >= 0).all()


@pytest.mark.parametrize("multiple", [False, True])
def test_a_model_that_is_used_says_what_the_experts_say_together(multiple: bool) -> None:
    features = known(TEXTS)
    given = Evidence(
        features.read(TEXTS),
        targets(),
        np.ones(2, np.float32),
        features.is_word,
        multiple,
        Lineage.of(features, TEXTS),
    )
    models, unseen = solved(given), features.read(["abc", "", "zzz", "a long text of several words, aabbcc" * 30])
    shares = np.array([0.3, 1.2, 0.8])
    table_FK, likelihoods_FK, bias_K = models.mixed(shares)
    assert likelihoods_FK is not None
    used_NK = direct_logits(unseen, table_FK.numpy(), likelihoods_FK.numpy()) + bias_K.numpy()
    np.testing.assert_allclose(used_NK, np.tensordot(shares, models.logits(unseen), 1), atol=1e-4)
    assert cross_validated(given, 0, FOLDS)[0].shape == (3, len(TEXTS), 2)


def test_without_any_ngram_of_characters_all_texts_are_as_likely() -> None:
    features = Features.choose(["a", "b"], ngrams=1, words=1, labels=2)
    matrix = LabelledMatrix(features.read(["a", "b"]), Targets.one_each(np.arange(2), 2), len(features))
    assert not likelihood_ratios(matrix, Lineage.of(features, ["a", "b"])).any()


def test_a_model_whose_likelihoods_are_missing_or_of_another_type_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data.tsv"
    data.write_text("".join(f"cat\tthe cat sat on mat {n}\ndog\tthe dog ran down road {n}\n" for n in range(20)))
    charnn.train(data, label_column=1, task="classifier", hidden=4, steps=2, out=tmp_path / "model")
    whole, metadata = read_arrays(tmp_path / "model" / WEIGHTS)
    assert whole[LIKELIHOODS].dtype == np.float16
    without = {name: weight for name, weight in whole.items() if name != LIKELIHOODS}
    for spoilt in (without, {**whole, LIKELIHOODS: whole[LIKELIHOODS].astype(np.float32)}):
        write_arrays(tmp_path / "model" / WEIGHTS, spoilt, metadata)
        with charnn.load(tmp_path / "model") as model, pytest.raises(ModelFormatError, match=WEIGHTS):
            model.classify(["the cat"])


def test_the_table_of_features_is_stored_as_fp16_and_read_as_earlier_versions_stored_it(tmp_path: Path) -> None:
    data = tmp_path / "data.tsv"
    data.write_text("".join(f"cat\tthe cat sat on mat {n}\ndog\tthe dog ran down road {n}\n" for n in range(20)))
    charnn.train(data, label_column=1, task="classifier", hidden=4, steps=2, out=tmp_path / "model")
    with charnn.load(tmp_path / "model") as model:
        expected = model.classify(["the cat"])
    whole, metadata = read_arrays(tmp_path / "model" / WEIGHTS)
    assert whole[TABLE].dtype == np.float16
    write_arrays(tmp_path / "model" / WEIGHTS, {**whole, TABLE: whole[TABLE].astype(np.float32)}, metadata)
    with charnn.load(tmp_path / "model") as model:
        assert model.classify(["the cat"]) == expected
