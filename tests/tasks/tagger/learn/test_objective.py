"""The tagger's loss and its validation: numerators and denominators by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from charnn.config.training import Budget, TrainingConfig
from charnn.tasks.tagger.config import Level, TaggerNetworkConfig, TaggerValidation, TreebankConfig
from charnn.tasks.tagger.formats.sentence import TaggedSentence
from charnn.tasks.tagger.learn.data import EncodedTreebank
from charnn.tasks.tagger.learn.network import TaggerNetwork
from charnn.tasks.tagger.learn.objective import VALIDATION_BATCH, TaggerObjective
from charnn.tasks.tagger.lexicon import Lexicon
from charnn.tasks.tagger.treebank import Treebank
from charnn.training.report import Report

REPORT = Report(7, 0.5, 2.0, 0.25, 1.0, 0.01, 100.0, "word")
COLUMNS = ("upos", "xpos")


def sentence(*rows: str) -> TaggedSentence:
    """`sentence("cat/N/NN", ...)`."""
    words, *tags = zip(*(row.split("/") for row in rows), strict=True)
    return TaggedSentence(list(words), tuple(map(list, tags)))


TRAINING = [sentence("a/X/p", "b/Y/q", "c/X/q"), sentence("b/Y/p", "a/X/r")]


def task_of(
    validation: list[TaggedSentence],
    *,
    training: list[TaggedSentence] = TRAINING,
    level: Level = "word",
    **options: Any,
) -> TaggerObjective:
    """With a network whose heads give every word the same scores: 0 for each tag."""
    tags = {column: [tag for s in training for tag in s.tags[number] if tag] for number, column in enumerate(COLUMNS)}
    lexicon = Lexicon.of([word for s in training for word in s.words], tags)
    corpus = TreebankConfig((), "conllu", COLUMNS, level)
    treebank = EncodedTreebank(Treebank(training, validation, corpus), lexicon, longest=100)
    network = TaggerNetwork(
        TaggerNetworkConfig(
            words=lexicon.word_ids,
            characters=lexicon.character_ids,
            tags=tuple(map(len, lexicon.tags.values())),
            **{"hidden_size": 2, "word_size": 2, "reader_size": 2, "neighbour_size": 0, **options},
        ),
        torch.from_numpy(lexicon.frequencies()),
    )
    for head in network.heads:
        torch.nn.init.zeros_(head.scores_layer.weight)
    return TaggerObjective(network, treebank, corpus, TrainingConfig(Budget(steps=9), batch_size=3))


def say_always(task: TaggerObjective, *tags: int) -> None:
    """Makes the network say this tag of each column for every word."""
    for head, tag in zip(task.network.heads, tags, strict=True):
        with torch.no_grad():
            head.scores_layer.bias[tag] = 20


def validate(task: TaggerObjective) -> TaggerValidation:
    task.network.eval()
    with torch.inference_mode():
        return task.validate(REPORT)


# the loss


def test_the_loss_is_the_sum_over_words_and_columns_and_padding_costs_nothing() -> None:
    """Two tags and three, each as likely as the others: every word costs ln 2 + ln 3."""
    task = task_of(TRAINING[:1])
    nats, targets = task.loss()
    assert targets == 5
    assert nats.item() == pytest.approx(5 * (math.log(2) + math.log(3)), rel=1e-6)


def test_the_loss_is_of_the_right_tags() -> None:
    """In the first column 2 words in 5 have tag 1 (Y), in the second 1 has tag 2 (r): the others cost 20 nats each."""
    task = task_of(TRAINING[:1])
    say_always(task, 1, 2)
    nats, _ = task.loss()
    assert nats.item() == pytest.approx(20 * (3 + 4), rel=1e-6)


def test_words_without_a_tag_cost_nothing_and_are_no_targets() -> None:
    """Two tags and three, each as likely as the others: a tag costs ln 2 or ln 3."""
    training = [sentence("a/X/p", "b/Y/", "c//", "d//q", "e//r")]
    for decoder in ("independent", "crf"):
        nats, targets = task_of(training, training=training, decoder=decoder).loss()
        assert targets == 4
        assert nats.item() == pytest.approx(2 * math.log(2) + 3 * math.log(3))


def test_validation_leaves_words_without_a_tag_out_of_each_column() -> None:
    task = task_of([sentence("a/X/", "b//q", "new/Y/q", "c//")])
    say_always(task, 0, 1)
    validation = validate(task)
    assert validation.accuracies == (0.5, 1.0)
    assert validation.all_columns_accuracy == pytest.approx(2 / 3)
    assert validation.unknown_accuracy == 0.0


def test_an_epoch_has_every_word_once() -> None:
    task = task_of(TRAINING[:1], training=TRAINING * 10)
    targets = []
    while task.epoch < 1:
        targets.append(task.loss()[1])
    assert sum(targets) == 50
    assert max(targets) <= task.targets_in_batch == 7


@pytest.mark.parametrize("level", ["word", "character"])
def test_what_is_counted_is_what_the_treebank_tags(level: Level) -> None:
    assert task_of(TRAINING, level=level).unit == level


# validation


def test_validation_by_hand() -> None:
    """It always says X and q. 3 of 5 words are X and 2 q, 1 is both; Z and s are unseen; "d" and "A" are unknown."""
    task = task_of([sentence("a/X/p", "d/X/p", "A/X/q"), sentence("b/Y/q"), sentence("c/Z/s")])
    say_always(task, 0, 1)
    scores = validate(task)
    assert scores == TaggerValidation(COLUMNS, (3 / 5, 2 / 5), 1 / 5, 1 / 2, REPORT.step, REPORT.epoch, REPORT.seconds)
    assert scores.loss == pytest.approx(0.5)


def test_a_tag_that_training_does_not_have_is_never_right() -> None:
    task = task_of([sentence("a/Z/s", "b/Z/s")])
    for upos in range(2):
        say_always(task, upos, 0)
        assert validate(task).accuracies == (0, 0)


def test_without_unknown_words_there_is_no_accuracy_on_them() -> None:
    task = task_of([sentence("a/X/p", "b/X/p")])
    say_always(task, 0, 0)
    scores = validate(task)
    assert scores.unknown_accuracy is None
    assert (scores.accuracies, scores.all_columns_accuracy, scores.loss) == ((1, 1), 1, 0)


def test_long_sentences_weigh_by_their_words() -> None:
    task = task_of([sentence(*["a/X/p"] * 9), sentence("b/Y/q")])
    say_always(task, 0, 0)
    assert validate(task).accuracies == (0.9, 0.9)


def test_more_sentences_than_a_batch_are_all_counted_once() -> None:
    """Lengths 1 to 7 in turn; of each sentence the first word alone is X."""
    count = VALIDATION_BATCH * 2 + 5
    task = task_of([sentence("a/X/p", *["e/Y/p"] * (k % 7)) for k in range(count)])
    say_always(task, 0, 0)
    words = sum(1 + k % 7 for k in range(count))
    scores = validate(task)
    assert scores.accuracies == pytest.approx((count / words, 1))
    assert scores.unknown_accuracy == 0


@pytest.mark.parametrize("decoder", ["independent", "feedback", "crf"])
def test_weights_that_diverged_have_a_loss_that_is_no_number(decoder: str) -> None:
    task = task_of(TRAINING, decoder=decoder)
    torch.nn.init.constant_(task.network.words.weight, math.nan)
    assert math.isnan(validate(task).loss)


def test_validation_draws_no_random_numbers() -> None:
    task = task_of(TRAINING, dropout=0.5)
    before = torch.get_rng_state()
    assert validate(task) == validate(task)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_restored_task_goes_on_with_the_same_batches() -> None:
    training = [sentence(*["a/X/p"] * length) for length in range(1, 40)]
    task, restored = (task_of(TRAINING, training=training) for _ in range(2))
    for _ in range(7):
        task.loss()
    restored.restore(*task.position())
    assert restored.epoch == task.epoch
    assert [restored.loss()[1] for _ in range(30)] == [task.loss()[1] for _ in range(30)]
