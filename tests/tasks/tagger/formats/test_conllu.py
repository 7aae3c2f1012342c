from __future__ import annotations

import pytest

from charnn.errors import CorpusError, UsageError
from charnn.tasks.tagger.formats import open_reader, render
from charnn.tasks.tagger.formats.sentence import NO_TAG, Annotation, Sentence

GOLDEN = (
    "\n"
    "# newdoc id = d\n"
    "# text = Don't stop , bắt chuyện\n"
    "1-2\tDon't\t_\t_\t_\t_\t_\t_\t_\t_\n"
    "1\tDo\tdo\tAUX\tVBP\tMood=Imp\t3\taux\t_\t_\r\n"
    "2\tn't\tnot\tPART\tRB\t_\t3\tadvmod\t_\tSpaceAfter=No|UposProb=0.1|Note=UposProb\n"
    "3\tstop\tstop\tVERB\tVB\tVerbForm=Inf\t0\troot\t_\tUposBest=X:0.5\n"
    "3.1\tgo\tgo\tVERB\tVB\t_\t_\t_\t0:root\tCopyOf=3\n"
    "4\t,\t,\tPUNCT\t,\t_\t3\tpunct\t_\t_\n"
    "5\tbắt chuyện\tbắt chuyện\tVERB\tV\t_\t3\tconj\t_\t_"
)
TAGS = ["X1", "X2", "X3", "X4", "X5"]


def row(*cells: str) -> str:
    return "\t".join([*cells, *["_"] * (10 - len(cells))]) + "\n"


def read(text: str) -> list[Sentence]:
    reader = open_reader("conllu", "dev.conllu")
    return [*reader.feed(text), *reader.finish()]


def golden() -> Sentence:
    _, sentence = read(GOLDEN)
    return sentence


def test_words_are_those_with_a_whole_number() -> None:
    sentence = golden()
    assert sentence.words == ["Do", "n't", "stop", ",", "bắt chuyện"]
    assert (sentence.line, sentence.error, len(sentence)) == (2, None, 5)


def test_gold_tags_come_by_the_name_of_their_column() -> None:
    sentence = golden()
    assert sentence.reference_tags("upos") == ["AUX", "PART", "VERB", "PUNCT", "VERB"]
    assert sentence.reference_tags("tag") == sentence.reference_tags("upos")
    assert sentence.reference_tags("xpos") == ["VBP", "RB", "VB", ",", "V"]
    assert sentence.reference_tags("feats") == ["Mood=Imp", "_", "VerbForm=Inf", "_", "_"]
    assert sentence.reference_tags("lemma") == ["do", "not", "stop", ",", "bắt chuyện"]
    assert sentence.reference_tags("deprel") == ["aux", "advmod", "root", "punct", "conj"]


def test_a_word_without_a_tag_has_none_and_a_column_that_there_is_not_is_named() -> None:
    _, sentence = read(GOLDEN.replace("PUNCT", "_"))
    assert sentence.reference_tags("upos")[3] == NO_TAG
    with pytest.raises(CorpusError, match=r"^dev\.conllu:2: the words have no ner$"):
        sentence.reference_tags("ner")


def test_features_are_none_where_the_word_has_a_tag_and_otherwise_not_given() -> None:
    rows = ("X\t_\t_", "_\tY\t_", "_\t_\t_", "_\t_\tN=1")
    (sentence,) = read("".join(f"{n}\tw\t_\t{row}\t_\t_\t_\t_\n" for n, row in enumerate(rows, 1)))
    assert sentence.reference_tags("feats") == ["_", "_", NO_TAG, "N=1"]
    assert sentence.reference_tags("upos") == ["X", NO_TAG, NO_TAG, NO_TAG]


def test_only_the_column_asked_for_changes() -> None:
    lines = [line.split("\t") for line in GOLDEN[1:].split("\n")]
    for line, tag in zip((3, 4, 5, 7, 8), TAGS, strict=True):
        lines[line][4] = tag
    expected = "\n".join(map("\t".join, lines))
    assert render(golden(), [Annotation("xpos", TAGS)], "conllu") == expected
    assert render(golden(), [Annotation("xpos", golden().reference_tags("xpos"))], "conllu") == GOLDEN[1:]


def test_several_columns_change_at_once() -> None:
    (sentence,) = read(row("1", "a", "a", "X", "Y", "Z") + "\n")
    annotations = [Annotation("feats", ["F"]), Annotation("upos", ["U"])]
    assert render(sentence, annotations, "conllu") == row("1", "a", "a", "U", "Y", "F") + "\n"


def test_probabilities_go_to_misc_and_replace_those_of_an_earlier_run() -> None:
    annotation = Annotation(
        "upos", TAGS, [0.99996, 0.5, 0.25, 1.0, 0.00001], [[("A|B c\\", 0.9), (",", 0.1)]] + [[("X", 0.5)]] * 4
    )
    once = render(golden(), [annotation], "conllu")
    assert [line.split("\t")[9] for line in once.split("\n")[2:]] == [
        "_",
        r"UposProb=1.0000|UposBest=A\pB\sc\\:0.9000,,:0.1000" + "\r",
        "SpaceAfter=No|Note=UposProb|UposProb=0.5000|UposBest=X:0.5000",
        "UposProb=0.2500|UposBest=X:0.5000",
        "CopyOf=3",
        "UposProb=1.0000|UposBest=X:0.5000",
        "UposProb=0.0000|UposBest=X:0.5000",
    ]
    (again,) = read(once)
    assert render(again, [annotation], "conllu") == once


def test_probabilities_of_two_columns_stand_side_by_side() -> None:
    (sentence,) = read(row("1", "a") + "\n")
    annotations = [Annotation("upos", ["U"], [0.5]), Annotation("xpos", ["X"], [0.75])]
    expected = "1\ta\t_\tU\tX\t_\t_\t_\t_\tUposProb=0.5000|XposProb=0.7500\n\n"
    assert render(sentence, annotations, "conllu") == expected


def test_line_end_of_the_last_row_stays_behind_what_misc_gains() -> None:
    (sentence,) = read(row("1", "a").replace("\n", "\r\n"))
    assert render(sentence, [Annotation("upos", ["U"], [0.5])], "conllu").endswith("\tUposProb=0.5000\r\n")


def test_a_sentence_is_as_it_was_after_it_was_written() -> None:
    sentence = golden()
    for to in ("conllu", "columns", "slashed"):
        render(sentence, [Annotation("upos", TAGS)], to)  # type: ignore[arg-type]
    assert sentence == golden()


def test_tags_of_the_wrong_number_are_refused() -> None:
    for sentence in (golden(), read(row("1", "a") + row("2", "b"))[0]):
        with pytest.raises(ValueError, match=r"size|shorter"):
            render(sentence, [Annotation("upos", ["X"])], "conllu")


@pytest.mark.parametrize("column", ["head", "misc", "two words"])
def test_a_column_that_cannot_have_tags_is_wrong_usage(column: str) -> None:
    with pytest.raises(UsageError, match=f"CoNLL-U cannot have tags in a column '{column}'"):
        render(golden(), [Annotation(column, TAGS)], "conllu")


def test_comments_and_blank_lines_alone_are_sentences_without_words() -> None:
    sentences = read("\n# a comment\n\n\n \n# the end")
    assert [s.source for s in sentences] == ["\n", "# a comment\n\n", "\n", " \n", "# the end"]
    assert [s.line for s in sentences] == [1, 2, 4, 5, 6]
    assert all(s.words == [] and s.error is None and s.reference_tags("upos") == [] for s in sentences)
    assert [render(s, [Annotation("upos", [])], "conllu") for s in sentences] == [s.source for s in sentences]


def test_a_sentence_is_complete_with_its_blank_line_and_not_before() -> None:
    reader = open_reader("conllu", "x")
    assert reader.feed(row("1", "a")) == []
    assert reader.feed("\r") == []
    (sentence,) = reader.feed("\n" + row("1", "b"))
    assert (sentence.words, sentence.source) == (["a"], row("1", "a") + "\r\n")
    assert [s.words for s in reader.finish()] == [["b"]]
    assert reader.finish() == []


@pytest.mark.parametrize(("rows", "is_said"), [(["1\ta\tX", "2\tb\tY"], True), (["1\ta\tX", "2\tb"], False)])
def test_rows_that_are_all_of_another_width_are_said_to_be_of_another_format(rows: list[str], is_said: bool) -> None:
    (sentence,) = read("\n".join([*rows, "", ""]))
    assert sentence.error is not None
    assert sentence.error.hint == ("if all rows have 3, it is read with --format columns" if is_said else None)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["1\ta\tb"], "2: expected 10 columns, found 3"),
        (["1\ta" + "\t_" * 9], "2: expected 10 columns, found 11"),
        ([row("1", "a"), "2 b _ _ _ _ _ _ _ _"], "3: expected 10 columns, found 1"),
        # as many cells as two rows have, but not ten in each
        (["1\ta" + "\t_" * 9, "2\tb" + "\t_" * 7], "2: expected 10 columns, found 11"),
        ([row("1", "a"), "# late"], "3: a comment after the first word of a sentence"),
        ([row("1", "a"), row("2", "")], "3: the form is empty"),
        ([row("1", "a"), row("3", "b")], "3: expected the id 2, found '3'"),
        ([row("2", "a")], "2: expected the id 1, found '2'"),
        ([row("0", "a")], "2: expected the id 1, found '0'"),
        ([row("01", "a")], "2: expected the id 1, found '01'"),
        ([row("1", "a"), row("1", "b")], "3: expected the id 2, found '1'"),
        ([row("", "a")], "2: expected the id 1, found ''"),
        ([row("one", "a")], "2: expected the id 1, found 'one'"),
        ([row("\u0661", "a")], "2: expected the id 1, found '\u0661'"),
        ([row("1", "a"), row("1.2", "b")], "3: expected the id 2, found '1.2'"),
        ([row("1", "a"), row("2.1", "b")], "3: expected the id 2, found '2.1'"),
        ([row("2-3", "a"), row("1", "a")], "2: expected the id 1, found '2-3'"),
        ([row("1", "a"), row("2-1", "a")], "3: expected the id 2, found '2-1'"),
        ([row("1-2", "ab"), row("1", "a"), row("2-3", "bc"), row("2", "b")], "4: expected the id 2, found '2-3'"),
        ([row("1-3", "abc"), row("1", "a"), row("2", "b")], "4: the last word is 2, but a range ends at 3"),
        ([row("1-" + "9" * 5000, "a")], "2: expected the id 1, found '1-999"),
    ],
)
def test_malformed_sentence_has_its_place_and_reading_goes_on(rows: list[str], message: str) -> None:
    source = "# comment\n" + "".join(row.removesuffix("\n") + "\n" for row in rows) + "\n"
    malformed, following = read(source + row("1", "fine"))
    assert malformed.error is not None
    assert str(malformed.error).startswith(f"dev.conllu:{message}")
    assert (malformed.source, malformed.words) == (source, [])
    assert render(malformed, [], "conllu") == render(malformed, [], "columns") == source
    with pytest.raises(CorpusError, match=r"^dev\.conllu:"):
        malformed.reference_tags("upos")
    assert (following.words, following.line) == (["fine"], source.count("\n") + 1)


def test_spaces_for_tabs_are_guessed_in_the_hint() -> None:
    (sentence,) = read("1 a _ _ _ _ _ _ _ _\n")
    assert sentence.error is not None
    assert sentence.error.hint == "columns are separated by tabs"


def test_a_sentence_of_many_thousand_words_is_read() -> None:
    (sentence,) = read("".join(row(str(number), f"w{number}") for number in range(1, 5001)))
    assert sentence.error is None
    assert len(sentence) == 5000


def test_raw_text_becomes_rows_with_the_text_and_its_spaces() -> None:
    reader = open_reader("lines", "x")
    (sentence,) = reader.feed('He  said: "no".\n')
    tags = ["PRON", "VERB", "P", "P", "INTJ", "P", "P"]
    assert render(sentence, [Annotation("upos", tags, [0.5] * 7), Annotation("feats", ["_"] * 7)], "conllu") == (
        '# text = He said: "no".\n'
        "1\tHe\t_\tPRON\t_\t_\t_\t_\t_\tUposProb=0.5000\n"
        "2\tsaid\t_\tVERB\t_\t_\t_\t_\t_\tSpaceAfter=No|UposProb=0.5000\n"
        "3\t:\t_\tP\t_\t_\t_\t_\t_\tUposProb=0.5000\n"
        '4\t"\t_\tP\t_\t_\t_\t_\t_\tSpaceAfter=No|UposProb=0.5000\n'
        "5\tno\t_\tINTJ\t_\t_\t_\t_\t_\tSpaceAfter=No|UposProb=0.5000\n"
        '6\t"\t_\tP\t_\t_\t_\t_\t_\tSpaceAfter=No|UposProb=0.5000\n'
        "7\t.\t_\tP\t_\t_\t_\t_\t_\tUposProb=0.5000\n\n"
    )


def test_other_formats_have_no_place_for_lines_as_such() -> None:
    with pytest.raises(UsageError, match="tags cannot be written as lines"):
        render(golden(), [Annotation("upos", TAGS)], "lines")
