"""A segmenter that is learned with a tagger: when, from what, and what it is then used for."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from charnn.config.training import Budget
from charnn.errors import ModelFormatError, UsageError
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.tagger.learn.segmenter import characters_of, segmenter_budget, tagger_budget, word_finding
from charnn.tasks.tagger.learn.session import TaggerSession
from charnn.tasks.tagger.use.model import Tagger
from tests.segmented import segmented_model, treebank_text


@pytest.fixture
def chinese(treebank_of):
    return treebank_of(treebank_text(120), columns=["upos"])


class Silent:
    def step(self, report) -> None:
        pass

    def validation(self, report, scores, *, best) -> None:
        pass


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A model of the Chinese sentences with its segmenter."""
    return segmented_model(tmp_path_factory) / "model"


def test_text_without_spaces_is_split_as_the_treebank_does(trained: Path) -> None:
    with Tagger.load(trained) as model:
        assert model.config.words is not None
        assert model.config.words.used
        assert model.config.words.segmenter_f1 > 0.95 > 0.5 > model.config.words.rules_f1
        assert model.words(["他喜欢北京大学。", "", "不 吃苹果"]) == [
            ["他", "喜欢", "北京", "大学", "。"],
            [],
            ["不", "吃", "苹果"],
        ]
        assert model.splitter.split_all(["不 吃"]) == [(["不", "吃"], [True, True])]


def test_sentences_of_running_text_end_as_they_do_in_the_treebank(trained: Path) -> None:
    with Tagger.load(trained) as model:
        assert model.config.words is not None
        assert model.config.words.sentences_used
        assert model.config.words.segmenter_sentence_f1 > 0.95 > 0.7 > model.config.words.rules_sentence_f1
        assert model.sentences("我不喜欢北京大学了他不吃\n苹果。我喜欢\n\n吃苹果了不") == [
            ["我", "不", "喜欢", "北京", "大学", "了"],
            ["他", "不", "吃", "苹果", "。"],
            ["我", "喜欢"],
            ["吃", "苹果", "了"],
            ["不"],
        ]


def test_where_rules_find_as_many_words_the_segmenter_finds_the_sentences_alone(trained: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(trained, tmp_path / "copy"))
    config = json.loads((copy / "config.json").read_text())
    config["words"] |= {"rules_f1": 1.0}
    (copy / "config.json").write_text(json.dumps(config))
    with Tagger.load(copy) as model:
        assert model.sentences("他不吃苹果了我喜欢。不") == [["他不吃苹果了"], ["我喜欢", "。"], ["不"]]


def test_a_segmenter_that_finds_no_sentences_is_learned_anew_when_its_run_goes_on(chinese, start, tmp_path) -> None:
    start(chinese, steps=8).run(Silent())
    directory = TaggerDirectory(tmp_path / "model")
    for path in (directory.path / "config.json", directory.path / "segmenter" / "config.json"):
        config = json.loads(path.read_text())
        for key in ("rules_sentence_f1", "segmenter_sentence_f1"):
            config.get("words", {}).pop(key, None)
        if config["corpus"]["columns"] == ["words", "sentences"]:
            config["corpus"]["columns"] = ["words"]
        path.write_text(json.dumps(config))
    assert TaggerSession.resume(directory, chinese, Budget(steps=12)).run(Silent()) == "budget"
    assert directory.segmenter().config().corpus.columns == ("words", "sentences")
    words = directory.config().words
    assert words is not None
    assert None not in (words.rules_sentence_f1, words.segmenter_sentence_f1)


def test_paragraphs_are_learned_with_the_spaces_between_their_sentences(treebank_of) -> None:
    def sentence(head: str, last: str) -> str:
        return f"{head}# text = ab.\n1\tab\t_\tX\t_\t_\t_\t_\t_\tSpaceAfter=No\n2\t.\t_\tX\t_\t_\t_\t_\t_\t{last}\n\n"

    text = sentence("", "_") + sentence("", "SpaceAfter=No") + sentence("", "_") + sentence("# newpar\n", "_")
    treebank = treebank_of(text * 2, columns=["upos"], holds_out=False)
    first, second, *_ = characters_of(treebank).training
    assert first.tags[1] == ["I", "I", "E"] * 3
    assert second.tags[1] == ["I", "I", "E"] * 4
    is_after_space = [symbol[0] in " _" for symbol in first.words]
    assert [n for n, after in enumerate(is_after_space) if after] == [0, 3]


def test_a_segmenter_is_learned_where_rules_find_few_words_or_where_it_is_wanted(chinese, treebank_of) -> None:
    finding = word_finding(chinese, None)
    assert finding is not None
    assert finding.rules_f1 < 0.5
    assert word_finding(chinese, False) is None
    spaced = treebank_of(treebank_text(120, space=" "), columns=["upos"])
    assert word_finding(spaced, None) is None
    wanted = word_finding(spaced, True)
    assert wanted is not None
    assert wanted.rules_f1 == 1
    few = treebank_of(treebank_text(20), columns=["upos"])
    assert word_finding(few, None) is None
    assert word_finding(few, True) is not None
    for other in (treebank_of("the_DET cat_NOUN sat_VERB\n" * 200), replace(chinese, training=[])):
        with pytest.raises(UsageError, match="--segment: there is no raw text"):
            word_finding(other, True)


def test_the_segmenter_takes_a_quarter_of_the_budget() -> None:
    hour = Budget(seconds=3600)
    assert tagger_budget(hour) == Budget(seconds=2700)
    assert segmenter_budget(tagger_budget(hour)) == Budget(seconds=900)
    for budget, part in ((Budget(epochs=8), Budget(epochs=2)), (Budget(steps=8), Budget(steps=2))):
        assert tagger_budget(budget) == budget
        assert segmenter_budget(budget) == part
    assert segmenter_budget(Budget(steps=1)) == Budget(steps=1)


def test_rules_are_seen_as_they_are_on_new_text(treebank_of) -> None:
    text = "# newpar\n# text = {0}!?\n1\t{0}!?\t_\tX\t_\t_\t_\t_\t_\t_\n\n"
    treebank = treebank_of("".join(text.format(c) for c in "abcdefghijklmnopqrst"), columns=["upos"])
    (first, *_) = characters_of(treebank).training
    # The form is known to the treebank, and would be whole; but rules that do not know it part the stops from it.
    assert [symbol[:1] for symbol in first.words[1:]] == ["!", "?"]
    assert first.tags == (["B", "I", "I"], ["I", "I", "E"])


def test_a_run_that_was_interrupted_in_its_segmenter_goes_on_to_the_same_model(chinese, start, tmp_path: Path) -> None:
    whole = start(chinese, "whole", steps=40, linear=False)
    whole.run(Silent())
    steps = iter(range(1000))
    session = start(chinese, "cut", steps=40, linear=False)
    assert session.run(Silent(), lambda: next(steps) >= 34) == "interrupt"
    assert Tagger(TaggerDirectory(tmp_path / "cut")).config.words.used is False
    resumed = TaggerSession.resume(TaggerDirectory(tmp_path / "cut"), chinese)
    assert resumed.run(Silent()) == "budget"
    configs = [json.loads((tmp_path / name / "config.json").read_text()) for name in ("whole", "cut")]
    assert configs[0]["words"] == configs[1]["words"]
    weights = [(tmp_path / name / "segmenter" / "weights.safetensors").read_bytes() for name in ("whole", "cut")]
    assert weights[0] == weights[1]
    with pytest.raises(UsageError, match="the budget of this run is spent"):
        TaggerSession.resume(TaggerDirectory(tmp_path / "cut"), chinese)


def test_a_finished_run_with_a_larger_budget_is_cut_in_its_segmenter_and_goes_on(chinese, start, tmp_path) -> None:
    start(chinese, steps=8, linear=False).run(Silent())
    directory = TaggerDirectory(tmp_path / "model")
    assert directory.segmenter().config().record.steps == 2
    calls = iter(range(1000))
    longer = TaggerSession.resume(directory, chinese, Budget(steps=40))
    assert longer.run(Silent(), lambda: next(calls) >= 34) == "interrupt"
    assert directory.config().record.steps == 40
    assert 2 < directory.segmenter().config().record.steps < 10
    assert TaggerSession.resume(directory, chinese).run(Silent()) == "budget"
    assert directory.segmenter().config().record.steps == 10


@pytest.mark.parametrize("damage", ["folder", "config.json", "weights.safetensors", "lexicon.json"])
def test_a_segmenter_that_is_missing_or_damaged_is_said(trained: Path, tmp_path: Path, damage: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(trained, copy)
    if damage == "folder":
        shutil.rmtree(copy / "segmenter")
    else:
        (copy / "segmenter" / damage).write_bytes(b"{}")
    with Tagger.load(copy, precision="fp32") as model, pytest.raises(ModelFormatError, match="segmenter"):
        model.words(["他"])
