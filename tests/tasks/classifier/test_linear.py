"""The linear models of the direct path are the best of their kind, and are measured on texts that are new to them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from charnn.corpora import large_arrays
from charnn.corpora.progress import watched_by
from charnn.linear import matrix, rows
from charnn.linear.matrix import LabelledMatrix, LabelledRows
from charnn.linear.mixture import fit_mixture, nats
from charnn.linear.solving import Solving, solving_work, work
from charnn.linear.targets import Targets
from charnn.tasks.classifier import feature_counts, features
from charnn.tasks.classifier.features import Features
from charnn.tasks.classifier.learn import linear
from charnn.tasks.classifier.learn.linear import (
    FOLDS,
    LINEAR_MODELS,
    PLAIN,
    TYPICAL,
    Evidence,
    LinearModels,
    cross_validated,
    folds_worth,
    log_ratios,
    solved,
)

LABELS = 3


@pytest.fixture(autouse=True, scope="module")
def quick_runs() -> None:
    """The models are solved as those of real runs are."""


def evidence(texts: list[str], labels: list[set[int]], *, multiple: bool = False) -> tuple[Evidence, Features]:
    features = Features.choose(texts, ngrams=3, words=2, labels=LABELS, places=True)
    weights_K = np.array([1, 2, 0.5], np.float32)
    return Evidence(features.read(texts), Targets.of(labels, LABELS), weights_K, features.is_word, multiple), features


def some(*, multiple: bool = False) -> tuple[Evidence, Features]:
    random = np.random.default_rng(0)
    texts = ["".join(random.choice(list("abcde "), 12)) for _ in range(60)]
    labels = [{len(set(text)) % LABELS} for text in texts]
    if multiple:
        labels = [{len(text) % 2} | {len(set(text)) % LABELS} if "d" in text else set() for text in texts]
    return evidence(texts, labels, multiple=multiple)


def loss(given: Evidence, table_FK: torch.Tensor, bias_K: torch.Tensor) -> torch.Tensor:
    """The loss of all texts, computed anew with a dense matrix."""
    own = given.rows
    dense = np.zeros((len(own), given.features), np.float32)
    dense[np.repeat(np.arange(len(own)), np.diff(own.starts)), own.ids] = own.values
    logits_NK = torch.from_numpy(dense) @ table_FK + bias_K
    targets_NK, weights_K = torch.from_numpy(given.targets.dense()).float(), torch.from_numpy(given.weights_K)
    if given.multiple:
        return (functional.binary_cross_entropy_with_logits(logits_NK, targets_NK, reduction="none") * weights_K).sum()
    return -(logits_NK.log_softmax(1) * targets_NK * weights_K).sum()


def ratios(given: Evidence) -> torch.Tensor:
    return log_ratios(LabelledMatrix(given.rows, given.targets, len(given.is_word_F)), given.targets)


@pytest.mark.parametrize("multiple", [False, True])
def test_no_small_change_of_a_linear_model_makes_it_better(multiple: bool) -> None:
    given, _ = some(multiple=multiple)
    models = solved(given)
    ratios_FK = ratios(given)
    scales = [torch.ones(1)] * len(PLAIN) + [ratios_FK] * len(TYPICAL)
    for table_FK, bias_K, scale_FK, strength in zip(
        models.tables_MFK, models.biases_MK, scales, (*PLAIN, *TYPICAL), strict=True
    ):
        weights_FK = torch.where(scale_FK == 0, 0, table_FK / torch.where(scale_FK == 0, 1, scale_FK))
        weights_FK.requires_grad_()
        bias_K = bias_K.clone().requires_grad_()
        total = loss(given, weights_FK * scale_FK, bias_K) + weights_FK.square().sum() / (2 * strength)
        gradients = torch.autograd.grad(total, [weights_FK, bias_K])
        assert max(float(gradient.abs().max()) for gradient in gradients) < 0.05
        worse = loss(given, torch.zeros_like(table_FK), torch.zeros(LABELS))
        assert float(total.detach()) < 0.9 * float(worse)


def test_a_ratio_is_the_log_of_how_much_more_often_texts_of_a_label_have_a_feature() -> None:
    given, known = evidence(["a", "a", "b", "b", "b"], [{0}, {0}, {1}, {1}, {2}])
    ratios_FK = ratios(given)
    # A text of the first label always has an `a`, and another never; each is smoothed by a text of either kind.
    assert np.isclose(ratios_FK, np.log(((2 + 1) / (2 + 2)) / ((0 + 1) / (3 + 2)))).any()
    assert ratios_FK.shape == (len(known), LABELS)


def test_in_cross_validation_a_text_without_a_feature_of_others_is_judged_by_how_usual_labels_are() -> None:
    texts = [*["aa bb", "ab ba", "bb aa"] * 6, "ÿÿÿ"]
    given, _ = evidence(texts, [*[{0}, {1}, {2}] * 6, {0}])
    logits_MNK, targets_NK = cross_validated(given, seed=0, folds=FOLDS)
    np.testing.assert_array_equal(targets_NK, given.targets.dense())
    without = evidence([*texts[:-1], ""], [*[{0}, {1}, {2}] * 6, {0}])[0]
    np.testing.assert_allclose(logits_MNK[:, -1], cross_validated(without, seed=0, folds=FOLDS)[0][:, -1], atol=0.05)


def test_labels_that_no_text_tells_are_known_as_such_by_cross_validation_alone() -> None:
    """The models know every text that they have learned from, and nothing of others."""
    random = np.random.default_rng(1)
    texts = ["".join(random.choice(list("abcdefgh"), 9)) for _ in range(90)]
    given, _ = evidence(texts, [{int(label)} for label in random.integers(0, LABELS, 90)])
    of_others, targets_NK = cross_validated(given, seed=0, folds=FOLDS)
    own = solved(given).logits(given.rows)
    assert nats(own.mean(0), given.targets.dense(), multiple=False) < 0.5 < np.log(LABELS) - 0.2
    mixture = fit_mixture(of_others, targets_NK, multiple=False)
    assert mixture.shares_M.sum() < 0.5
    assert nats(mixture.logits(of_others), targets_NK, multiple=False) < 1.05 * np.log(LABELS)


def test_as_many_folds_are_measured_as_the_work_allows_and_one_where_nothing_is_held_out(monkeypatch) -> None:
    given, _ = some()
    of_a_fold = LINEAR_MODELS * solving_work(given) * (FOLDS - 1) / FOLDS
    for work_allowed, folds in ((0.5, (0, 1)), (2.5, (2, 2)), (100, (FOLDS, FOLDS))):
        monkeypatch.setattr("charnn.tasks.classifier.learn.linear.FOLDED_WORK", work_allowed * of_a_fold)
        assert tuple(folds_worth(given, needed=needed) for needed in (False, True)) == folds
    few, _ = evidence(["a", "b", "c"], [{0}, {1}, {2}])
    assert folds_worth(few, needed=True) == 0


def test_a_fold_is_measured_like_any_of_all() -> None:
    given, _ = some()
    every, targets_NK = cross_validated(given, seed=0, folds=FOLDS)
    np.testing.assert_array_equal(targets_NK, given.targets.dense())
    fifth, targets_NK = cross_validated(given, seed=0, folds=1)
    assert len(targets_NK) == fifth.shape[1] == len(given.rows) // FOLDS
    assert all((np.abs(every - fifth[:, [row]]).max((0, 2)) < 1e-3).any() for row in range(fifth.shape[1]))
    none, targets_NK = cross_validated(given, seed=0, folds=0)
    assert none.shape == (len(PLAIN) + len(TYPICAL), 0, LABELS)
    assert targets_NK.shape == (0, LABELS)


def evaluations(given: Evidence) -> int:
    """How often the loss of all models was computed."""
    asked = 0

    def is_over() -> bool:
        nonlocal asked
        asked += 1
        return False

    solved(given, Solving(LINEAR_MODELS, is_over))
    return asked


def test_the_work_of_a_solution_is_bounded_however_many_labels_there_are(monkeypatch) -> None:
    few, _ = some()
    many = Evidence(
        few.rows, Targets.one_each(np.arange(len(few.rows)) % 500, 500), np.ones(500, np.float32), few.is_word_F,
        multiple=False,
    )  # fmt: skip
    assert work(many) > 50 * work(few)
    monkeypatch.setattr("charnn.linear.solving.WORK", 40 * work(few))
    assert evaluations(many) < 0.6 * evaluations(few)


def test_a_solution_that_is_cut_short_is_the_best_so_far() -> None:
    given, _ = some()
    left = 10

    def is_over() -> bool:
        nonlocal left
        left -= 1
        return left < 0

    solving = Solving(2 * LINEAR_MODELS, is_over)
    models = solved(given, solving)
    assert solving.is_cut_short
    losses = [float(loss(given, table, bias)) for table, bias in zip(models.tables_MFK, models.biases_MK, strict=True)]
    assert losses[0] < 0.9 * losses[1]
    assert not torch.allclose(models.tables_MFK[0], solved(given).tables_MFK[0], atol=0.01)
    assert not models.tables_MFK[1].any()  # there was no time for it
    logits_MNK, targets_NK = cross_validated(given, seed=0, folds=FOLDS, solving=solving)
    assert logits_MNK.shape[1] == len(targets_NK) == 0


def test_whoever_watches_is_told_how_far_the_solving_is() -> None:
    given, _ = some()
    told: list[tuple[str, float]] = []
    solving = Solving((1 + FOLDS) * LINEAR_MODELS)
    with watched_by(lambda what, done: told.append((what, done))):
        solved(given, solving)
        cross_validated(given, 0, FOLDS, solving)
    fractions = [done for _, done in told]
    assert {what for what, _ in told} == {"solving the linear models"}
    assert fractions == sorted(fractions)
    assert fractions[0] < 0.01
    assert fractions[-1] == 1


def test_the_sum_of_linear_models_is_one() -> None:
    given, _ = some()
    models = solved(given)
    shares = np.array([0.3, 1.2])
    table_FK, _, bias_K = models.mixed(shares)
    mixed = LinearModels(table_FK[None], bias_K[None]).logits(given.rows)[0]
    np.testing.assert_allclose(mixed, np.tensordot(shares, models.logits(given.rows), 1), atol=1e-4)


@pytest.mark.parametrize("multiple", [False, True])
def test_what_is_too_large_for_memory_teaches_the_same_to_the_last_bit(
    multiple: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In memory all is one block; here features, counts and vectors lie in files, and are read some at a time."""
    expected, features_expected = some(multiple=multiple)
    models_expected = solved(expected)
    folds_expected = cross_validated(expected, 1, FOLDS)
    monkeypatch.setattr(large_arrays, "HELD", 64)
    monkeypatch.setattr(rows, "BLOCK", 100)
    monkeypatch.setattr(features, "BLOCK_CHARACTERS", 30)
    monkeypatch.setattr(feature_counts, "TOGETHER", 50)
    found, features_found = some(multiple=multiple)
    assert sum(1 for _ in found.rows.blocks()) > 10
    for name in ("hashes", "counts", "is_word"):
        np.testing.assert_array_equal(getattr(features_found, name), getattr(features_expected, name))
    for name in ("ids", "values", "starts"):
        np.testing.assert_array_equal(getattr(found.rows, name), getattr(expected.rows, name))
    models_found = solved(found)
    assert torch.equal(models_found.tables_MFK, models_expected.tables_MFK)
    assert torch.equal(models_found.biases_MK, models_expected.biases_MK)
    for one, other in zip(cross_validated(found, 1, FOLDS), folds_expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("multiple", [False, True])
def test_many_labels_are_learned_from_some_texts_at_a_time_and_teach_the_same(
    multiple: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, _ = some(multiple=multiple)
    expected, folds_expected = solved(given), cross_validated(given, 1, FOLDS)
    most = 30
    monkeypatch.setattr(matrix, "MOST_SCORES", most)
    monkeypatch.setattr(matrix, "PART_SCORES", most)
    sizes: list[int] = []
    scattered = LabelledRows.scattered

    def watched(part: LabelledRows, numbers_K: torch.Tensor) -> torch.Tensor:
        sizes.append(len(part) * part.labels)
        return scattered(part, numbers_K)

    monkeypatch.setattr(LabelledRows, "scattered", watched)
    found = solved(given)
    assert max(sizes) == most < len(given.targets) * LABELS
    for one, other in ((found.tables_MFK, expected.tables_MFK), (found.biases_MK, expected.biases_MK)):
        torch.testing.assert_close(one, other, atol=2e-3, rtol=1e-3)
    folds_found = cross_validated(given, 1, FOLDS)
    np.testing.assert_allclose(folds_found[0], folds_expected[0], atol=0.02)
    np.testing.assert_array_equal(folds_found[1], folds_expected[1])


def test_a_cross_validation_measures_no_more_texts_than_have_so_many_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    given, _ = some()
    every, every_targets_NK = cross_validated(given, 1, FOLDS)
    monkeypatch.setattr(linear, "MEASURED_SCORES", 4 * FOLDS * LABELS)
    few, few_targets_NK = cross_validated(given, 1, FOLDS)
    assert few.shape[1] == len(few_targets_NK) == 4 * FOLDS < every.shape[1]
    for one_MK, targets_K in zip(few.transpose(1, 0, 2), few_targets_NK, strict=True):
        same = (every.transpose(1, 0, 2) == one_MK).all((1, 2)) & (every_targets_NK == targets_K).all(1)
        assert same.any()


def test_texts_are_ordered_by_their_labels_as_a_table_of_all_labels_is() -> None:
    random = np.random.default_rng(4)
    for most in (1, 3):
        labels = [set(random.integers(0, 6, random.integers(0, most + 1)).tolist()) for _ in range(80)]
        targets = Targets.of(labels, 6)
        np.testing.assert_array_equal(targets.by_label(), np.lexsort(targets.dense().T))
        np.testing.assert_array_equal(targets.dense(), [[label in own for label in range(6)] for own in labels])
        np.testing.assert_array_equal(targets.counts(), targets.dense().sum(0))
        chosen = random.permutation(80)[:30]
        np.testing.assert_array_equal(targets.chosen(chosen).dense(), targets.dense()[chosen])
        parts = targets.part(0, 30), targets.part(30, 80)
        np.testing.assert_array_equal(Targets.joined(*parts).dense(), targets.dense())


def test_only_features_of_several_texts_are_kept_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "FEW_TEXTS", 3)
    monkeypatch.setattr(features, "BLOCK_CHARACTERS", 1)
    found = Features.choose(["aa", "ab", "ac", "cd"], ngrams=1, words=0, labels=2)
    assert sorted(found.counts.tolist()) == [2, 3]


def test_capitals_alone_tell_labels() -> None:
    """n-grams and words are read in lower case; shapes of words are not."""
    random = np.random.default_rng(2)
    texts = ["".join(random.choice(list("abcdefgh"), 6)) for _ in range(150)]
    labels = [{number % LABELS} for number in range(150)]
    cased = [(text, text.capitalize(), text.upper())[number % LABELS] for number, text in enumerate(texts)]
    right = []
    for shapes in (False, True):
        known = Features.choose(cased, ngrams=3, words=2, labels=LABELS, shapes=shapes)
        targets = Targets.of(labels, LABELS)
        given = Evidence(known.read(cased), targets, np.ones(LABELS, np.float32), known.is_word, multiple=False)
        logits_MNK, targets_NK = cross_validated(given, seed=0, folds=FOLDS)
        right.append(float((logits_MNK.mean(0).argmax(1) == targets_NK.argmax(1)).mean()))
    assert right[0] < 0.6
    assert right[1] > 0.95


def test_lengths_alone_tell_labels() -> None:
    """Texts of both labels are drawn of the same letters; those of one label are longer."""
    random = np.random.default_rng(3)
    letters = [
        (int(number % 2), "".join(random.choice(list("abcdefgh"), 6 + 5 * (number % 2)))) for number in range(200)
    ]
    targets = Targets.of(([label] for label, _ in letters), 2)
    right = []
    for lengths in (False, True):
        known = Features.choose([text for _, text in letters], ngrams=1, words=0, labels=2, lengths=lengths)
        given = Evidence(
            known.read([text for _, text in letters]), targets, np.ones(2, np.float32), known.is_word, multiple=False
        )
        logits_MNK, targets_NK = cross_validated(given, seed=0, folds=FOLDS)
        right.append(float((logits_MNK.mean(0).argmax(1) == targets_NK.argmax(1)).mean()))
    assert right[0] < 0.95
    assert right[1] == 1
