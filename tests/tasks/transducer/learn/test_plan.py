"""What is chosen for pairs: by how many there are, how long they are, and how far their sides are alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from charnn.config import Budget
from charnn.corpora.data_files import DataFiles
from charnn.corpora.pairs import PairsLayout
from charnn.errors import CorpusError, UsageError
from charnn.tasks.transducer.dataset import PairSet, read_pair_set
from charnn.tasks.transducer.learn import plan
from charnn.tasks.transducer.learn.plan import TransducerOverrides, TransducerPlan, decide
from tests.runs import PLAIN

Rows = Sequence[tuple[str, str]]
WORDS = [f"{'abcde'[n % 5]}{'fgh'[n % 3]}{'ij'[n % 2]}" * (1 + n % 3) for n in range(100)]


@pytest.fixture
def pairs(tmp_path: Path) -> Callable[[Rows], PairSet]:
    def read(rows: Rows) -> PairSet:
        path = tmp_path / "pairs.tsv"
        path.write_text("".join(f"{source}\t{target}\n" for source, target in rows))
        return read_pair_set(DataFiles([str(path)], holds_out=False), layout=PairsLayout())

    return read


def plan_of(pairs: PairSet, **overrides: Any) -> TransducerPlan:
    asked = TransducerOverrides(**{"budget": Budget(steps=1), "settings": PLAIN, **overrides})
    return decide(pairs, asked, thread_counts=[1])


def test_few_pairs_are_learned_with_more_dropout_than_many(pairs: Callable[[Rows], PairSet]) -> None:
    few, many = [pairs([(f"{n}{word}", word) for n, word in enumerate(WORDS * count)]) for count in (1, 40)]
    assert plan_of(few).config.network.dropout > plan_of(many).config.network.dropout
    assert plan_of(few, dropout=0.1).config.network.dropout == 0.1


@pytest.mark.parametrize(
    ("rows", "copies"),
    [
        ([(word, f"{word}d") for word in WORDS], True),
        ([(word, word.upper()) for word in WORDS], False),
        ([(word, " ".join(word)) for word in WORDS], False),
    ],
    ids=["alike", "other symbols", "other kinds of symbols"],
)
def test_symbols_are_copied_where_most_of_a_target_stands_in_its_source(
    pairs: Callable[[Rows], PairSet], rows: Rows, copies: bool
) -> None:
    assert plan_of(pairs(rows)).config.network.copies is copies
    assert not plan_of(pairs(rows), copies=False).config.network.copies


def test_long_lines_are_learned_in_small_batches(pairs: Callable[[Rows], PairSet]) -> None:
    long = plan_of(pairs([(word * 30, word * 30) for word in WORDS])).config
    short = plan_of(pairs([(f"{n}{word}", word) for n, word in enumerate(WORDS * 10)])).config
    assert (short.network.attention, short.network.jumps, short.training.batch_size) == ("hard", 8, 32)
    assert (long.network.attention, long.network.jumps) == ("hard", 8)
    assert 1 <= long.training.batch_size <= 3


def test_attention_that_never_moves_back_learns_how_far_it_moves_only_in_long_lines(
    pairs: Callable[[Rows], PairSet],
) -> None:
    for length, jumps in ((1, 0), (30, 8)):
        network = plan_of(
            pairs([(word * length, word * length) for word in WORDS]), attention="monotonic"
        ).config.network
        assert (network.attention, network.jumps, network.moves_back) == ("monotonic", jumps, False)


def test_a_pair_that_comes_often_is_learned_as_often_as_the_root_of_that(pairs: Callable[[Rows], PairSet]) -> None:
    text = pairs([("the", "THE"), ("cat", "CAT"), ("the", "the")] * 9 + [("a", "A")] * 2 + [("mat", "MAT")])
    plan = plan_of(text)
    learned = Counter(map(tuple, plan.training.targets))
    assert sorted(learned.values()) == [1, 2, 3, 3, 3]
    assert plan.config.regularization.fewer_repetitions
    assert plan.config.corpus.training_characters == plan.config.corpus.training_symbols - len(plan.training)
    distinct = pairs([(f"{n}{word}", word) for n, word in enumerate(WORDS)])
    assert not plan_of(distinct).config.regularization.fewer_repetitions


def test_long_lines_of_many_symbols_have_soft_attention(pairs: Callable[[Rows], PairSet]) -> None:
    symbols = "".join(map(chr, range(0x4E00, 0x4E00 + 300)))
    network = plan_of(pairs([(symbols[i:] + symbols[:i], symbols) for i in range(9)])).config.network
    assert (network.attention, network.jumps) == ("additive", 0)


def test_pairs_of_too_many_places_are_left_out_and_where_all_are_that_is_said(pairs: Callable[[Rows], PairSet]) -> None:
    plan = plan_of(pairs([("a" * 600, "b" * 600), ("a", "b")]))
    assert (len(plan.training), plan.training.left_out) == (1, 1)
    with pytest.raises(CorpusError, match="all pairs are too long"):
        plan_of(pairs([("a" * 600, "b" * 600)]))


def test_where_symbols_are_many_hard_attention_learns_from_fewer_places_at_once(
    pairs: Callable[[Rows], PairSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [("a" * 5, "".join(chr(0x4E00 + 4 * n + place) for place in range(4))) for n in range(100)]
    assert plan_of(pairs(rows)).config.training.batch_size == 4
    outputs = plan_of(pairs(rows)).config.network.outputs
    monkeypatch.setattr(plan, "MOST_EMITTED", 60 * outputs)
    assert plan_of(pairs(rows)).config.training.batch_size == 2, "30 places times symbols each, the stops counted"
    for attention in ("additive", "none"):
        assert plan_of(pairs(rows), attention=attention).config.training.batch_size == 4
    long = plan_of(pairs([*rows[1:], ("a" * 20, rows[0][1])]))
    assert (len(long.training), long.training.left_out) == (99, 1)
    monkeypatch.setattr(plan, "MOST_EMITTED", 29 * outputs)
    with pytest.raises(CorpusError, match="all pairs are too long: source times target may be 29 symbols"):
        plan_of(pairs(rows))


def test_frames_are_as_many_as_the_longest_target_needs_within_bounds(pairs: Callable[[Rows], PairSet]) -> None:
    plan = plan_of(pairs([("ab", "vwxyz"), ("abc", "v")]), decoder="ctc")
    assert (plan.config.network.frames, plan.training.left_out) == (2, 0), "5 symbols for 2 places and the stop"
    longest = plan_of(pairs([("a", "vw" * 20), ("abc", "v")]), decoder="ctc")
    assert (longest.config.network.frames, longest.training.left_out) == (8, 1)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"copies": True}, "--copy"),
        ({"copies": True, "attention": "none"}, "--copy"),
        ({"decoder": "ctc", "attention": "dot"}, "--attention"),
    ],
)
def test_what_contradicts_the_pairs_is_refused(
    pairs: Callable[[Rows], PairSet], overrides: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        plan_of(pairs([(word, " ".join(word)) for word in WORDS]), **overrides)
