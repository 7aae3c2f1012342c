"""`charnn tag` on text that has tags, or of which more is known: what is given stays, or binds, or is kept beside."""

from __future__ import annotations

import json
import shutil

import pytest

import charnn as library
from charnn.errors import UsageError

SENTENCES = (
    "EU\tNNP\tB-ORG\nrejects\tVBZ\tO\nGerman\tJJ\tB-MISC\n\nHe\tPRP\tO\nsat\tVBD\tO\n\n"
    "It\tPRP\tO\nran\tVBD\tO\nin\tIN\tO\nNew\tNNP\tB-LOC\nYork\tNNP\tI-LOC\n\n"
)


@pytest.fixture(scope="module", params=["independent", "crf", "feedback"])
def decoder(request, tmp_path_factory):
    return request.param, tmp_path_factory.mktemp(request.param), []


@pytest.fixture
def tag(charnn, text_file, tmp_path, decoder):
    """Runs `charnn tag` with a model of xpos and ner on a file of that content."""
    kind, kept, done = decoder
    if not done:
        text_file(SENTENCES * 5, "train.txt")
        how = ("--columns", "xpos,ner", "--epochs", "8", "--hidden", "16", "--decoder", kind)
        assert charnn("train", "train.txt", *how, "--out", "model").code == 0
        shutil.copytree(tmp_path, kept, dirs_exist_ok=True)
        done.append(True)
    else:
        shutil.copytree(kept, tmp_path, dirs_exist_ok=True)

    def run(content, *options, name="input.txt"):
        text_file(content, name)
        return charnn("tag", name, "-m", "model", *options)

    return run


def cells(result):
    assert result.code == 0
    return [line.split("\t") for line in result.text.splitlines() if line]


def test_tags_that_are_given_stay_and_gaps_are_filled(tag):
    given = "EU\t_\tB-ORG\nran\tXYZ\t_\nYork\t\tB-LOC\n\n"
    found = cells(tag(given, "--keep"))
    assert [row[0] for row in found] == ["EU", "ran", "York"]
    assert found[0][2] == "B-ORG"
    assert found[1][1] == "XYZ", "a tag that the model does not know stays too"
    assert found[2][2] == "B-LOC"
    assert all(cell not in ("", "_") for row in found for cell in row)
    whole = "EU\tVBD\tO\nran\tNNP\tB-LOC\n\n"
    assert tag(whole, "--keep").text == whole


def test_a_tag_that_is_given_is_as_good_as_certain(tag):
    result = tag("EU\tVBD\tO\nran\t_\t_\n\n", "--keep", "--json", "--probs", "--columns", "xpos")
    probabilities = result.json["probabilities"]["xpos"]
    assert probabilities[0] == pytest.approx(1, abs=1e-5)
    assert probabilities[1] < 1


def test_a_tag_that_is_given_outlasts_min_confidence_and_has_no_alternative_though_the_model_does_not_know_it(tag):
    given = "EU\tXYZ\tB-ORG\nran\t_\tO\n\n"
    assert [row[1] for row in cells(tag(given, "--keep", "--min-confidence", "1", "--columns", "xpos"))] == ["XYZ", "_"]
    said = tag(given, "--keep", "--json", "--probs", "--nbest", "2", "--columns", "xpos").json
    assert said["probabilities"]["xpos"][0] == 1
    assert said["alternatives"]["xpos"][0] == [["XYZ", 1]]
    assert len(said["alternatives"]["xpos"][1]) == 2


def test_a_tag_that_a_word_may_not_have_is_no_alternative(tag, text_file):
    text_file("EU\tVBD VBZ\n", "list.txt")
    options = ("--lexicon", "list.txt", "--format", "tokens", "--json", "--nbest", "4", "--columns", "xpos")
    (alternatives,) = tag("EU\n", *options).json["alternatives"]["xpos"]
    assert {name for name, _ in alternatives} == {"VBD", "VBZ"}


def test_a_few_values_that_are_no_tags_are_not_replaced_without_a_word(tag):
    result = tag("EU\teu\nran\trun\n\n", "--format", "columns", "--columns", "xpos")
    assert result.err.count("is none of the model's tags, and is replaced") == 1
    assert "--columns _,xpos passes it over" in result.err
    assert tag("EU\tNNP\nran\trun\n\n", "--format", "columns", "--columns", "xpos").err == ""


def test_values_that_are_no_tags_are_not_kept_as_tags_without_a_word(tag):
    result = tag("EU\teu\nran\trun\n\n", "--keep", "--format", "columns", "--columns", "xpos")
    assert [row[1] for row in cells(result)] == ["eu", "run"]
    assert "such as 'eu', is none of the model's tags, and is kept; --columns _,xpos passes it over" in result.err


def test_columns_that_training_passed_over_are_passed_over_by_tag(charnn, text_file):
    text = SENTENCES * 5
    text_file(text, "train.txt")
    assert (
        charnn("train", "train.txt", "--columns", "_,ner", "--epochs", "1", "--hidden", "8", "--out", "ner").code == 0
    )
    found = cells(charnn("tag", "train.txt", "-m", "ner"))
    assert [row[:2] for row in found] == [line.split("\t")[:2] for line in text.splitlines() if line]
    assert all(len(row) == 3 for row in found)


def test_words_have_only_tags_that_a_list_allows_them(tag, text_file):
    text_file("EU\tVBD VBZ\nYork\tO\nran\tPRP\n", "list.txt")
    found = cells(tag("EU\nran\nNew\nYork\n", "--lexicon", "list.txt", "--format", "tokens"))
    assert found[0][1] in ("VBD", "VBZ")
    assert found[1][1] == "PRP"
    assert found[3][2] == "O"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("EU\tVBX\n", "list.txt:2: the model has no tag 'VBX'; did you mean VBD or VBZ?"),
        ("EU\n", "list.txt:2: expected a form, a tab and the tags that it may have"),
    ],
)
def test_a_list_with_an_odd_line_is_refused(tag, text_file, said_once, line, message):
    text_file(f"New\tNNP\n{line}", "list.txt")
    assert message in said_once(tag("EU\n", "--lexicon", "list.txt"))


def test_tags_are_written_beside_what_a_file_has(tag):
    lemmas = "EU\teu\nran\trun\nYork\tyork\n\nHe\the\n\n"
    found = cells(tag(lemmas, "--append"))
    assert [row[:2] for row in found] == [["EU", "eu"], ["ran", "run"], ["York", "york"], ["He", "he"]]
    assert all(len(row) == 4 for row in found)
    replaced = tag(lemmas, "--columns", "xpos")
    assert "such as 'eu', is none of the model's tags, and is replaced; --append keeps it" in replaced.err
    assert "replaced" not in tag(SENTENCES).err


def test_columns_are_named_and_passed_over(tag):
    found = cells(tag("EU\teu\tB-PER\nran\trun\tO\nYork\tyork\tO\n\nHe\the\tO\n\n", "--columns", "_,ner"))
    assert [row[1] for row in found] == ["eu", "run", "york", "he"]
    assert found[0][2] == "B-ORG"
    assert all(len(row) == 3 for row in found)


def test_json_has_words_tags_and_what_was_asked_for(tag):
    plain = [json.loads(line) for line in tag(SENTENCES, "--json").text.splitlines()]
    assert [one["words"] for one in plain][1] == ["He", "sat"]
    assert [one["line"] for one in plain] == [1, 5, 8]
    assert set(plain[0]) == {"file", "line", "model", "words", "tags"}
    written = cells(tag(SENTENCES))
    assert [t for one in plain for t in one["tags"]["xpos"]] == [row[1] for row in written]
    more = tag(SENTENCES, "--json", "--probs", "--nbest", "2", "--columns", "ner").text.splitlines()
    for one in map(json.loads, more):
        assert list(one["tags"]) == ["ner"]
        for tag_of_word, p, best in zip(
            one["tags"]["ner"], one["probabilities"]["ner"], one["alternatives"]["ner"], strict=True
        ):
            assert len(best) == 2
            assert 0 < p <= 1
            assert tag_of_word in {other for other, _ in best} or p <= best[-1][1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--keep", "--append"), "--keep fills the tags of FILE, and --append adds others"),
        (("--json", "--to", "slashed"), "--json is a form of its own, and --to slashed another"),
        (("--append", "--to", "conllu"), "--append: rows of CoNLL-U have no place for more; choose --to columns"),
        (("--lexicon", "none.txt"), "none.txt: no such file or directory"),
    ],
)
def test_what_does_not_go_together_is_said_in_one_line(tag, said_once, options, message):
    assert message in said_once(tag(SENTENCES, *options))


WORDS = ["EU", "ran", "New", "York"]
GIVEN = {"xpos": ["_", "XYZ", "", "NNP"], "ner": ["_", "O", "_", "I-LOC"]}
FORMS = {"EU": ("NNP", "B-ORG"), "New": ("NNP",), "ran": ("VBD", "O")}


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("listed", ["path", "mapping", None])
def test_python_gives_what_the_command_line_gives(tag, text_file, tmp_path, kept, listed):
    text_file("".join(f"{form}\t{' '.join(tags)}\n" for form, tags in FORMS.items()), "list.txt")
    rows = "".join("\t".join(cells) + "\n" for cells in zip(WORDS, *GIVEN.values(), strict=True))
    options = (*(["--keep"] if kept else []), *(["--lexicon", "list.txt"] if listed else []))
    said = tag(rows + "\n", "--format", "columns", "--json", "--probs", "--nbest", "3", *options)
    assert said.code == 0, said.err
    lexicon = {"path": tmp_path / "list.txt", "mapping": FORMS, None: None}[listed]
    with library.load(tmp_path / "model") as model:
        (found,) = model.tag(
            [WORDS], probabilities=True, alternatives=3, keep=[GIVEN] if kept else None, lexicon=lexicon
        )
    for column, annotation in found.items():
        assert list(annotation.tags) == said.json["tags"][column]
        assert annotation.probabilities == pytest.approx(said.json["probabilities"][column], abs=1e-5)
        for own, other in zip(annotation.alternatives, said.json["alternatives"][column], strict=True):
            assert [name for name, _ in own] == [name for name, _ in other]
    assert (found["xpos"].tags[1] == "XYZ") == kept


def test_python_says_what_does_not_fit(tag, tmp_path):
    tag("EU\n", "--format", "tokens")  # there is a model then
    with library.load(tmp_path / "model") as model:
        with pytest.raises(UsageError, match="keep: sentence 1 has 4 words, and 1 tag of xpos for them"):
            model.tag([WORDS], keep=[{"xpos": ["NNP"]}])
        with pytest.raises(UsageError, match="keep: tags of 0 sentences are given, and there are 1"):
            model.tag([WORDS], keep=[])
        with pytest.raises(UsageError, match="keep: no column 'zpos'"):
            model.tag([WORDS], keep=[{"zpos": ["NNP"] * 4}])
        with pytest.raises(UsageError, match="lexicon: 'EU': the model has no tag 'NOUN'") as caught:
            model.tag([WORDS], lexicon={"EU": ["NOUN"]})
        assert "NNP" in caught.value.hint
        (bound,) = model.tag([WORDS], columns=["ner"], keep=[{"xpos": ["NNP"] * 4}], lexicon={"EU": ["O"]})
        assert bound["ner"].tags[0] == "O"


@pytest.mark.parametrize("option", ["--keep", "--append"])
def test_raw_text_has_no_tags_to_keep_and_that_is_said(tag, option):
    raw = tag("The EU ran.\nIt sat in New York again.\n", option)
    assert raw.code == 0
    assert raw.err.count(f"{option} does nothing: input.txt is read as raw text, which has no tags; --format says") == 1
    assert "does nothing" not in tag(SENTENCES, option).err
