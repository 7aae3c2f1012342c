"""N-grams of aligned pairs are kept where they help on held-out pairs, and rank what a beam finds."""

from __future__ import annotations

import itertools
import json
import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charnn import api, load, train
from charnn.corpora.pairs import Pair
from charnn.errors import ModelFormatError
from charnn.tasks.transducer.dataset import Reference
from charnn.tasks.transducer.directory import NGRAMS
from charnn.tasks.transducer.learn.pair_ngrams import learn_pair_ngrams
from charnn.tasks.transducer.learn.trust import PROPOSALS, CandidateTargets, trusted
from charnn.tasks.transducer.lookup import Lookup
from charnn.tasks.transducer.pair_ngrams import PairNgrams
from charnn.tasks.transducer.symbols import Symbols
from charnn.tasks.transducer.use.line_transducer import Target, TransduceOptions
from charnn.tasks.transducer.use.model import Transducer
from charnn.training.distributed.processes import ALONE

WORDS = ["".join(letters) for length in (2, 3, 4) for letters in itertools.product("abcd", repeat=length)]
SMALL: dict[str, Any] = {"hidden": 16, "embedding": 8, "learning_rate": 0.02, "precision": "fp32", "device": "cpu"}


def spelt(word: str) -> str:
    """`ab` is one sound, and the other letters one each."""
    return word.replace("ab", "w").translate(str.maketrans("abcd", "xyzv"))


def pairs_of(words: list[str]) -> list[Pair]:
    return [Pair(word, spelt(word), "", line) for line, word in enumerate(words, 1)]


PAIRS = pairs_of(WORDS[::2])
SYMBOLS = Symbols.of(PAIRS, "characters", "characters")
HELD_OUT = [Reference(word, "", [spelt(word)], line) for line, word in enumerate(WORDS[1::2], 1)]
NOTHING = Lookup({})


def learned() -> PairNgrams:
    ngrams = learn_pair_ngrams(PAIRS, SYMBOLS)
    assert ngrams is not None
    return ngrams


def found(*, is_right_first: bool) -> CandidateTargets:
    """What a network might find: the right target and a wrong one, which it holds the likelier or not."""
    lines = [
        [Target(one.targets[0], math.log(0.5 if is_right_first else 0.3)),
         Target(one.targets[0] + "z", math.log(0.3 if is_right_first else 0.5))]
        for one in HELD_OUT
    ]  # fmt: skip
    return CandidateTargets(lines, [[] for _ in lines])


def only_proposed() -> CandidateTargets:
    """What a network might find that never finds the right target, and holds it unlikely where it is proposed."""
    return CandidateTargets(
        [[Target(one.targets[0] + "z", math.log(0.5))] for one in HELD_OUT],
        [[Target(one.targets[0], math.log(0.3))] for one in HELD_OUT],
    )


def test_what_was_never_learned_is_likelier_right_than_wrong() -> None:
    ngrams = learned()
    ids = [SYMBOLS.encode_source(one.source).ids[:-1] for one in HELD_OUT]
    right, wrong = (
        ngrams.log_p(ids, [SYMBOLS.encode_target(target)[:-1] for target in targets])
        for targets in ([spelt(one.source) for one in HELD_OUT], [spelt(one.source[::-1]) for one in HELD_OUT])
    )
    is_other = np.array([spelt(one.source) != spelt(one.source[::-1]) for one in HELD_OUT])
    assert (right > wrong)[is_other].mean() > 0.95


def test_ngrams_that_set_a_network_right_are_trusted() -> None:
    config = trusted(learned(), SYMBOLS, HELD_OUT, found(is_right_first=False), NOTHING)
    assert config is not None
    assert config.weight > 0
    assert (config.accuracy_alone, config.accuracy) == (0, 1)


def test_ngrams_that_change_nothing_are_not_kept() -> None:
    lines = [targets[:1] for targets in found(is_right_first=True).found]
    assert trusted(learned(), SYMBOLS, HELD_OUT, CandidateTargets(lines, [[] for _ in lines]), NOTHING) is None


def test_ngrams_that_propose_what_a_network_misses_propose() -> None:
    config = trusted(learned(), SYMBOLS, HELD_OUT, only_proposed(), NOTHING)
    assert config is not None
    assert config.proposals == PROPOSALS
    assert (config.accuracy_alone, config.accuracy) == (0, 1)


def test_ngrams_that_propose_nothing_of_use_rank_only() -> None:
    wrong = [[Target(one.targets[0] + "y", math.log(0.1))] for one in HELD_OUT]
    config = trusted(learned(), SYMBOLS, HELD_OUT, CandidateTargets(found(is_right_first=False).found, wrong), NOTHING)
    assert config is not None
    assert config.proposals == 0
    assert config.accuracy == 1


def test_ngrams_that_lead_a_network_astray_are_not_kept() -> None:
    astray = [Reference(one.source, "", [one.targets[0] + "z"], one.line) for one in HELD_OUT]
    assert trusted(learned(), SYMBOLS, astray, found(is_right_first=False), NOTHING) is None


def test_targets_that_training_had_gain_where_they_are_right() -> None:
    long = [Reference(one.source, "", [one.targets[0] * 3], one.line) for one in HELD_OUT]  # n-grams can align none
    lines = [[Target(one.targets[0] + "z", math.log(0.5)), Target(one.targets[0], math.log(0.3))] for one in long]
    candidates = CandidateTargets(lines, [[] for _ in lines])
    known = Lookup({f"{one.source}'": one.targets[0] for one in long})
    config = trusted(learned(), SYMBOLS, long, candidates, known)
    assert config is not None
    assert config.known_weight > 1
    assert (config.accuracy_alone, config.accuracy) == (0, 1)
    assert trusted(learned(), SYMBOLS, long, candidates, NOTHING) is None


def test_sources_that_are_looked_up_are_told_apart() -> None:
    wrong = Lookup({one.source: "wrong" for one in HELD_OUT[::2]})
    config = trusted(learned(), SYMBOLS, HELD_OUT, found(is_right_first=False), wrong)
    assert config is not None
    assert config.accuracy_with_lookup == pytest.approx(len(HELD_OUT[1::2]) / len(HELD_OUT))


def test_pairs_with_features_have_no_ngrams() -> None:
    with_features = [Pair(pair.source, pair.target, "PL", pair.line) for pair in PAIRS]
    symbols = Symbols.of(with_features, "characters", "characters")
    assert learn_pair_ngrams(with_features, symbols) is None


def test_pairs_that_are_all_too_long_or_unlike_have_no_ngrams() -> None:
    long = [Pair("ab" * 50, "xy" * 50, "", 1)]
    assert learn_pair_ngrams(long, Symbols.of(long, "characters", "characters")) is None
    unlike = [Pair("a", "xxxx", "", 1)]
    assert learn_pair_ngrams(unlike, Symbols.of(unlike, "characters", "characters")) is None


def test_long_pairs_are_aligned_as_short_ones_have_taught() -> None:
    several, another = pairs_of(["abdc" * 12, "dbca" * 30, "bbac" * 90]), "cabd" * 40
    short, long = learned(), learn_pair_ngrams([*PAIRS, *several], SYMBOLS)
    assert long is not None
    assert (long.graphones, len(long) > len(short)) == (short.graphones, True)
    source, target = SYMBOLS.encode_source(another).ids[:-1], SYMBOLS.encode_target(spelt(another))[:-1]
    for ngrams in (short, long):
        assert np.isfinite(ngrams.log_p([source], [target])[0])
        assert ngrams.search().likeliest(source, 2)[0] == target
    assert long.log_p([source], [target]) > short.log_p([source], [target])


def test_longer_pairs_are_left_out_once_interrupted() -> None:
    several = pairs_of(["abdc" * 12, "dbca" * 30])
    ngrams, short = (learn_pair_ngrams(pairs, SYMBOLS, None, lambda: True) for pairs in ([*PAIRS, *several], PAIRS))
    assert ngrams is not None
    assert short is not None
    assert len(ngrams) == len(short)


def test_a_short_budget_aligns_some_of_the_pairs() -> None:
    some = learn_pair_ngrams(PAIRS, SYMBOLS, 0.02)
    assert some is not None
    assert len(some) < len(learned())


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that has learned little, with n-grams that know better."""
    folder = tmp_path_factory.mktemp("ngrams")
    corpus = folder / "words.tsv"
    words = [word for _ in range(2) for word in WORDS[::-1]]
    corpus.write_text("".join(f"{word}\t{spelt(word)}\n" for word in words), "utf-8")
    train(str(corpus), task="transducer", steps=30, seed=1, lookup="never", out=folder / "model", **SMALL)
    return folder / "model"


def lines_of(model: Path, words: list[str], **options: Any) -> list[list[Target]]:
    with load(model) as transducer:
        assert isinstance(transducer, Transducer)
        return transducer.targets(words, TransduceOptions(**options))


@pytest.fixture(scope="module")
def without(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same network without its n-grams."""
    copy = tmp_path_factory.mktemp("without") / "model"
    shutil.copytree(model, copy)
    config = json.loads((copy / "config.json").read_text("utf-8"))
    del config["ngrams"]
    (copy / "config.json").write_text(json.dumps(config), "utf-8")
    return copy


def changed(model: Path, copy: Path, **ngrams: float) -> Path:
    """A copy of the model whose n-grams are trusted otherwise."""
    shutil.copytree(model, copy)
    config = json.loads((copy / "config.json").read_text("utf-8"))
    config["ngrams"] |= ngrams
    (copy / "config.json").write_text(json.dumps(config), "utf-8")
    return copy


def test_ngrams_that_help_are_kept_and_told(model: Path, command: Callable[..., Any]) -> None:
    config = load(model).config
    assert config.ngrams is not None
    assert config.ngrams.accuracy > config.ngrams.accuracy_alone
    assert (model / NGRAMS).is_file()
    assert f"{100 * config.ngrams.accuracy:.2f}% of lines right" in command("info", str(model)).out


def test_a_beam_is_ranked_and_greedy_search_is_the_network_alone(model: Path, without: Path) -> None:
    mixed, alone = (lines_of(path, WORDS, beam=5) for path in (model, without))
    right, right_alone = (
        sum(targets[0].text == spelt(word) for targets, word in zip(lines, WORDS, strict=True))
        for lines in (mixed, alone)
    )
    assert right > right_alone
    assert lines_of(model, WORDS, beam=1) == lines_of(without, WORDS, beam=1)


def test_ranking_leaves_the_targets_their_probability_together(model: Path, without: Path, tmp_path: Path) -> None:
    with_ngrams = changed(model, tmp_path / "ranking", proposals=0)
    mixed, alone = (lines_of(path, WORDS, beam=4, nbest=4) for path in (with_ngrams, without))
    for one, other in zip(mixed, alone, strict=True):
        assert {target.text for target in one} == {target.text for target in other}
        assert sum(t.probability for t in one) == pytest.approx(sum(t.probability for t in other))
        assert [t.log_probability for t in one] == sorted((t.log_probability for t in one), reverse=True)


def test_what_ngrams_propose_is_ranked_beside_what_the_network_finds(model: Path, without: Path) -> None:
    mixed, alone = (lines_of(path, WORDS, beam=4, nbest=4) for path in (model, without))
    proposed = 0
    for one, other in zip(mixed, alone, strict=True):
        proposed += one[0].text not in {target.text for target in other}
        assert len({target.text for target in one}) == len(one)
        assert sum(target.probability for target in one) <= 1
        assert [t.log_probability for t in one] == sorted((t.log_probability for t in one), reverse=True)
    assert proposed > 0


def test_no_more_is_proposed_than_the_beam_has(model: Path, tmp_path: Path) -> None:
    many, two = (changed(model, tmp_path / str(most), proposals=most) for most in (100, 2))
    assert lines_of(many, WORDS, beam=2, nbest=2) == lines_of(two, WORDS, beam=2, nbest=2)


def test_the_best_is_the_first_of_several(model: Path) -> None:
    several, best = lines_of(model, WORDS, beam=5, nbest=5), lines_of(model, WORDS, beam=5)
    assert [targets[0] for targets in several] == [targets[0] for targets in best]
    assert all(len(targets) == 1 for targets in best)


def test_a_pattern_bounds_what_is_ranked(model: Path) -> None:
    for targets in lines_of(model, WORDS, beam=5, nbest=3, pattern="[xw].*"):
        assert targets
        assert all(target.text[0] in "xw" for target in targets)


def test_what_is_drawn_is_drawn_from_the_network(model: Path, without: Path) -> None:
    assert lines_of(model, WORDS, temperature=0.8, seed=3) == lines_of(without, WORDS, temperature=0.8, seed=3)


def test_an_empty_line_and_a_symbol_never_seen_are_written(model: Path) -> None:
    empty, unseen = lines_of(model, ["", "a☃b"])
    assert empty[0].text == ""
    assert unseen


def test_a_run_that_goes_on_weighs_its_ngrams_again(model: Path, tmp_path: Path) -> None:
    copy = tmp_path / "model"
    shutil.copytree(model, copy)
    before = load(model).config.ngrams
    train(resume=copy, steps=60)
    after = load(copy).config.ngrams
    assert (copy / NGRAMS).exists() == (after is not None)
    assert before is not None
    assert after is None or after.accuracy_alone > before.accuracy_alone


@pytest.mark.parametrize("when", ["once it is validated", "before its first step"])
def test_a_run_that_is_interrupted_has_its_ngrams_as_it_is(model: Path, tmp_path: Path, when: str) -> None:
    """Whoever uses it without going on has what was learned before the first step."""
    corpus = str(load(model).config.corpus.sources[0].path)
    given = {"steps": 90, "seed": 1, "lookup": "never", **SMALL}
    session = api.start([corpus], "transducer", given, out=tmp_path / "model", overwrite=False, processes=ALONE)
    is_early = when == "before its first step"
    outcome = session.run(
        api.SilentObserver(),
        lambda: session.objective.ngrams is not None if is_early else session.loop.best is not None,
    )
    assert outcome == "interrupt"
    config = load(tmp_path / "model").config
    assert (config.scores is None) == is_early
    assert config.record.stopped_by == "interrupt"
    assert config.ngrams is not None
    assert config.ngrams.accuracy > config.ngrams.accuracy_alone
    assert any("n-grams" in remark for remark in session.remarks)


def test_the_same_run_has_the_same_ngrams(model: Path, tmp_path: Path) -> None:
    corpus = str(load(model).config.corpus.sources[0].path)
    train(corpus, task="transducer", steps=30, seed=1, lookup="never", out=tmp_path / "model", **SMALL)
    assert (tmp_path / "model" / NGRAMS).read_bytes() == (model / NGRAMS).read_bytes()
    assert load(tmp_path / "model").config.ngrams == load(model).config.ngrams


@pytest.mark.parametrize("spoilt", [b"", b"no arrays", None], ids=["empty", "text", "missing"])
def test_damaged_ngrams_are_refused_in_one_line(
    model: Path, tmp_path: Path, command: Callable[..., Any], spoilt: bytes | None
) -> None:
    copy = tmp_path / "model"
    shutil.copytree(model, copy)
    if spoilt is None:
        (copy / NGRAMS).unlink()
    else:
        (copy / NGRAMS).write_bytes(spoilt)
    with pytest.raises(ModelFormatError, match=re.escape(str(copy / NGRAMS))):
        load(copy).directory.check()
    result = command("transduce", "--model", str(copy), stdin="ab\n")
    assert result.code == 1
    assert result.err.count("\n") == 1
    assert str(copy / NGRAMS) in result.err


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("weight", -1.0),
        ("network_weight", 1e400),
        ("floor", 0.0),
        ("floor", 1.5),
        ("proposals", 101),
        ("proposals", 0.5),
        ("known_weight", 1e400),
    ],
)
def test_weights_that_cannot_be_are_refused(model: Path, tmp_path: Path, key: str, value: float) -> None:
    copy = changed(model, tmp_path / "model", **{key: value})
    with pytest.raises(ModelFormatError, match=r"config\.json"):
        load(copy)
