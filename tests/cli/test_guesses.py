"""Whatever a file is taken for is said in one line, with the option that says otherwise."""

from __future__ import annotations

import pytest

SPACED = "EU NNP B-ORG\nrejects VBZ O\n\nHe PRP O\nsat VBD O\n\nIt PRP O\nran VBD O\n\n"
MIXED = "\n".join(line.replace(" ", "\t", 1) for line in SPACED.split("\n"))
QUICK = ("--steps", "1", "--hidden", "8", "--layers", "1")


@pytest.mark.parametrize(
    ("text", "task", "warning"),
    [
        (SPACED, "tagger", "read as a treebank: it has columns between spaces, and blank lines between sentences"),
        ("the_DET cat_NOUN sat_VERB\n" * 9, "tagger", "read as a treebank: it has words with tags after _"),
        (
            "dog NOUN\ncat NOUN\nrun VERB\n" * 9,
            "language-model",
            "read as text: it has a word and its tag on each line",
        ),
        (
            "1\tBob\t42\n2\tAnn\t31\n" * 9,
            "language-model",
            "read as text: it has columns between tabs, and no blank lines",
        ),
        (
            "name,age\nBob,42\nAnn,31\n" * 9,
            "language-model",
            "looks like CSV, and is read as text; --text NAME and --label NAME read its columns (name, age), with",
        ),
        ("<html><body>Hello there.</body></html>\n" * 9, "language-model", "looks like HTML, and is read as text"),
        (
            '{"id": 1, "tokens": ["EU", "rejects"], "ner_tags": ["B-ORG", "O"]}\n' * 9,
            "language-model",
            "looks like JSON lines with words and their tags, and is read as text; a tagger reads columns, which jq -r "
            "'([.tokens, .ner_tags] | transpose[] | @tsv), \"\"' makes of",
        ),
        ("title|price\nfox|3\nhen|4\n" * 9, "language-model", "looks like CSV, and is read as text"),
        ("The_DT|X cat_NN|S sat_VBD ._.\n" * 9, "tagger", "read as a treebank: it has words with tags after _"),
        ("The/DT|X cat/NN_S sat/VBD ./.\n" * 9, "tagger", "read as a treebank: it has words with tags after /"),
        (MIXED, "tagger", "read as a treebank: it has columns between spaces, and blank lines between sentences"),
        (MIXED.replace("\n", "\r\n"), "tagger", "read as a treebank: it has columns between spaces"),
        ('{"a": [1,\n2]}\n' * 9, "language-model", "looks like JSON, and is read as text; its keys"),
        ('[{"a": 1},\n{"a": 2}]\n', "language-model", "looks like a list of JSON objects, and is read as text; --text"),
        (
            "".join(f"{n}\ttwelve thousand and {n % 7} hundred\n" for n in (9, 12, 7, 30, 2, 41)),
            "language-model",
            "read as text: it has columns between tabs; --task tagger reads it as a treebank, --task classifier as a "
            "list of labelled texts and --task transducer as a list of pairs",
        ),
        (
            "".join(f"{n % 7 + 40} {n % 3 + 120}\n" for n in range(20)),
            "language-model",
            "read as text: it has as many numbers on each line; --task forecaster reads it as a",
        ),
        (
            "".join(f"they said {n} again|{'no' if n % 3 else 'yes'}\n" for n in range(12)),
            "classifier",
            "read as a list of labelled texts: it has lines of a label and a text with a bar between them",
        ),
        ("id,comment_text,rating\n" + "".join(f"{n},so {n},{n % 2}\n" for n in range(12)), "classifier", None),
        (
            '[["so", "a"],\n["no", "b"],\n["hm", "a"]]\n',
            "language-model",
            "looks like JSON, and is read as text; jq -r '.[] | @tsv' makes a line of each of its lists",
        ),
        ("he/she his/her and/or\n" * 9, "language-model", "read as text: it has pairs such as he/she"),
        ("MIN_OK LC_ALL MAX_INT\n" * 9, "language-model", None),
        ("The cat sat on the mat.\n" * 9, "language-model", None),
    ],
)
def test_train_says_what_it_takes_a_file_for(charnn, text_file, text, task, warning):
    text_file(text, "file.txt")
    result = charnn("train", "file.txt", *QUICK, "--out", "model")
    assert result.code == 0
    assert charnn("info", "model", "--json").json["task"] == task
    said = [line for line in result.err.splitlines() if "warning" in line and "stand after the words" not in line]
    assert len(said) == (warning is not None)
    if warning is not None:
        assert f"charnn: warning: file.txt is {warning}" in said[0] or f"charnn: warning: file.txt {warning}" in said[0]
    other = charnn("train", "file.txt", *QUICK, "--out", "text", "--task", "language-model")
    assert other.code == 0
    assert "warning" not in other.err, "what is said needs no guess"


def test_a_model_of_the_wrong_kind_is_answered_with_how_to_make_the_right_one(charnn, text_file, said_once):
    text_file(SPACED, "file.txt")
    assert charnn("train", "file.txt", "--steps", "1", "--out", "model").code == 0
    result = charnn("sample", "-m", "model")
    assert result.code == 1
    assert "charnn train FILE --task language-model makes one" in said_once(result)


def test_eval_scores_the_kind_of_model_that_is_named(charnn, text_file, said_once):
    """A treebank is scored as text by the newest language model, although there is a tagger."""
    text_file(SPACED, "file.txt")
    assert charnn("train", "file.txt", "--steps", "1", "--task", "language-model").code == 0
    assert charnn("train", "file.txt", "--steps", "1", "--task", "tagger").code == 0
    assert "accuracy" in charnn("eval", "file.txt", "--json").text
    assert "bits_per_character" in charnn("eval", "file.txt", "--json", "--task", "language-model").json
    assert "there are" in said_once(charnn("eval", "file.txt", "--task", "poet"))


def test_an_error_that_rests_on_a_guess_names_the_option_that_says_otherwise(charnn, text_file, said_once):
    """Train and eval do so alike; where the task is said, or the model, nothing is guessed."""
    text_file(SPACED, "good.txt")
    text_file(SPACED + "oops\n", "file.txt")
    columns = ("--columns", "upos,ner")
    assert charnn("train", "good.txt", "--steps", "1", *columns).code == 0
    for command in ("train", "eval"):
        result = charnn(command, "file.txt")
        assert result.code == 1
        error = [line for line in result.err.splitlines() if "warning" not in line]
        assert error[-1].endswith("; --task language-model takes the file for text")
        assert "file.txt:10: expected 3 columns, found 1" in error[-1]
    assert "takes the file for text" not in charnn("train", "good.txt", "--time", "soon").err
    assert "--task" not in said_once(charnn("train", "file.txt", "--task", "tagger", *columns))
    assert "--task" not in said_once(charnn("eval", "file.txt", "--model", "good"))


def test_columns_whose_lines_end_in_returns_alone_are_no_text(charnn, text_file, said_once):
    text_file(SPACED.replace("\n", "\r"), "file.txt")
    result = charnn("train", "file.txt", "--steps", "1")
    assert result.code == 1
    assert "its lines end in \\r alone, as on old Macs" in result.err
    assert charnn("train", "file.txt", "--steps", "1", "--task", "language-model").code == 0


def test_tag_says_that_markup_is_read_as_raw_text(charnn, text_file):
    text_file(SPACED, "file.txt")
    assert charnn("train", "file.txt", "--steps", "1", "--task", "tagger", "--out", "model").code == 0
    for text, said in (("<html><body>Hello there.</body></html>\n", "page looks like HTML"), ("Hello there.\n", "")):
        text_file(text, "page")
        result = charnn("tag", "page", "-m", "model")
        assert result.code == 0
        assert (said in result.err) if said else not result.err


@pytest.mark.parametrize("command", ["train", "tag", "score", "eval"])
def test_a_file_that_is_no_text_is_named(charnn, text_file, tmp_path, said_once, command):
    text_file(SPACED, "file.txt")
    assert charnn("train", "file.txt", "--steps", "1", "--task", "language-model").code == 0
    assert charnn("train", "file.txt", "--steps", "1", "--task", "tagger").code == 0
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.7\n\xe2\xe3\xcf\xd3\n")
    result = charnn(command, "paper.pdf")
    assert result.code == 1
    assert "paper.pdf is a PDF file, and no text; make text of it first: pdftotext FILE -" in said_once(result)


def test_a_header_says_which_column_is_meant_and_is_named_once(charnn, text_file):
    """The first column after the words is another one than that which is asked for by its name."""
    rows = "the\tDET\tO\ncat\tNOUN\tB-X\n\n"
    text_file("word\tpos\tner\n" + rows * 9, "file.txt")
    trained = charnn("train", "file.txt", "--columns", "ner", "--steps", "1", "--out", "model")
    assert trained.code == 0
    assert "tags: 2 ner (BIO entities)" in trained.err
    text_file("word\tpos\tner\n" + rows.replace("cat", "dog"), "test.txt")
    for command in ("train", "eval", "tag"):
        named = ("file.txt", "--columns", "ner", "--steps", "1") if command == "train" else ("test.txt", "-m", "model")
        said = charnn(command, *named)
        assert said.code == 0
        assert said.err.count("taken for the names of the columns: word pos ner") == 1
    assert [line.split("\t")[1] for line in said.text.splitlines() if line] == ["pos", "DET", "NOUN"]
    missing = charnn("train", "file.txt", "--task", "tagger", "--columns", "pos,lemma", "--steps", "1")
    assert missing.code == 0, "names that the header lacks are those of the columns in their order"
    failed = charnn("train", "file.txt", "--task", "tagger", "--columns", "a,b,c", "--steps", "1")
    assert failed.code != 0
    assert failed.err.count("taken for") == 1


def test_of_what_is_no_text_only_that_is_said(charnn, text_file, said_once):
    (text_file("", "b.txt")).write_bytes(b"PK\x03\x04 DET\ncat NOUN\nsat VERB\n" * 9)
    assert "b.txt is a zip archive, and no text; unpack it first" in said_once(charnn("train", "b.txt"))


CONLLU = "1\tThe\tthe\tDET\t_\t_\t2\tdet\t_\t_\n2\tcat\tcat\tNOUN\t_\t_\t0\troot\t_\t_\n\n"
TABLE = "label,text\n" + "".join(f"{'ab'[n % 2]},the cat {n}\n" for n in range(40))
LABELLED = "".join(f"__label__{'ab'[n % 2]} the cat {n}\n" for n in range(40))


@pytest.mark.parametrize(
    ("text", "options", "warning"),
    [
        (
            CONLLU * 30,
            ("--weight-drop", "0.1"),
            "text.txt has the rows or the comments of CoNLL-U, and is read as text, since --weight-drop is for texts; "
            "without --weight-drop it is read as a treebank",
        ),
        (TABLE, ("--members", "2"), ""),
        (CONLLU * 30, ("--members", "2"), ""),
        (CONLLU * 30, ("--columns", "upos"), ""),
        (LABELLED, ("--conditioned",), ""),
        ("the cat sat\n" * 90, ("--members", "2"), ""),
    ],
    ids=["a treebank", "a table", "an option of it too", "its own option", "labels for a language model", "a text"],
)
def test_an_option_that_is_not_about_data_makes_no_text_of_a_treebank_in_silence(
    charnn, text_file, text, options, warning
):
    text_file(text)
    result = charnn("train", "text.txt", *options, "--out", "m", "--valid", "none", "--steps", "1", "--hidden", "4")
    assert result.code == 0, result.err
    said = [line for line in result.err.splitlines() if "and is read as" in line]
    assert said == ([f"charnn: warning: {warning}"] if warning else [])


def test_an_option_of_two_tasks_makes_no_text_of_the_data_of_a_third_in_silence(charnn, text_file):
    text_file(TABLE)
    result = charnn("train", "text.txt", "--teacher", "nowhere")
    assert result.code == 1
    assert (
        "text.txt has columns for texts and labels, and is read as text, since --teacher is for texts and treebanks; "
        "without --teacher it is read as a list of labelled texts"
    ) in result.err


def test_a_table_that_is_read_as_text_is_learned_as_pairs_in_the_way_that_the_warning_names(charnn, text_file):
    text_file("Orthography,IPA\n" + "".join(f"word {n},w {n}\n" for n in range(20)), "words.csv")
    assert "--source NAME and --target NAME learn one column from another" in charnn("train", "words.csv", *QUICK).err
    assert charnn("train", "words.csv", "--source", "Orthography", "--target", "IPA", *QUICK, "--out", "p").code == 0
    assert charnn("info", "p", "--json").json["task"] == "transducer"


def test_the_normal_form_in_which_a_model_knows_a_text_is_named_where_it_meets_another(charnn, text_file):
    text_file("caf\u00e9\tk a f\n" * 3 + "t\u00e9\tt e\nle\tl a\n" * 9, "pairs.tsv")
    text_file("cafe\u0301\n", "apart.txt")
    for task, command in (("transducer", "transduce"), ("language-model", "score")):
        assert charnn("train", "pairs.tsv", "--task", task, *QUICK, "--out", task).code == 0
        said = charnn(command, "apart.txt", "-m", task).err
        assert "U+0301 (combining acute accent)" in said
        assert "it has seen more of them in Unicode's normal form C: uconv -x any-nfc" in said
    said = charnn("sample", "cafe\u0301", "-m", "language-model", "--length", "3").err
    assert "normal form C" in said


def test_lines_that_are_blank_are_told_of_where_each_line_is_a_text(charnn, text_file):
    verse = "the moon is old\r\nthe sea is here\r\n\r\n" * 9
    text_file(verse, "verse.txt")
    said = charnn("train", "verse.txt", "--documents", "line", *QUICK, "--out", "lines").err
    assert "8 lines of these blank, and learned as blank texts; --documents paragraph learns what stands" in said
    for unit, text in (("paragraph", verse), ("line", "the moon is old\nthe sea is here\n" * 9)):
        text_file(text, "verse.txt")
        assert "blank" not in charnn("train", "verse.txt", "--documents", unit, *QUICK, "--out", f"{unit}s2").err
