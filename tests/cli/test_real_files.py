"""Files as people have them: each is read for what it is, or one line says what it looks like and what to do.

The rows are those of public reports on other tools, and their neighbours. What is a treebank is learned, and tagging
what has all its tags changes no byte.
"""

# ruff: noqa: E501, RUF001 - files have long lines, and marks of all scripts
from __future__ import annotations

import io
import json
import zipfile

import pytest

from charnn.corpora import rereading
from tests.paths import GOLDEN

CONLLU = (
    "# sent_id = 1\n# text = The cat\n1\tThe\tthe\tDET\tDT\t_\t2\tdet\t_\t_\n2\tcat\tcat\tNOUN\tNN\t_\t0\troot\t_\t_\n\n"
    "1\tIt\tit\tPRON\tPRP\t_\t0\troot\t_\t_\n\n"
)
CONLL_2003 = (
    "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\nGerman JJ B-NP B-MISC\ncall NN I-NP O\n\n"
    "Peter NNP B-NP B-PER\nBlackburn NNP I-NP I-PER\n\n"
)
ROWS = "EU NNP B-ORG\nrejects VBZ O\n\nHe PRP O\nsat VBD O\n\n"
SHORT = ("--steps", "1", "--hidden", "4", "--precision", "fp32")

TREEBANKS = {
    "columns between spaces": ("pos,ner", ROWS),
    "the same with blanks at the ends of rows": ("pos,ner", ROWS.replace("\n", " \n").replace("\n \n", "\n\n")),
    "CoNLL-2000": (
        "pos,chunk",
        "Confidence NN B-NP\nin IN B-PP\nthe DT B-NP\npound NN I-NP\n\nChancellor NNP O\nof IN B-PP\nthe DT B-NP\n\n",
    ),
    "CoNLL-2002": (
        "pos,ner",
        "Melbourne NP B-LOC\n( Fpa O\nAustralia NP B-LOC\n) Fpt O\n, Fc O\n25 Z O\n\n- Fg O\n\nEl DA O\nAbogado NC B-PER\n\n",
    ),
    "CoNLL-2003": ("pos,chunk,ner", CONLL_2003),
    "CoNLL-2003 with CRLF": ("pos,chunk,ner", CONLL_2003.replace("\n", "\r\n")),
    "CoNLL-2003, German": (
        "lemma,pos,chunk,ner",
        "-DOCSTART- -X- -X- -X- O\n\nDie die ART B-NC O\nKraft <unknown> NN I-NC O\nist sein VAFIN B-VC O\n\n"
        "Er er PPER B-NC O\nlief laufen VVFIN B-VC O\n\n",
    ),
    "cells that are aligned with spaces": (
        "pos,ner",
        "EU        NNP   B-ORG\nrejects   VBZ   O\n\nPeter     NNP   B-PER\nran       VBD   O\n\n",
    ),
    "hashtags among words, between tabs": ("ner", "@paul\tO\nEmpire\tB-loc\nState\tI-loc\n\nRT\tO\n#NYC\tB-loc\n\n"),
    "a tab in each blank line": ("ner", "@paul\tO\nEmpire\tB-loc\n\t\nRT\tO\n#NYC\tB-loc\n\t\n"),
    "an id before each sentence": (
        "_,_,ner",
        "# id 1\nhis _ _ O\nplaylist _ _ O\nsonny _ _ B-Artist\n\n# id 2\nit _ _ O\nis _ _ O\n\n",
    ),
    "an id with further cells": (
        "_,_,ner",
        "# id 5239\tdomain=en\nhis _ _ O\nplaylist _ _ O\n\n# id 8\tdomain=en\nit _ _ O\nsonny _ _ B-Artist\n\n",
    ),
    "GermEval, where a number stands before each word": (
        "ner,inner",
        "#\thttp://de.wikipedia.org/x [2009]\n1\tAufgrund\tO\tO\n2\tseiner\tO\tO\n3\tInitiative\tO\tO\n\n"
        "#\thttp://de.wikipedia.org/y [2009]\n1\tIstanbul\tB-LOC\tO\n2\tist\tO\tO\n\n",
    ),
    "CoNLL-2012, where a document and two numbers stand before each word": (
        "pos,parse",
        "#begin document (bc/cctv/0000); part 000\nbc/cctv/0000   0   0    In       IN   (PP*\n"
        "bc/cctv/0000   0   1    summer   NN   *)\n\nbc/cctv/0000   0   0    We    PRP  (NP*)\n"
        "bc/cctv/0000   0   1    saw    VBD  (VP*\n\n#end document\n",
    ),
    "the Brown corpus": (
        "tag",
        "\n\n\tThe/at Fulton/np-tl County/nn-tl Grand/jj-tl Jury/nn-tl said/vbd an/at investigation/nn ./.\n\n\n"
        "\tThe/at jury/nn further/rbr said/vbd in/in ``/`` no/at ''/'' */* ./.\n",
    ),
    "small tags": ("tag", "see/vb him/ppo now/rb ,/, he/pps is/bez\n"),
    "an address among tagged words": ("tag", "see/VB http://x.y/z/NNP now/RB and/CC go/VB\nthe/DT cat/NN sat/VBD\n"),
    "Stanford's word_TAG": ("tag", "The_DT cat_NN sat_VBD on_IN the_DT mat_NN ._.\nIt_PRP purred_VBD ._.\n"),
    "Vietnamese, word/Tag": ("tag", "Hùng/Np giật_mình/V :/CH\nTôi/P đi/V học/V ./CH\n"),
    "CoNLL-U": ("upos", CONLLU),
    "CoNLL-U with a byte order mark and CRLF": ("upos", "\ufeff" + CONLLU.replace("\n", "\r\n")),
    "CoNLL-U after many free comments": ("upos", "# free words that go on and on\n" * 300 + CONLLU),
    "CoNLL-U with a first word of 10,000 characters": ("upos", CONLLU.replace("\tThe\t", f"\t{'x' * 10_000}\t", 1)),
    "CoNLL-U Plus": (
        "upos,parseme:mwe",
        "# global.columns = ID FORM UPOS PARSEME:MWE\n# text = x\n1\tThe\tDET\t*\n2\tcat\tNOUN\t1:VID\n\n1\tIt\tPRON\t*\n\n",
    ),
    "words of one character": ("tag", "人 S\n民 B\n日 M\n报 E\n\n他 S\n在 S\n北 B\n京 E\n\n"),
    "types of entities without prefixes": ("ner", "London LOC\nis O\nbig O\n\nIt O\nis O\nfar O\n\n"),
}


@pytest.mark.parametrize(("columns", "text"), TREEBANKS.values(), ids=TREEBANKS)
def test_a_treebank_is_learned_and_comes_back_byte_for_byte(charnn, text_file, columns, text):
    """The options say how the columns are called, and nothing of the format or the task."""
    text_file(text * 3 if not text.startswith("\ufeff") else text, "file.txt")
    trained = charnn("train", "file.txt", "--columns", columns, *SHORT, "--valid", "none", "--out", "model")
    assert trained.code == 0, trained.err
    assert "use it: charnn tag -m model < FILE" in trained.err
    tagged = charnn("tag", "file.txt", "--keep", "-m", "model")
    assert tagged.code == 0, tagged.err
    assert tagged.out == (text * 3 if not text.startswith("\ufeff") else text).encode()
    assert charnn("eval", "file.txt", "-m", "model").code == 0


@pytest.mark.parametrize("row", ["GermEval", "CoNLL-2012"])
def test_a_column_that_counts_is_none_of_words(charnn, text_file, row):
    columns, text = next(value for name, value in TREEBANKS.items() if name.startswith(row))
    text_file(text, "file.txt")
    trained = charnn("train", "file.txt", "--columns", columns, *SHORT, "--out", "model")
    assert trained.err.count("counts the words, and column") == 1
    words = [json.loads(line)["words"] for line in charnn("tag", "file.txt", "--json", "-m", "model").text.splitlines()]
    assert words[0][:2] == {"GermEval": ["Aufgrund", "seiner"], "CoNLL-2012": ["In", "summer"]}[row]
    assert not charnn("tag", "file.txt", "--to", "slashed", "-m", "model").text.startswith(("1_", "bc/"))


IRREGULAR = {
    "a word without a tag": ("EU\tB-ORG\nGerman\nHe\tO\nsat\tO\n\n", 2),
    "a row of one cell, and it is the first": ("German\nEU\tB-ORG\nHe\tO\nsat\tO\n\n", 1),
    "a space for a tab": ("EU\tB-ORG\nHe\tO\nGerman O\nsat\tO\n\n", 3),
    "spaces in a word without a tag": ("EU\tB-ORG\nHe\tO\nNew York City\nsat\tO\n\n", 3),
    "a space in a word between spaces": ("EU NNP B-ORG\nran VBD O\nNew York NNP B-LOC\nHe PRP O\nsat VBD O\n\n", 3),
}


@pytest.mark.parametrize(("text", "line"), IRREGULAR.values(), ids=IRREGULAR)
def test_an_irregular_row_near_the_beginning_is_an_error_with_its_place(charnn, text_file, text, line):
    regular = "It\tO\nran\tO\n\n" if "\t" in text else "It PRP O\nran VBD O\n\n"
    text_file(text + regular * 9, "file.txt")
    failed = charnn("train", "file.txt", "--columns", "tag", *SHORT)
    assert failed.code == 1
    assert f"file.txt:{line}: expected " in failed.err
    skipped = charnn("train", "file.txt", "--columns", "tag", *SHORT, "--on-error", "skip", "--out", "model")
    assert skipped.code == 0
    assert "1 sentence that cannot be read" in skipped.err


def test_an_empty_cell_is_a_word_without_a_tag(charnn, text_file):
    text_file("EU\tB-ORG\nGerman\t\nHe\tO\n\n" + "He\tO\nsat\tO\n\n" * 9, "file.txt")
    trained = charnn("train", "file.txt", "--columns", "ner", *SHORT)
    assert "1 word without ner" in trained.err


TEXTS = {
    "a pair of capitals": ("TCP/IP I/O R/W", "it has pairs such as TCP/IP; --task tagger"),
    "airports": ("JFK/LAX\nSFO/LHR\n" * 3, "it has pairs such as JFK/LAX; --task tagger"),
    "constants": ("MIN_OK\nMAX_OK\nLC_ALL\n" * 3, None),
    "a word and its tag without blank lines": ("dog NOUN\ncat NOUN\nrun VERB\n" * 5, "it has a word and its tag on"),
    "the same between tabs": ("dog\tNOUN\ncat\tNOUN\nrun\tVERB\n" * 5, "it has columns between tabs, and no blank"),
    "words and two tags without blank lines": (
        "EU NNP B-ORG\nrejects VBZ O\nHe PRP O\nsat VBD O\n" * 4,
        "it has a word and its tags on each line, without blank lines",
    ),
    "columns many of whose rows are irregular": (
        "EU NNP B-ORG\nNew York NNP B-LOC\nHe PRP O\nran VBD O\n\nHe PRP O\nsat VBD O\n\n" * 3,
        "it has a word and its tags on most lines; --task tagger",
    ),
    "brackets among tagged words": (
        "[ Pierre/NNP Vinken/NNP ]\n,/, \n[ 61/CD years/NNS ]\nold/JJ ,/, will/MD join/VB \n[ the/DT board/NN ]\n./. \n",
        "it has words with tags after /; --task tagger",
    ),
    "sentences between tags of XML": (
        "<s>\nThe\tDT\tthe\ncat\tNN\tcat\n</s>\n<s>\nIt\tPP\tit\nran\tVBD\trun\n</s>\n",
        "it has columns between tabs; --task tagger",
    ),
    "a log between tabs": (
        "10:00:00\tINFO\tstarted job\n10:00:01\tWARN\tslow\n10:00:03\tINFO\tended\n" * 3,
        "it has columns between tabs",
    ),
    "records between tabs": ("id\tname\n1\tBob Smith\n2\tAnn\n3\tCid Co\n", "it has columns between tabs"),
    "a glossary": ("apple\ta round fruit\n\nhammer\ta tool\n\nsaw\ta tool to cut\n", "it has columns between tabs"),
    "a glossary of single words": ("apple\tfruit\npear\tfruit\n\nhammer\ttool\nsaw\ttool\n", "it has columns between"),
    "a glossary of many words": (
        "apple fruit\npear fruit\nplum fruit\nfig fruit\n\nhammer tool\nsaw tool\naxe tool\nfile tool\n\n"
        "cat animal\ndog animal\ncow animal\nhen animal\n",
        "it has a word and its tag on each line; --task tagger",
    ),
    "a list of words and how frequent they are": (
        "the\t5012\nof\t3011\nand\t2900\nto\t2500\n",
        "it has columns between",
    ),
    "CSV": ("name,age\nBob,42\nAnn,31\n", "looks like CSV"),
    "CSV with semicolons": ("id;name;age\n1;Bob;42\n2;Ann;31\n", "looks like CSV"),
    "CSV with line ends in cells": ('id,text\n1,"Hello, ""you""\nthere"\n2,"x, y"\n', "looks like CSV"),
    "CSV without a header": ("1,Bob,42\n2,Ann,31\n3,Cid,12\n", "looks like CSV"),
    "JSON lines": ('{"words": "a", "id": 1}\n{"words": "b", "id": 2}\n', "looks like JSON lines"),
    "JSON": ('{\n  "text": "a",\n  "id": 1\n}\n', "looks like JSON"),
    "HTML": ("<!DOCTYPE html>\n<html><body><p>Hi</p></body></html>\n", "looks like HTML"),
    "HTML with the ends of old Macs": ("<!-- x -->\r<html><body><p>Hi</p></body></html>\r", "looks like HTML"),
    "RTF": ("{\\rtf1\\ansi\\deff0 Hello}\n", "looks like an RTF file"),
    "subtitles": (
        "1\n00:00:01,000 --> 00:00:02,000\nHello\n\n2\n00:00:03,000 --> 00:00:04,000\nBye\n",
        "looks like sub",
    ),
    "a poem": ("The rose is red\nThe violet blue\n\nThe honey's sweet\nAnd so are you\n", None),
    "two verses": ("The rose is red\nThe sky is blue\n\nThe grass is green\nThe sun is gold\n" * 3, None),
    "two lines of six words in turn": ("the cat sat on the mat\na dog ran to the park\n" * 10, None),
    "two lines of names in turn": ("Alice met Bob in Paris\nBob met Carol in Rome\n" * 10, None),
    "a word that comes again": ("hello World\ngoodbye World\n" * 10, None),
    "a game": ("X O X O\nO X O X\n" * 10, None),
    "a program": ("def f(x):\n    return x\n\n\nclass A:\n    pass\n", None),
    "settings": ("[core]\nname = x\n\n[other]\nage = 3\n", None),
    "speech with commas": ("Well, yes, so.\nNo, never, no.\nOh, well, then.\n", None),
    "numbers with commas": ("1,000 men\n2,000 cats\n3,000 dogs\n", None),
}


@pytest.mark.parametrize(("text", "warning"), TEXTS.values(), ids=TEXTS)
def test_what_is_no_treebank_is_text_and_what_it_looks_like_is_said(charnn, text_file, text, warning):
    text_file(text, "file.txt")
    trained = charnn("train", "file.txt", *SHORT, "--valid", "none", "--batch", "1", "--window", "8", "--out", "model")
    assert trained.code == 0, trained.err
    assert charnn("info", "model", "--json").json["task"] == "language-model"
    said = [line for line in trained.err.splitlines() if line.startswith("charnn: warning: file.txt ")]
    assert len(said) == (warning is not None)
    if warning is not None:
        assert warning in said[0]


def zipped(name: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(name, "text")
    return data.getvalue()


REFUSED = {
    "a Word file": (zipped("word/document.xml"), "is a Word file, and no text; save it as plain text"),
    "a zip archive": (zipped("notes.txt"), "is a zip archive, and no text; unpack it first"),
    "PDF": (b"%PDF-1.4\n%\xe2\xe3", "is a PDF file, and no text; make text of it first: pdftotext FILE -"),
    "PDF after a blank line": (b"\r\n%PDF-1.4\n", "is a PDF file, and no text"),
    "UTF-16 with a mark": (
        "The cat.\n".encode("utf-16"),
        "the text is in UTF-16, as its byte order mark tells; read it",
    ),
    "UTF-16 without a mark": ("The cat.\n".encode("utf-16-le"), "seems to be in UTF-16 without a byte order mark"),
    "UTF-32": ("The cat.\n".encode("utf-32"), "the text is in UTF-32"),
    "a treebank in UTF-16": (CONLLU.encode("utf-16"), "read it with --encoding utf-16"),
}


@pytest.mark.parametrize(("data", "message"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("command", ["train", "tag", "score", "eval"])
def test_what_is_no_text_or_in_another_encoding_is_one_line(charnn, text_file, trained, tagger, command, data, message):
    text_file(data, "file.txt")
    model = {"train": (), "tag": ("-m", tagger)}.get(command, ("-m", trained.path))
    refused = charnn(command, "file.txt", *model)
    assert refused.code == 1
    assert refused.out == b""
    assert message in refused.err
    assert refused.err.count("\n") == 1


def test_the_encoding_that_is_named_reads_it(charnn, text_file):
    text_file((CONLLU * 3).encode("utf-16"), "file.txt")
    assert charnn("train", "file.txt", "--encoding", "utf-16", *SHORT, "--out", "model").code == 0
    tagged = charnn("tag", "file.txt", "--encoding", "utf-16", "--keep", "-m", "model")
    assert tagged.out.decode("utf-16") == CONLLU * 3


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("tagger") / "model"


@pytest.fixture
def tagger(charnn, text_file, kept):
    """A model of word_TAG."""
    if not kept.exists():
        text_file("the_D cat_N sat_V\n" * 9, "good.txt")
        assert charnn("train", "good.txt", "--task", "tagger", "--columns", "tag", "--out", kept, *SHORT).code == 0
    return kept


OLD = {
    "CoNLL-U": CONLLU.replace("\n", "\r"),
    "columns": ROWS.replace("\n", "\r"),
}


@pytest.mark.parametrize("text", OLD.values(), ids=OLD)
def test_rows_with_the_ends_of_old_macs_are_named(charnn, text_file, tagger, text):
    text_file(text, "file.txt")
    for arguments in (("train", "file.txt"), ("tag", "file.txt", "-m", tagger), ("eval", "file.txt", "-m", tagger)):
        failed = charnn(*arguments)
        assert failed.code == 1
        assert "\\r alone, as on old Macs; tr '\\r' '\\n' < FILE gives them the usual ends" in failed.err


def test_conllu_with_spaces_for_tabs_is_told_what_it_lacks(charnn, text_file, tagger):
    text_file(CONLLU.replace("\t", " "), "file.txt")
    for arguments in (("train", "file.txt"), ("tag", "file.txt", "-m", tagger)):
        failed = charnn(*arguments)
        assert failed.code == 1
        assert "file.txt:3: expected 10 columns, found 1; columns are separated by tabs" in failed.err


RAW = {
    "@user: hi": ["@user", ":", "hi"],
    "so #tag!!!": ["so", "#tag", "!", "!", "!"],
    "is -5, +1. .5, (@user)": ["is", "-5", ",", "+1", ".", ".5", ",", "(", "@user", ")"],
    "I ❤️, 👍🏽! 🇻🇳. 👩‍👩‍👧?": ["I", "❤️", ",", "👍🏽", "!", "🇻🇳", ".", "👩‍👩‍👧", "?"],
    "צה״ל וג׳ירפה": ["צה״ל", "וג׳ירפה"],
    'אמר "שלום" צה"ל': ["אמר", '"', "שלום", '"', 'צה"ל'],
}


@pytest.mark.parametrize(("text", "words"), RAW.items(), ids=range(len(RAW)))
def test_what_is_whole_stays_whole(charnn, text_file, tagger, text, words):
    text_file(text + "\n", "file.txt")
    assert charnn("tag", "file.txt", "--json", "-m", tagger).json["words"] == words


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("他去上海工作。\n", "Chinese or Japanese"),
        ("ผมรักภาษาไทยและอาหารไทย\n", "Thai"),
        ("彼は東京に行った。\n", "Chinese or Japanese"),
    ],
)
def test_a_script_without_spaces_is_named(charnn, text_file, tagger, text, script):
    text_file(text, "file.txt")
    tagged = charnn("tag", "file.txt", "-m", tagger)
    assert tagged.code == 0
    assert f"no spaces between words ({script}" in tagged.err
    assert "charnn train TREEBANK --segment" in tagged.err


SEVERAL = {
    "slashed": "the/DT/B-NP cat/NN/I-NP sat/VBD/B-VP\nit/PRP/B-NP ran/VBD/B-VP 1/2/CD/O\n" * 3,
    "columns": "the\tDT\tB-NP\ncat\tNN\tI-NP\n\nit\tPRP\tB-NP\nran\tVBD\tB-VP\n\n" * 3,
}


@pytest.mark.parametrize("format", SEVERAL)
def test_words_with_more_tags_than_names_are_said_and_eval_chooses_among_those_of_the_model(charnn, text_file, format):
    text_file(SEVERAL[format], "file.txt")
    both = charnn("train", "file.txt", "--columns", "pos,chunk", *SHORT, "--out", "both")
    assert (both.code, "stand after" in both.err) == (0, False)
    for column in ("pos", "chunk"):
        scored = charnn("eval", "file.txt", "-m", "both", "--columns", column, "--json")
        assert (
            f"file.txt: its columns are taken for those of the model's data: pos, chunk; --columns {column},_ says"
            in scored.err
        )
        assert scored.json[column]["known_accuracy"] is not None
        assert scored.json[column]["unknown_words"] == 0
    one = charnn("train", "file.txt", "--columns", "chunk", *SHORT, "--out", "one")
    taken, other = ("last", "_,chunk") if format == "slashed" else ("first", "chunk,_")
    assert one.code == 0
    assert (
        f"2 {'tags stand after each word' if format == 'slashed' else 'columns stand after the words'}, and the {taken} is taken for chunk"
        in one.err
    )
    assert f"--columns {other} " in one.err
    assert one.err.count("charnn: warning: ") == 1
    for names in ("_,chunk", "chunk,_"):
        assert "charnn: warning: " not in charnn("train", "file.txt", "--columns", names, *SHORT, "--out", names).err
    tagged = charnn("tag", "file.txt", "-m", "one", "--json")
    assert tagged.err.count("2 tags stand after each word") == (format == "slashed")


def test_a_file_of_fewer_columns_than_the_models_data_has_those_that_it_learned(charnn, text_file):
    wide = "John NNP B-NP B-PER\nsleeps VBZ B-VP O\n. . O O\n\n" * 4
    text_file(wide, "wide.txt")
    text_file(
        "\n".join(" ".join(line.split(" ")[:: len(line.split(" ")) - 1 or 1]) for line in wide.split("\n")), "two.txt"
    )
    trained = charnn("train", "wide.txt", *SHORT, "--out", "model")
    assert "3 columns stand after the words, and the last is taken for ner" in trained.err
    scored = charnn("eval", "two.txt", "-m", "model", "--json")
    assert "two.txt: 1 column after the words, taken for ner" in scored.err
    assert scored.json["ner"]["words"] == 12
    tagged = charnn("tag", "two.txt", "-m", "model")
    assert {len(line.split(" ")) for line in tagged.text.splitlines() if line} == {2}
    assert {len(line.split(" ")) for line in charnn("tag", "wide.txt", "-m", "model").text.splitlines() if line} == {4}


NUL_LINE = (
    "file.txt:3: a NUL character, as text seldom has, is read as any other character; tr -d '\\0' < FILE takes all out"
)


@pytest.mark.parametrize("command", ["train", "eval", "score", "tag", "novelty"])
def test_a_nul_in_a_text_is_said_once_in_one_line(charnn, text_file, trained, tagger, command):
    text_file("the cat sat\r\nthe cat\rran \0 to\nthe\0 mat\n" * 9, "file.txt")
    model = {"train": (*SHORT, "--out", "model"), "tag": ("-m", tagger), "novelty": ("--corpus", "file.txt")}
    result = charnn(command, "file.txt", *model.get(command, ("-m", trained.path)))
    assert result.code == 0
    assert [line for line in result.err.splitlines() if "NUL" in line] == [f"charnn: warning: {NUL_LINE}"]


def test_a_nul_in_rows_is_said_too_and_bytes_may_have_any(charnn, text_file, monkeypatch):
    text_file("".join(f"good\tthe cat {n}\nbad\tthe \0dog {n}\n" for n in range(9)), "rows.tsv")
    trained = charnn("train", "rows.tsv", "--task", "classifier", *SHORT, "--out", "labels")
    assert "rows.tsv:2: a NUL character" in trained.err
    assert "rows.tsv:2: a NUL character" in charnn("classify", "rows.tsv", "-m", "labels").err
    task = ("--task", "language-model")
    assert "NUL" not in charnn("train", "rows.tsv", *task, "--tokenizer", "bytes", *SHORT, "--out", "bytes").err
    monkeypatch.setattr(rereading, "LONG", 10)  # so that the text is not read into memory
    assert "warning: rows.tsv: a NUL character" in charnn("train", "rows.tsv", *task, *SHORT, "--out", "long").err


LABELLED = "".join(f"{'ab'[n % 2]}\tline number {n}\n" for n in range(20))
OBJECTS = "".join(json.dumps({"text": f"line {n}", "label": "ab"[n % 2]}) + "\n" for n in range(20))
SEMICOLONS = "id;text;label\n" + "".join(f'{n};"He said ""hi"";\nand left, {n}";{"ab"[n % 2]}\n' for n in range(20))


@pytest.fixture(scope="module")
def kept_labels(tmp_path_factory):
    return tmp_path_factory.mktemp("classifier") / "model"


@pytest.fixture
def classifier(charnn, text_file, kept_labels):
    if not kept_labels.exists():
        assert (
            charnn("train", text_file(LABELLED, "good.tsv"), "--task", "classifier", "--out", kept_labels, *SHORT).code
            == 0
        )
    return kept_labels


TABLES = {
    "lines of labels": (LABELLED, "it has lines of a label and a text with a tab between them"),
    "lines of labels with the ends of old Macs": (LABELLED.replace("\n", "\r"), "it has lines of a label and a text"),
    "fastText": ("__label__a line one\n__label__b __label__c two\n" * 9, "it has lines that begin with __label__"),
    "JSON lines": (OBJECTS, "it has objects for texts and labels"),
    "CSV with semicolons and line ends in cells": (SEMICOLONS, "it has columns for texts and labels"),
    "CSV of other names": ("id,name,age\n1,Bob,42\n2,Ann,31\n3,Cid,12\n", "it looks like CSV"),
    "HTML": ("<!DOCTYPE html>\n<html><body><p>Hi</p></body></html>\n", "it looks like HTML"),
    "texts": ("I saw it, and left.\nNo, never!\n👩‍👩‍👧 שלום ผมรัก\n" * 5, None),
    "a text with a tab": ("I saw it\tand left.\nNo, never!\n" * 5, None),
    "nothing but blank lines": ("\n \n\n", None),
}


@pytest.mark.parametrize(("text", "seen"), TABLES.values(), ids=TABLES)
def test_lines_that_are_classified_as_they_stand_and_look_like_rows_are_said(charnn, text_file, classifier, text, seen):
    text_file(text, "file.txt")
    result = charnn("classify", "file.txt", "-m", classifier)
    said = f"charnn: warning: file.txt: {seen}"
    assert result.code == 0
    assert (
        result.err.startswith(said) and ", and each line is classified as it stands; give the texts alone" in result.err
    ) == (seen is not None)
    assert result.err.count("\n") == (seen is not None)


def test_rows_of_csv_and_objects_that_are_tagged_or_transduced_as_text_are_said(charnn, text_file, tagger):
    text_file(SEMICOLONS, "semicolons.csv")
    text_file(OBJECTS, "objects.jsonl")
    assert "semicolons.csv looks like CSV, and is read as raw text" in charnn("tag", "semicolons.csv", "-m", tagger).err
    assert "objects.jsonl looks like JSON lines, and is read as" in charnn("tag", "objects.jsonl", "-m", tagger).err
    text_file("".join(f"cat{n}\tchat{n}\n" for n in range(20)), "pairs.tsv")
    assert charnn("train", "pairs.tsv", "--task", "transducer", "--out", "model", *SHORT).code == 0
    said = charnn("transduce", "semicolons.csv", "-m", "model").err
    assert "semicolons.csv: it looks like CSV, and each line is transduced as it stands" in said
    assert "transduced as it stands" not in charnn("transduce", "pairs.tsv", "-m", "model").err


@pytest.mark.parametrize("text", ["", "\n\n \t\n"], ids=["an empty file", "blank lines"])
@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("language-model", "file.txt: the text is "),
        ("tagger", "file.txt: there is no sentence"),
        ("classifier", "file.txt: there is no text with a label"),
        ("transducer", "file.txt: there is no pair in it; write source<TAB>target on each line"),
    ],
)
def test_a_file_without_words_teaches_no_task(charnn, text_file, task, said, text):
    text_file(text, "file.txt")
    refused = charnn("train", "file.txt", "--task", task, *SHORT)
    assert refused.code == 1
    assert said in refused.err
    assert refused.err.count("\n") == 1


REFUSED_ROWS = {
    "ragged rows": (
        "a\tone\nb\ttwo\tmore\n" * 9,
        "--task transducer",
        1,
        "file.txt:2: the row has 3 columns, where the first row has 2; a tab stands between two cells, and in none",
    ),
    "rows that are no treebank": (
        SEMICOLONS,
        "--task tagger",
        1,
        "file.txt: it is neither CoNLL-U, nor columns, nor word_TAG, and looks like CSV; python3 -c",
    ),
    "a key inside of another": (
        '{"data": {"text": "x"}, "meta": "a"}\n' * 5,
        "--task classifier --text data --label meta",
        1,
        "file.txt:1: what stands under 'data' is an object; name a key in it, such as data.text",
    ),
    "keys of other names": (
        '{"data": {"text": "x"}, "meta": "a"}\n' * 5,
        "--task classifier",
        2,
        "file.txt: no key has a usual name of a text (text, ...); name it with --text; the keys are data, meta",
    ),
    "a key that is missing once": (
        OBJECTS.replace(', "label": "b"', "", 1),
        "",
        1,
        "file.txt:2: this object has no 'label', as the first one has",
    ),
    "columns of other names": (
        "id,name\n" + "1,x\n" * 9,
        "--task transducer",
        1,
        "file.txt:1: there is no tab between a source and its target",
    ),
    "a comment after the first word": (
        CONLLU.replace("2\tcat", "# so\n2\tcat"),
        "",
        1,
        "file.txt:4: a comment after the first word of a sentence",
    ),
}


@pytest.mark.parametrize(("text", "options", "code", "said"), REFUSED_ROWS.values(), ids=REFUSED_ROWS)
def test_rows_that_cannot_be_learned_are_one_line_that_says_what_to_do(charnn, text_file, text, options, code, said):
    text_file(text, "file.txt")
    refused = charnn("train", "file.txt", *options.split(), *SHORT)
    assert refused.code == code
    assert said in refused.err


def test_a_tab_at_the_end_of_each_line_is_no_empty_label(charnn, text_file):
    text_file(LABELLED.replace("\n", "\t\n"), "file.tsv")
    assert "; 2 labels" in charnn("train", "file.tsv", "--task", "classifier", *SHORT, "--out", "model").err


def test_a_csv_file_that_is_too_short_to_look_like_one_is_known_by_its_name(charnn, text_file):
    text_file("text,label\n", "file.csv")
    assert (
        "file.csv looks like CSV by its name, and is read as text"
        in charnn("train", "file.csv", *SHORT, "--batch", "1", "--window", "4").err
    )


def test_folders_that_may_be_labels_are_said(charnn, tmp_path):
    for name in ("pos/1", "pos/2", "neg/1", "neg/2", "neg/.hidden"):
        (tmp_path / "reviews" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "reviews" / name).write_text(f"it was so, {name}\n" * 9)
    said = "reviews is read as text, and its folders (neg, pos) may be labels; --task classifier learns them"
    assert said in charnn("train", "reviews", *SHORT, "--out", "text").err
    assert said not in charnn("train", "reviews", "--documents", "file", *SHORT, "--out", "files").err
    assert (
        "; 2 labels"
        in charnn("train", "reviews", "--task", "classifier", "--valid", "none", *SHORT, "--out", "labels").err
    )
    for arguments in (("classify", "reviews", "-m", "labels"), ("score", "reviews", "-m", "text")):
        assert "reviews: is a directory; name the files in it, such as reviews/*" in charnn(*arguments).err
    (tmp_path / "reviews" / "notes.txt").write_text("more of it\n" * 9)
    assert said not in charnn("train", "reviews", *SHORT, "--out", "more").err


@pytest.mark.parametrize(
    ("command", "model"),
    [
        (("train",), None),
        (("eval",), "format-1"),
        (("score",), "format-1"),
        (("novelty", "--corpus", "text.txt"), None),
        (("tag",), "tagger-1"),
        (("classify",), "classifier-1"),
        (("transduce",), "transducer-1"),
        (("forecast",), "forecaster-1"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_model_in_the_place_of_a_text_is_said_to_be_one(charnn, text_file, command, model):
    """Such is `charnn score poems`, where -m was forgotten."""
    text_file("the cat sat on the mat.\n" * 9)
    result = charnn(*command, GOLDEN / "format-1", *(["-m", GOLDEN / model] if model else []))
    assert result.code == 1
    place = GOLDEN / "format-1"
    assert result.err == (
        f"charnn: {place}: this is a model and no text; --model {place} uses it, and train --from {place} starts from it\n"
    )


def test_a_name_as_windows_has_it_is_a_name(charnn, text_file):
    text_file("some notes of mine\n" * 30, "C:\\Users\\me\\notes.txt")
    trained = charnn("train", "C:\\Users\\me\\notes.txt", *SHORT)
    assert trained.code == 0
    assert charnn("eval").code == 0
