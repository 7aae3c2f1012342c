"""A tagger learns from the treebank and from the mean of what other taggers say about its words."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from charnn import load
from charnn.errors import CharnnWarning, ModelFormatError, UsageError
from charnn.tasks.tagger.description import describe
from charnn.tasks.tagger.learn.heads import TREEBANK_WEIGHT, make_head
from charnn.tasks.tagger.learn.session import TaggerSession
from charnn.tasks.tagger.learn.teachers import said_by
from charnn.tasks.tagger.treebank import Treebank

TEXT = "the_D cat_N sat_V\na_D dog_N\nthe_D mat_N ran_V off_P\n" * 8
SENTENCES = [["the", "dog", "ran"], ["a", "cat"], ["off"]]


@pytest.fixture
def treebank(treebank_of: Callable[..., Treebank]) -> Treebank:
    return treebank_of(TEXT)


@pytest.fixture
def teacher(start, silent, treebank: Treebank) -> Callable[..., Any]:
    """`teacher(name, ...)`: the directory of a tagger that has learned a little."""

    def make(name: str = "teacher", **overrides: Any) -> Any:
        session = start(treebank, name, **{"steps": 8, **overrides})
        session.run(silent)
        return session.directory

    return make


def after(steps: int) -> Callable[[], bool]:
    answers = chain(repeat(False, steps - 1), repeat(True))
    return lambda: next(answers)


def test_teachers_say_the_mean_of_what_each_says_in_the_order_of_our_tags(teacher) -> None:
    """One decodes as a whole, and one has members but counts as one."""
    teachers = [teacher("one", decoder="crf", steps=12), teacher("two", members=2)]
    ours = dataclasses.replace(teachers[0].lexicon(), tags={"tag": ("P", "N", "V", "D")})
    said_WK = said_by(teachers, SENTENCES, ours).of(0, np.arange(6))
    assert said_WK.sum(1) == pytest.approx([1.0] * 6, abs=3e-3)
    words = iter(said_WK)
    each = []
    for directory in teachers:
        with load(directory.path, precision="fp32") as model:
            each.append([one["tag"].alternatives for one in model.tag(SENTENCES, alternatives=9)])
    for of_sentence in zip(*each, strict=True):
        for of_word in zip(*of_sentence, strict=True):
            expected = [np.mean([dict(one)[tag] for one in of_word]) for tag in ours.tags["tag"]]
            np.testing.assert_allclose(next(words), expected, atol=2e-3)


@pytest.mark.parametrize("decoder", ["independent", "feedback"])
def test_most_of_the_gradient_is_towards_what_is_said_and_the_loss_is_that_on_the_treebank(decoder: Any) -> None:
    torch.manual_seed(0)
    head = make_head(decoder, 5, 3)
    features_BTF, lengths_B = torch.randn(2, 3, 5), torch.tensor([3, 1])
    tags_BT = torch.tensor([[0, -2, 2], [1, -2, -2]])
    said_NK = torch.tensor([[0.1, 0.8, 0.1], [0.3, 0.3, 0.4], [0.0, 0.0, 1.0]])
    alone = head.nats(features_BTF, tags_BT, lengths_B)
    taught = head.nats(features_BTF, tags_BT, lengths_B, said_NK)
    torch.testing.assert_close(taught, alone)

    def gradients(nats: torch.Tensor) -> list[torch.Tensor]:
        return list(torch.autograd.grad(nats, list(head.parameters())))

    of_treebank, of_all = gradients(alone), gradients(taught)
    hard_NK = functional.one_hot(torch.tensor([0, 2, 1]), 3).float()
    of_hard = gradients(head.nats(features_BTF, tags_BT, lengths_B, hard_NK))
    for own, hard in zip(of_treebank, of_hard, strict=True):
        torch.testing.assert_close(
            own, hard, msg="what a teacher says that is certain and right is the treebank itself"
        )
    assert any(not torch.allclose(own, both, atol=1e-3) for own, both in zip(of_treebank, of_all, strict=True))
    # The gradient is linear in what is said.
    other_NK = TREEBANK_WEIGHT * hard_NK + (1 - TREEBANK_WEIGHT) * said_NK
    by_hand = gradients(_soft(head, features_BTF, tags_BT, lengths_B, other_NK))
    for both, own in zip(of_all, by_hand, strict=True):
        torch.testing.assert_close(both, own)


def _soft(head: Any, features_BTF: Any, tags_BT: Any, lengths_B: Any, target_NK: Any) -> torch.Tensor:
    """The cross entropy with these targets, as the head would compute it with no part on the treebank."""
    hard = head.nats(features_BTF, tags_BT, lengths_B)
    mixed = head.nats(features_BTF, tags_BT, lengths_B, target_NK)
    # mixed has the gradient w hard + (1 - w) soft
    return (mixed - TREEBANK_WEIGHT * hard) / (1 - TREEBANK_WEIGHT)


def test_a_word_without_a_tag_is_not_learned_from_what_is_said(start, treebank_of, silent) -> None:
    columns = ("tag", "fine")
    text = "the\tD\tx\ncat\tN\t_\nsat\tV\ty\n\na\tD\t_\ndog\tN\tz\n\n" * 8
    both = treebank_of(text, columns=columns, format="columns")
    known = start(both, "known", steps=2)
    known.run(silent)
    session = start(both, "taught", steps=2, teachers=[known.directory])
    nats, words = session.objective.loss()
    nats.backward()
    assert words
    assert all(torch.isfinite(p.grad).all() for p in session.network.parameters() if p.grad is not None)


def test_a_run_with_teachers_goes_on_to_the_bit_when_they_are_gone(start, silent, treebank, teacher) -> None:
    teachers = [teacher()]
    ends = []
    for name, pause in (("whole", 99), ("parts", 5)):
        session = start(treebank, name, steps=12, teachers=teachers)
        assert any(line.startswith("teachers  ") for line in session.description())
        if pause < 12:
            session.run(silent, after(pause))
            shutil.rmtree(teachers[0].path)
            session = TaggerSession.resume(session.directory, treebank)
        assert session.run(silent) == "budget"
        ends.append((session.directory.weights(), session.directory.training_state()[0]))
    for ours, theirs in zip(*ends, strict=True):
        assert ours.keys() == theirs.keys()
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    assert session.directory.config().teachers == (str(teachers[0].path),)
    assert any(label == "teachers" for label, _ in describe(session.directory).rows)


def test_teachers_change_what_is_learned(start, silent, treebank, teacher) -> None:
    ends = []
    for name, teachers in (("alone", []), ("taught", [teacher()])):
        session = start(treebank, name, steps=6, teachers=teachers)
        session.run(silent)
        ends.append(session.directory.weights())
    assert not any(np.array_equal(ends[0][name], ends[1][name]) for name in ends[0] if "heads" in name)


def test_the_members_of_an_ensemble_may_be_taught(start, silent, treebank, teacher) -> None:
    session = start(treebank, "taught", steps=4, members=2, teachers=[teacher()])
    assert session.run(silent) == "budget"


@pytest.mark.parametrize("damage", ["missing", "another shape"])
def test_a_state_without_what_was_said_is_refused(start, silent, treebank, teacher, damage: str) -> None:
    session = start(treebank, "taught", steps=9, teachers=[teacher()])
    session.run(silent, after(4))
    arrays, values = session.directory.training_state()
    said = arrays.pop("task.said.0")
    if damage == "another shape":
        arrays["task.said.0"] = said[:-1]
    session.directory.write_training_state(arrays, values)
    with pytest.raises(ModelFormatError, match=r"training: .*what teachers said is not of this treebank"):
        TaggerSession.resume(session.directory, treebank)


def test_what_cannot_teach_is_refused_and_makes_nothing(start, treebank, treebank_of, teacher, tmp_path: Path) -> None:
    one = teacher()
    for other, overrides, said in (
        (treebank, {"decoder": "crf"}, "--teacher is not for --decoder crf"),
        (treebank_of("the_D cat_N\n" * 20), {}, "its tags of tag also have P, V"),
        (treebank_of("the_D cat_N sat_V off_P dogs_X\n" * 20), {}, "its tags of tag lack X"),
        (treebank_of("the_D_a cat_N_b\n" * 20, columns=("tag", "fine")), {}, "it does not tag fine"),
    ):
        with pytest.raises(UsageError, match=said):
            start(other, "no", teachers=[one], **overrides)
    assert not (tmp_path / "no").exists()


def test_too_much_to_keep_is_refused(monkeypatch: pytest.MonkeyPatch, start, treebank, teacher) -> None:
    one = teacher()
    monkeypatch.setattr("charnn.tasks.tagger.learn.teachers.MOST_PROBABILITIES", 10)
    with pytest.raises(UsageError, match="words with 4 tags are too many for it"):
        start(treebank, "no", teachers=[one])


def test_a_teacher_that_may_know_what_is_held_out_is_said(start, treebank_of, teacher) -> None:
    held_out = treebank_of(TEXT, valid=TEXT)
    with pytest.warns(CharnnWarning, match="may have learned what is held out here"):
        start(held_out, "taught", steps=2, teachers=[teacher()])
