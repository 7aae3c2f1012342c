"""CoNLL-U Plus: a file that names its columns is read by their names and written without losing a byte."""

from __future__ import annotations

import pytest

from charnn.errors import UsageError
from charnn.tasks.tagger.formats import open_reader, render
from charnn.tasks.tagger.formats.recognition import recognize
from charnn.tasks.tagger.formats.sentence import Annotation, Sentence
from charnn.tasks.tagger.use.stream import AnnotatedSentence, TagWriter

PLUS = (
    "# global.columns = ID FORM UPOS MISC PARSEME:MWE\n"
    "# sent_id = 1\n"
    "1-2\tdon't\t_\t_\t*\n"
    "1\tdo\tAUX\t_\t*\n"
    "2\tn't\tPART\tSpaceAfter=No\t1:VID\n"
    "\n"
    "1\tgo\tVERB\t_\t1\n"
    "\n"
)


def read(text: str) -> list[Sentence]:
    reader = open_reader("conllu", "f")
    return [*reader.feed(text), *reader.finish()]


def tagged(text: str, *columns: str, tag: str = "X") -> str:
    sentences = read(text)
    writer = TagWriter("conllu")
    return writer.text(
        AnnotatedSentence(s, None if s.error else [Annotation(c, [tag] * len(s.words)) for c in columns])
        for s in sentences
    )


def test_columns_are_known_by_their_names_in_small_letters() -> None:
    first, second = read(PLUS)
    assert recognize(PLUS).format == "conllu"
    assert (first.words, second.words) == (["do", "n't"], ["go"])
    assert first.values("upos") == first.values("tag") == ["AUX", "PART"]
    assert first.values("parseme:mwe") == ["*", "1:VID"]
    assert first.values("xpos") is None
    assert first.values("misc") is None
    assert first.line_of(1) == 5


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_only_the_tags_change(end: str) -> None:
    text = PLUS.replace("\n", end)
    assert "".join(sentence.source for sentence in read(text)) == text
    assert tagged(text, "upos") == text.replace("AUX", "X").replace("PART", "X").replace("VERB", "X")
    changed = text.replace("AUX\t_\t*", "AUX\t_\tX").replace("1:VID", "X").replace(f"\t1{end}", f"\tX{end}")
    assert tagged(text, "parseme:mwe") == changed


def test_a_column_that_the_file_does_not_have_is_appended_and_named() -> None:
    assert tagged(PLUS, "ner") == (
        "# global.columns = ID FORM UPOS MISC PARSEME:MWE NER\n"
        "# sent_id = 1\n"
        "1-2\tdon't\t_\t_\t*\t_\n"
        "1\tdo\tAUX\t_\t*\tX\n"
        "2\tn't\tPART\tSpaceAfter=No\t1:VID\tX\n"
        "\n"
        "1\tgo\tVERB\t_\t1\tX\n"
        "\n"
    )


@pytest.mark.parametrize(("mark", "end"), [("", "\n"), ("\ufeff", "\r\n")])
def test_plain_conllu_becomes_conllu_plus_where_it_has_no_column(mark: str, end: str) -> None:
    rows = "# sent_id = 1\n1\tgo\tgo\tVERB" + "\t_" * 5 + "\tSpaceAfter=No{}\n\n"
    text = mark + (rows * 2).replace("{}", "").replace("\n", end)
    opening = "# global.columns = ID FORM LEMMA UPOS XPOS FEATS HEAD DEPREL DEPS MISC NER\n"
    assert tagged(text, "upos", "ner") == (
        mark + (opening + rows * 2).replace("{}", "\tX").replace("VERB", "X").replace("\n", end)
    )
    again = tagged(tagged(text, "ner"), "ner", tag="Y")
    assert again.count("global.columns") == 1
    assert again == tagged(text, "ner", tag="Y")


def test_raw_text_is_written_with_its_further_columns() -> None:
    reader = open_reader("lines", "f")
    sentences = [*reader.feed("go on\ngo\n"), *reader.finish()]
    text = TagWriter("conllu").text(AnnotatedSentence(s, [Annotation("ner", ["O"] * len(s.words))]) for s in sentences)
    assert text.startswith(
        "# global.columns = ID FORM LEMMA UPOS XPOS FEATS HEAD DEPREL DEPS MISC NER\n# text = go on\n"
    )
    assert text.count("global.columns") == 1
    assert [sentence.values("ner") for sentence in read(text)] == [["O", "O"], ["O"]]


def test_files_with_different_columns_keep_theirs_apart() -> None:
    plain = "1\tgo\tgo\tVERB" + "\t_" * 6 + "\n\n"
    sentences = [*read(PLUS), *read(plain)]
    text = TagWriter("conllu").text(AnnotatedSentence(s, [Annotation("upos", ["X"] * len(s.words))]) for s in sentences)
    assert [sentence.values("upos") for sentence in read(text)] == [["X", "X"], ["X"], ["X"]]
    assert not any(sentence.error for sentence in read(text))


def test_the_words_need_no_ids_and_may_stand_last() -> None:
    (sentence,) = read("# global.columns = UPOS FORM\nVERB\tgo\r\nADV\ton\r\n\r\n")
    assert (sentence.words, sentence.values("upos")) == (["go", "on"], ["VERB", "ADV"])
    assert tagged("# global.columns = FORM\ngo\non", "upos") == "# global.columns = FORM UPOS\ngo\tX\non\tX"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# global.columns = ID UPOS\n1\tX\n", "f:1: global.columns names no FORM, the column of the words"),
        ("# global.columns =\n1\tX\n", "f:1: global.columns names no FORM, the column of the words"),
        ("# global.columns = ID FORM UPOS UPOS\n", "f:1: global.columns names the column UPOS twice"),
        ("# global.columns = ID FORM UPOS\n1\ta\tX\n2\tb\n", "f:3: expected 3 columns, found 2"),
        ("# global.columns = ID FORM UPOS\n1\ta\tX\n3\tb\tX\n", "f:3: expected the id 2, found '3'"),
        ("# global.columns = ID FORM UPOS\n1\t\tX\n", "f:2: the form is empty"),
    ],
)
def test_what_is_wrong_is_named_by_its_line(text: str, message: str) -> None:
    (sentence,) = read(text)
    assert str(sentence.error) == message


def test_probabilities_need_a_column_misc() -> None:
    (sentence,) = read("# global.columns = ID FORM UPOS\n1\ta\tX\n")
    with pytest.raises(UsageError, match="there is no column MISC"):
        render(sentence, [Annotation("upos", ["Y"], [0.5])], "conllu")
    first, _ = read(PLUS)
    text = render(first, [Annotation("parseme:mwe", ["Y", "Z"], [0.5, 0.25])], "conllu")
    assert "1\tdo\tAUX\tParseme:mweProb=0.5000\tY\n" in text
    assert "2\tn't\tPART\tSpaceAfter=No|Parseme:mweProb=0.2500\tZ\n" in text


def test_words_without_a_tag_are_told_by_the_columns_there_are() -> None:
    first, _ = read(PLUS.replace("PART", "_"))
    assert first.reference_tags("upos") == ["AUX", ""]
    assert first.tag_columns == ("upos", "parseme:mwe")
    (bare,) = read("# global.columns = FORM FEATS\na\t_\nb\tX=y\n")
    assert bare.reference_tags("feats") == ["_", "X=y"]
