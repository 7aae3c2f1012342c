"""`charnn train --segment`: the words of raw text are learned with the tags, told of, and used."""

from __future__ import annotations

import shutil

import pytest

from tests.segmented import QUICK, segmented_model, treebank_text


@pytest.fixture
def learned(tmp_path_factory, tmp_path):
    """A model of text without spaces, which may be spoilt, and what was said while it learned."""
    folder = segmented_model(tmp_path_factory)
    shutil.copytree(folder / "model", tmp_path / "model")
    return (folder / "stderr").read_text()


def test_a_treebank_without_spaces_learns_words_and_tag_eval_and_info_use_them(charnn, learned, text_file) -> None:
    assert "words     of held-out raw text: rules " in learned
    assert "words of held-out raw text: F1 " in learned.splitlines()[-3]
    assert "; used for raw text" in learned.splitlines()[-3]
    assert "sentences of held-out raw text: F1 " in learned.splitlines()[-2]
    assert "; used for running text" in learned.splitlines()[-2]
    tagged = charnn("tag", "-m", "model", "--to", "slashed", text_file("他喜欢北京大学。\n", "raw.txt"))
    assert (tagged.code, tagged.err) == (0, "")
    assert [token.rpartition("_")[0] for token in tagged.text.split()] == ["他", "喜欢", "北京", "大学", "。"]
    scored = charnn("eval", text_file(treebank_text(20, seed=1), "new.conllu"), "-m", "model", "--json").json
    assert scored["word_f1_by_segmenter"] > 0.95 > scored["word_f1_by_rules"]
    assert scored["sentence_f1_by_segmenter"] > 0.95 > scored["sentence_f1_by_rules"]
    report = charnn("eval", "-m", "model").text
    assert "(words of raw text, F1: by the segmenter " in report
    assert "(sentences of running text, F1: by the segmenter " in report
    described = charnn("info", "model").text
    assert "; used for raw text" in described
    assert "; used for running text" in described
    running = text_file("他不吃苹果了我喜欢\n大学。不吃\n\n苹果了", "running.txt")
    columns = charnn("tag", "-m", "model", "--format", "text", "--to", "conllu", running)
    assert (columns.code, columns.err) == (0, "")
    sentences = [line[9:] for line in columns.text.splitlines() if line.startswith("# text = ")]
    assert sentences == ["他不吃苹果了", "我喜欢 大学。", "不吃", "苹果了"]
    assert columns.text.count("# newpar") == 2
    assert ["SpaceAfter=No" in block.splitlines()[-1] for block in columns.text.split("\n\n")[:-1]] == [
        True,
        True,
        False,
        False,
    ]


def test_without_a_segmenter_tag_says_what_is_missing(charnn, text_file) -> None:
    treebank = text_file(treebank_text(120), "t.conllu")
    trained = charnn("train", treebank, "--no-segment", *QUICK, "--steps", "2", "--out", "model")
    assert (trained.code, "segmenter" in trained.err) == (0, False)
    tagged = charnn("tag", "-m", "model", text_file("他喜欢北京大学。\n", "raw.txt"))
    assert tagged.code == 0
    assert "raw.txt:1: no spaces between words (Chinese or Japanese)" in tagged.err
    assert "--segment" in tagged.err


def test_segment_is_for_text_that_a_treebank_tells(charnn, text_file) -> None:
    slashed = text_file("the_DET cat_NOUN sat_VERB\n" * 9, "t.txt")
    result = charnn("train", slashed, "--segment", *QUICK)
    assert result.code == 2
    assert "--segment: there is no raw text with words in it to learn from" in result.err
    assert charnn("train", text_file("prose. " * 99, "p.txt"), "--segment", "--task", "language-model").code == 2


def test_a_damaged_segmenter_stops_raw_text_alone(charnn, learned, text_file, tmp_path) -> None:
    shutil.rmtree(tmp_path / "model" / "segmenter")
    raw = charnn("tag", "-m", "model", text_file("他喜欢北京大学。\n", "raw.txt"))
    assert raw.code == 1
    assert "segmenter/config.json: missing" in raw.err
    assert charnn("tag", "-m", "model", text_file(treebank_text(2), "t.conllu")).code == 0
