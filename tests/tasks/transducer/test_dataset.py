"""What is held out: whole sources, or the end of a running text; and the record that finds the same split again."""

from __future__ import annotations

from pathlib import Path

import pytest

from charnn.corpora.data_files import DataFiles
from charnn.corpora.pairs import Pair, PairsLayout
from charnn.errors import CorpusError
from charnn.tasks.transducer.dataset import (
    hold_out,
    is_running_text,
    read_named_again,
    read_pair_set,
    read_pair_set_again,
    references,
)
from charnn.tasks.transducer.lookup import Lookup


def pairs_of(*rows: tuple[str, str]) -> list[Pair]:
    return [Pair(source, target, "", line) for line, (source, target) in enumerate(rows, 1)]


LIST = pairs_of(*((f"source {n // 2}", f"target {n}") for n in range(60)))
TEXT = pairs_of(*((f"word {n % 7}", f"Word {n % 7}") for n in range(60)))


def test_a_source_is_held_out_with_all_its_targets() -> None:
    training, held_out = hold_out(LIST)
    assert {pair.source for pair in training}.isdisjoint({pair.source for pair in held_out})
    assert sorted([*training, *held_out], key=lambda pair: pair.line) == LIST
    assert len(held_out) == 6


def test_of_a_running_text_the_end_is_held_out() -> None:
    assert is_running_text(TEXT)
    assert not is_running_text(LIST)
    assert hold_out(TEXT) == (TEXT[:54], TEXT[54:])


def test_a_source_has_all_its_targets_and_in_a_running_text_the_one_of_its_place() -> None:
    several = references(pairs_of(("a", "x"), ("b", "y"), ("a", "z"), ("c", "y")))
    assert [(one.source, one.targets, one.line) for one in several] == [
        ("a", ["x", "z"], 1), ("b", ["y"], 2), ("c", ["y"], 4)
    ]  # fmt: skip
    running = references(pairs_of(*[("a", "x"), ("b", "y")] * 3, ("a", "z")))
    assert [one.targets for one in running] == [["x"], ["y"]] * 3 + [["z"]]


def test_the_split_is_found_again_and_other_data_are_not_taken_for_it(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text("".join(f"s{n}\tt{n}\n" for n in range(30)))
    found = read_pair_set(DataFiles([str(path)]), layout=PairsLayout())
    again = read_pair_set_again(found.config)
    assert (again.training, again.validation) == (found.training, found.validation)
    named = read_named_again([str(path)], found.config)
    assert named is not None
    assert (named.training, named.validation) == (found.training, found.validation)
    (tmp_path / "other.tsv").write_text("a\tb\nc\td\n")
    assert read_named_again([str(tmp_path / "other.tsv")], found.config) is None
    path.write_text("a\tb\n")
    with pytest.raises(CorpusError, match="has changed"):
        read_pair_set_again(found.config)


def test_where_nothing_is_held_out_all_is_learned_and_validated_with(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text("a\tb\n")
    found = read_pair_set(DataFiles([str(path)], holds_out=False), layout=PairsLayout())
    assert found.training == found.validation
    assert len(found.training) == 1
    with pytest.raises(CorpusError, match="too few pairs"):
        read_pair_set(DataFiles([str(path)]), layout=PairsLayout())


def test_the_most_frequent_target_is_looked_up_and_of_equal_ones_the_first() -> None:
    lookup = Lookup.of(pairs_of(("a", "x"), ("a", "y"), ("a", "y"), ("b", "z"), ("b", "w")))
    assert (lookup.find("a"), lookup.find("b"), lookup.find("c"), lookup.find("a", "V")) == ("y", "z", None, None)
    assert Lookup.from_bytes(lookup.to_bytes()).find("a") == "y"


def test_what_contradicts_is_said(tmp_path: Path) -> None:
    (tmp_path / "train.tsv").write_text("a\tx\na\ty\nb\tz\nc\tz\n")
    (tmp_path / "valid.tsv").write_text("a\tx\nb\tw\nd\tw\n")
    found = read_pair_set(DataFiles([str(tmp_path / "train.tsv")], [str(tmp_path / "valid.tsv")]), layout=PairsLayout())
    assert found.remarks == (
        "sources with several targets, of which none is certain then: 1",
        "validation pairs whose source has another target in the pairs to train on: 1",
    )
    assert found.config.seen_pairs == 2
