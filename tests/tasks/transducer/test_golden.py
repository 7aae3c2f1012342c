"""The transducers with n-grams, with edits, with words in lines and with attention that may move back in tests/golden/,
which every later charnn reads as they were written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from charnn import load
from charnn.checkpoint.files import dump_config
from charnn.tasks.transducer.directory import NGRAMS, TransducerDirectory
from charnn.tasks.transducer.edit_rules import EditRules
from charnn.tasks.transducer.line_words import LineWords
from charnn.tasks.transducer.pair_ngrams import PairNgrams
from charnn.tasks.transducer.use.line_transducer import TransduceOptions
from charnn.tasks.transducer.use.model import Transducer
from tests.paths import GOLDEN

PATH = GOLDEN / "transducer-ngrams-1"
SOURCES = ["añab", "🧊🧊", "bba"]
"""None of them is among those that it learned."""
GREEDY = [("iw", -3.9201), ("i", -2.8739), ("w", -3.0322)]
BEAM = [
    [("xzw", -2.1824), ("xzxy", -9.8060)],
    [("isis", -1.7298), ("i", -8.5991)],
    [("yyx", -1.7334), ("w", -10.7553)],
]

HARD = GOLDEN / "transducer-hard-1"
TO_EXCHANGE = ["añab.ba", "🧊🧊.b", "bba.aña"]
"""None of them is among those that it learned."""
EXCHANGED = [
    [("ba,añab", -1.4465), ("b,añab", -2.2982)],
    [("b,🧊🧊", -0.8546), ("b,🧊", -2.2252)],
    [("aña,bba", -0.9808), ("aña,bb", -3.6845)],
]

EDITS = GOLDEN / "transducer-edits-1"
TO_INFLECT = ["ñaba\tPL", "🧊ab\tV;PST", "bba\tV;PTCP", "bba\tPL;PST"]
"""None of them is among those that it learned, and it has not met the last features together."""
INFLECTED = [
    [("ñabes", -3.1457), ("ñabas", -3.9155)],
    [("🧊abed", -2.9280), ("🧊🧊ab", -19.1205)],
    [("gebbat", -2.9177), ("bbba", -18.1581)],
    [("bbaed", -2.9865), ("bbas", -3.3180)],
]

LINES = GOLDEN / "transducer-lines-1"
TO_WRITE_OUT = ["da rabbit can c da hen", "plse go bck from here", "we cannot c da ☃"]
"""None of them is among those that it learned."""
WRITTEN_OUT = [
    [("The rabbit can see the hen.", -47.7568), ("The rabbit. can see the hen.", -53.4197)],
    [("Please go back from here.", -38.8844), ("Please go bck from here.", -44.0499)],
    [("We cannot see the ☃", -29.5930), ("We cannot see The ☃", -34.1607)],
]


@pytest.fixture
def directory() -> TransducerDirectory:
    return TransducerDirectory.open(PATH)


def ngrams_of(directory: TransducerDirectory) -> PairNgrams:
    ngrams = directory.ngrams()
    assert isinstance(ngrams, PairNgrams)
    return ngrams


def lines_of(path: Path, options: TransduceOptions, sources: Sequence[str] = SOURCES) -> list[list[tuple[str, float]]]:
    with load(path) as model:
        assert isinstance(model, Transducer)
        found = model.targets(sources, options)
    return [[(target.text, target.log_probability) for target in targets] for targets in found]


def assert_alike(found: list[list[tuple[str, float]]], wanted: list[list[tuple[str, float]]]) -> None:
    for targets, known in zip(found, wanted, strict=True):
        assert [text for text, _ in targets] == [text for text, _ in known]
        assert [log_p for _, log_p in targets] == pytest.approx([log_p for _, log_p in known], abs=1e-3)


def test_ngrams_say_what_they_said_and_are_written_again_byte_for_byte(
    directory: TransducerDirectory, tmp_path: Path
) -> None:
    ngrams, symbols = ngrams_of(directory), directory.symbols()
    assert (len(ngrams), ngrams.graphones, ngrams.order) == (74, 5, 4)
    source, target = symbols.encode_source("añab").ids[:-1], symbols.encode_target("xzw")[:-1]
    assert ngrams.log_p([source], [target]) == pytest.approx([-5.82030], abs=1e-4)
    likeliest = ngrams.search().likeliest(source, 3)
    assert [symbols.decode(ids) for ids in likeliest] == ["xzw", "xzxy"]
    copy = TransducerDirectory(Path(shutil.copytree(PATH, tmp_path / "copy")))
    copy.write_ngrams(ngrams)
    assert (copy.path / NGRAMS).read_bytes() == (PATH / NGRAMS).read_bytes()


def test_config_means_what_it_meant_and_is_written_again_byte_for_byte(directory: TransducerDirectory) -> None:
    config = directory.config()
    assert config.ngrams is not None
    assert (config.ngrams.network_weight, config.ngrams.weight, config.ngrams.floor) == (0.9928, 0.614, 1e-9)
    assert (config.ngrams.proposals, config.ngrams.known_weight) == (2, 0.0574)
    assert dump_config(config).encode() == (PATH / "config.json").read_bytes()


def test_targets_are_found_and_proposed_as_they_were() -> None:
    greedy = lines_of(PATH, TransduceOptions(beam=1))
    assert_alike(greedy, [[one] for one in GREEDY])
    assert_alike(lines_of(PATH, TransduceOptions(nbest=2)), BEAM)


def test_the_first_models_with_ngrams_only_ranked(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(PATH, tmp_path / "copy"))
    config = json.loads((copy / "config.json").read_text("utf-8"))
    for name in ("proposals", "known_weight"):
        del config["ngrams"][name]
    (copy / "config.json").write_text(json.dumps(config), "utf-8")
    ngrams = TransducerDirectory.open(copy).config().ngrams
    assert ngrams is not None
    assert (ngrams.proposals, ngrams.known_weight) == (0, 0.0)
    assert lines_of(copy, TransduceOptions(nbest=2)) != lines_of(PATH, TransduceOptions(nbest=2))


def test_attention_moves_back_as_it_did() -> None:
    directory = TransducerDirectory.open(HARD)
    config = directory.config()
    assert (config.network.attention, config.network.jumps, directory.weights()["jumps"].shape) == ("hard", 8, (9,))
    assert config.ngrams is not None
    assert config.ngrams.accuracy is None
    assert dump_config(config).encode() == (HARD / "config.json").read_bytes()
    assert_alike(lines_of(HARD, TransduceOptions(nbest=2), TO_EXCHANGE), EXCHANGED)


def test_edits_say_what_they_said_and_are_written_again_byte_for_byte(tmp_path: Path) -> None:
    copy = TransducerDirectory.open(Path(shutil.copytree(EDITS, tmp_path / "copy")))
    rules, symbols, config = copy.ngrams(), copy.symbols(), copy.config()
    assert isinstance(rules, EditRules)
    assert (len(rules), len(rules.bundles)) == (6, 3)
    source = symbols.encode_source("ñaba", "PL")
    assert [symbols.decode(ids) for ids in rules.proposed(source, 3)] == ["ñabes", "ñabas"]
    assert rules.scores([source], [[symbols.encode_target("ñabes")[:-1]]])[0] == pytest.approx([-0.119347], abs=1e-5)
    copy.write_ngrams(rules)
    assert (copy.path / NGRAMS).read_bytes() == (EDITS / NGRAMS).read_bytes()
    assert config.ngrams is not None
    assert (config.ngrams.weight, config.ngrams.floor, config.ngrams.proposals) == (0.8069, 1e-9, 2)
    assert dump_config(config).encode() == (EDITS / "config.json").read_bytes()


def test_forms_are_found_and_proposed_as_they_were() -> None:
    assert_alike(lines_of(EDITS, TransduceOptions(nbest=2), TO_INFLECT), INFLECTED)


def test_words_in_lines_say_what_they_said_and_are_written_again_byte_for_byte(tmp_path: Path) -> None:
    copy = TransducerDirectory.open(Path(shutil.copytree(LINES, tmp_path / "copy")))
    words, config = copy.ngrams(), copy.config()
    assert isinstance(words, LineWords)
    assert (len(words), len(words.tables.sources), len(words.tables.targets)) == (90, 17, 23)
    likeliest = ["The rabbit can see the hen.", "The rabbit. can see the hen."]
    assert words.likeliest(TO_WRITE_OUT[0], 2) == likeliest
    assert words.log_p(TO_WRITE_OUT[0], likeliest) == pytest.approx([-0.346303, -2.464125], abs=1e-4)
    copy.write_ngrams(words)
    assert (copy.path / NGRAMS).read_bytes() == (LINES / NGRAMS).read_bytes()
    assert config.ngrams is not None
    assert (config.ngrams.weight, config.ngrams.proposals, config.ngrams.symbol_error_rate) == (1.3663, 2, 0.0)
    assert dump_config(config).encode() == (LINES / "config.json").read_bytes()


def test_lines_are_found_and_proposed_as_they_were() -> None:
    assert_alike(lines_of(LINES, TransduceOptions(nbest=2), TO_WRITE_OUT), WRITTEN_OUT)
