from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.errors import CorpusError
from charnn.tasks.tagger.formats.recognition import check_line_ends, is_enough, recognize, sample_of

ROW = "1\tThe\tthe\tDET\tDT\t_\t2\tdet\t_\t_\n"


@pytest.mark.parametrize(
    "text",
    [
        ROW,
        ROW.rstrip("\n"),
        "\ufeff\n\n" + ROW,
        "# sent_id = 1\r\n" + ROW.replace("\n", "\r\n"),
        "# an odd comment\n# another\n" + ROW,
        "# text = a comment so long that no row is seen",
        "# newdoc\n# newpar\n# an",
        "# newdoc id = x\n# an",
        "# global.columns = ID FORM",
        "1-2\tdu" + "\t_" * 8 + "\n",
        "0.1\tdu" + "\t_" * 8 + "\n",
        ROW + "2\tcut\tin the mid",
        "# sent_id = 1\n1\tnine columns" + "\t_" * 7 + "\n",
        "1\tnine" + "\t_" * 7 + "\n2\tcolumns" + "\t_" * 7 + "\n",
    ],
)
def test_conllu_is_known_by_its_first_row_or_a_comment(text: str) -> None:
    assert recognize(text).format == "conllu"


@pytest.mark.parametrize(
    "text",
    [
        "The\tDET\ncat\tNOUN\n\nIt\tPRON\n",
        "bắt chuyện\tVERB\tV\tNOUN:0.9 VERB:0.1\nx\tNOUN\tN\tX:1\n",
        "Hello\tINTJ\n\n",
        "a\tB\n \tO\n\n",
        "a\tx\r\nb\ty\r\ncut in the mid",
        "1\tb\n2\tc\n",
        "#hash\tX\nb\tY\n",
    ],
)
def test_columns_are_even_with_tags_in_the_second(text: str) -> None:
    assert recognize(text).format == "columns"


@pytest.mark.parametrize(
    "text",
    [
        "The_DET cat_NOUN sat_VERB ._PUNCT\n",
        "The/DT cat/NN said/VBD ``/`` no/UH ''/'' ,/, (/-LRB- 1/2/CD )/-RRB- ./.\n",
        "Hùng/Np giật_mình/V :/CH\n",
        "a_Case=Nom|Number=Sing b_Case[a]=X the__\n",
        "\ufeff\nThe_DET_DT cat_NOUN_NN sat_VERB_VBD\n",
        "The_DET cat_NOUN sat_VERB",
        "the_DET cat_NOUN " * 30 + "cut_i",
    ],
)
def test_slashed_is_where_practically_every_token_has_a_tag(text: str) -> None:
    assert recognize(text).format == "slashed"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        " \n\n \t\n",
        "\ufeff",
        "The cat sat.",
        "He and/or she saw http://example.com/A_B snake_case 24/7, N/A.",
        "N/A",
        "N/A and/OR",
        "http://a.b/C http://a.b/D http://a.b/E",
        "snake_case other_name third_one\n",
        "usr/bin usr/local etc/passwd\n",
        "# A heading\n\nSome prose.",
        "#hashtag first",
        "1. One thing\n2. Another",
        "1\tone thing\n2\tanother\n",
        "Name\tAge\nBob\t42\tx\n",
        "Name:\tBob Smith\n",
        "name:\tbobsmith\n",
        "The_DET cat_NOUN sat_VERB on the_DET mat_NOUN and/or snored_VERB loudly_ADV",
        "title\tsome words here\nother\tmore words\n",
        "a\t\nb\tX\n",
        "word\nword\nword\n",
        "DET_The NOUN_cat VERB_sat",
    ],
)
def test_everything_else_is_lines(text: str) -> None:
    assert recognize(text).format == "lines"


SPACED = "EU NNP B-ORG\nrejects VBZ O\n\nHe PRP O\nsat VBD O\n\n"


@pytest.mark.parametrize(
    "text",
    [
        SPACED,
        "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\nPeter NNP B-NP B-PER\n",
        "Melbourne B-LOC\n( O\nAustralia B-LOC\n) O\n\n- O\n\nEl O\n",
        "#begin document (x); part 000\nEU NNP O\nx NN O\n\ny NN O\n#end document\n",
        "# id 1\nEU NNP O\nx NN O\n\n# id 2\ny NN O\n",
        "the at\ndog nn\n. .\n\nit pps\nsat vbd\n. .\n",
        "# id 1\nEU\tNNP\nx\tNN\n\n# id 2\ny\tNN\n",
        "EU\tB-ORG\nGerman\nHe\tO\nsat\tO\n\nx\tO\n",
        "EU\tB-ORG\nGerman\t\nHe\tO\nsat\tO\n\nx\tO\n",
        "EU\tB-ORG\nGer man\tO X\nHe\tO\nsat\tO\n\nx\tO\n",
        "word\tpos\nThe\tDET\ncat\tNOUN\n\nIt\tPRON\n",
        "the O\ncat O\n\nit O\nran O\n\n",
        "# id 0df\tdomain=en\nhe _ _ O\nin _ _ O\nLondon _ _ B-LOC\n\n# id 0e\tdomain=en\nit _ _ O\n",
        "EU b-org\nsaid o\n\nHe o\nsat o\n\n",
        "London LOC\nis O\nbig O\n\nIt O\nis O\n",
        "人 S\n民 B\n日 M\n报 E\n\n他 S\n在 S\n北 B\n京 E\n\n",
        "the det\ncat noun\nsat verb\n\nit pron\nran verb\n",
        "나는\tNP+JX\n간다\tVV+EF\n\n너는\tNP+JX\n",
        "Der ART\nHund NN\nsingt VVFIN\n. $.\n\nEr PPER\nsingt VVFIN\n. $.\n",
        "To Pd\nje Va\npes Nc\n. Z\n\nOn Pp\nspi Vm\n. Z\n",
        "".join(f"w{word} T{word % 3}\n" + "\n" * (word % 4 == 3) for word in range(16)),
    ],
)
def test_columns_with_tags_and_blank_lines_are_a_treebank(text: str) -> None:
    found = recognize(text)
    assert found.format == "columns"
    assert found.is_treebank
    assert "blank lines between sentences" in found.reason


@pytest.mark.parametrize(
    "text",
    [
        "see/vb him/ppo now/rb ,/, he/pps is/bez",
        "The/at Fulton/np-tl County/nn-tl Jury/nn-tl said/vbd Friday/nr an/at ``/`` no/at ''/'' */* ./.",
        "see/VB http://x.y/z/NNP now/RB and/CC go/VB",
        "see_VB http://x.y/a_b_URL now_RB",
        "see/VB http://x.y/z/NNP now/RB",
    ],
)
def test_small_letters_and_addresses_are_tagged_too(text: str) -> None:
    assert recognize(text).format == "slashed"
    assert recognize(text).is_treebank


@pytest.mark.parametrize(
    "text",
    [
        "MIN_OK LC_ALL MAX_INT\nFOO_BAR\nBAZ_QUX\n",
        "JFK/LAX\nSFO/LHR\nCDG/AMS\n",
        "JFK/LAX SFO/LHR CDG/AMS\n",
        "TCP/IP I/O R/W",
        "apple\tfruit\npear\tfruit\n\nhammer\ttool\nsaw\ttool\n",
        "1\tBob\t42\n2\tAnn\t31\n",
        "INFO\tstarted\nWARN\tstopped\n",
        "cat_NOUN\ndog_NOUN\nrun_VERB\n",
        "dark night\nbright day\n\nold moon\nnew day\n\noh joy\noh joy\n" * 4,
        "HELLO WORLD\nGOOD DAY\n\nFOO BAR\n",
        "Oh Yeah\nOh No\n\nOh Yeah\nOh No\n",
        "# Title\n\nSome prose here.\n\n- item\n- item\n",
        "usr/bin usr/local usr/lib etc/passwd usr/bin usr/share var/log\n",
        "LC_ALL=C\nPATH=/usr/bin\n\nHOME=/\n",
        "2024-01-01 INFO started\n2024-01-01 WARN slow\n\n2024-01-01 INFO stopped\n" * 9,
        "France\tFR\nGermany\tDE\n\nChina\tCN\nJapan\tJP\n\nKenya\tKE\n",
        "apple AAPL\ngoogle GOOG\n\ntesla TSLA\nford F\n\n",
        "Host A\nMode ON\n\nHost B\nMode OFF\n\n" * 9,
        "smoking NO\nparking YES\n\npets NO\nwifi YES\n\n",
        "- MILK\n- EGGS\n\n- BREAD\n- TEA\n" * 9,
        "my_var_NAME your_var_NAME this_FOO\n",
        "max_INT min_INT max_LONG min_LONG\n",
        "he/she his/her him/her he/she his/her he/she and/or he/she his/her him/her he/she him/her\n" * 9,
        "name bob\nage 42\ncity Paris\n\nname ann\nage 31\ncity Rome\n\n" * 9,
        "mov ax\npush bx\npop cx\n\nmov dx\nret x\n" * 9,
    ],
)
def test_what_only_looks_a_little_like_a_treebank_is_none(text: str) -> None:
    assert not recognize(text).is_treebank


@pytest.mark.parametrize(
    ("text", "looks_like"),
    [
        ("dog NOUN\ncat NOUN\nrun VERB\n", "a word and its tag on each line, without blank lines between sentences"),
        ("title\tsome words here\nother\tmore words\n", "columns between tabs"),
        ("The_DET cat_NOUN sat_VERB on the_DET mat_NOUN and snored_VERB", "words with tags after _"),
        ("he/she his/her and/or", "pairs such as he/she"),
        ("dark night\nbright day\n\nold moon\nnew day\n", "2 words on each line, and blank lines"),
        ("#begin document (x)\nSome prose follows.\n", "a comment at its beginning, as treebanks have"),
        ("# id 7\nSome prose follows.\n", "a comment at its beginning, as treebanks have"),
        ("The cat sat.\nIt purred.\n", ""),
        ("int f(int a)\n{\n\tif (a) {\n\t\treturn 1;\n\t}\n\treturn a;\n}\n" * 9, ""),
        ("# A heading\n\nSome prose.\n", ""),
    ],
)
def test_raw_lines_that_look_structured_are_named(text: str, looks_like: str) -> None:
    found = recognize(text)
    assert (found.format, found.looks_like) == ("lines", looks_like)


@pytest.mark.parametrize("before", ["# a free comment\n" * 600, "1\t" + "x" * 10_000 + "\t_" * 8 + "\n"])
def test_a_sample_has_a_whole_row_however_far_it_is(before: str) -> None:
    text = before + ROW + "more\n" * 10_000
    assert recognize(sample_of(text)).format == "conllu"
    assert not is_enough(before[:5000], pauses=False)
    assert is_enough(before + ROW, pauses=False)
    assert len(sample_of(text)) < len(before) + 6000
    assert is_enough("#" * (1 << 20), pauses=False), "a sample has an end"


def test_a_sample_has_a_row_of_the_second_sentence_however_long_the_first_is() -> None:
    text = "the det\ncat noun\n" * 1000 + "\n" + "it pron\n\n" * 9
    found = recognize(sample_of(text))
    assert (found.format, found.is_treebank) == ("columns", True)
    prose = "It was so.\n" * 100_000
    assert len(sample_of(prose)) == 4096


@pytest.mark.parametrize("text", ["word " * 400_000, "x" * 2_000_000, "x" + " " * 2_000_000, " \n" * 900_000])
def test_a_sample_of_a_text_without_line_ends_is_taken_in_linear_time(text: str) -> None:
    start = time.process_time()
    assert len(sample_of(text)) == 1 << 20
    assert is_enough(text, pauses=False)
    assert time.process_time() - start < 10


def test_old_line_ends_are_named() -> None:
    for text in (ROW.replace("\n", "\r") * 2, SPACED.replace("\n", "\r")):
        with pytest.raises(CorpusError, match=r"^f: its lines end in \\r alone, as on old Macs$"):
            check_line_ends(text, "f")
    for text in (ROW, ROW.replace("\n", "\r\n"), "The cat\rsat.\r", "the_D cat_N\rhe_P sat_V\r"):
        check_line_ends(text, "f")


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("a_A b_B\n\nc_C\n", "slashed"),
        ("he/she his/her and/or\n", "slashed"),
        ("dog NOUN\ncat NOUN\nrun VERB\n", "columns"),
        ("name bob\nage 42\n\nname ann\nage 31\n", "columns"),
        ("apple\tred fruit\npear\tgreen fruit\n", "columns"),
        ("The cat sat.\nIt purred.\n", "lines"),
        ("The cat sat.\n", "lines"),
        ("", "lines"),
    ],
)
def test_where_tags_are_known_to_be_there_the_shape_tells_the_format(text: str, format: str) -> None:
    assert recognize(text, has_tags=True).format == format
    assert not recognize(text).is_treebank


@given(st.text(alphabet="aZ1_/\t\n =|#.-"))
def test_nothing_is_too_odd_to_be_told(text: str) -> None:
    assert recognize(text).format in ("conllu", "columns", "slashed", "lines")


@pytest.mark.parametrize(
    "text",
    ["x_A=b" * 10_000, "x_" + "A=bC" * 10_000, "/" * 50_000, "a/B=" * 10_000, "\n\t" * 20_000, "x \n \t" * 20_000],
)
def test_time_grows_with_length_and_no_faster(text: str) -> None:
    start = time.process_time()
    recognize(text)
    recognize(f"{text} {text} {text}")
    sample_of(text * 9)
    assert time.process_time() - start < 10


def test_a_format_is_told_without_numpy() -> None:
    """Every command that is given a file first asks which task it is for."""
    script = "import sys, charnn.tasks.tagger.formats.recognition; print('numpy' in sys.modules)"
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert finished.stdout == "False\n"
