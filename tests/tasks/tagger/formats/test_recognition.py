from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.tasks.tagger.formats.recognition import recognize

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
    assert recognize(text) == "conllu"


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
    assert recognize(text) == "columns"


@pytest.mark.parametrize(
    "text",
    [
        "The_DET cat_NOUN sat_VERB ._PUNCT\n",
        "The/DT cat/NN said/VBD ``/`` no/UH ''/'' ,/, (/-LRB- 1/2/CD )/-RRB- ./.\n",
        "Hùng/Np giật_mình/V :/CH\n",
        "a_Case=Nom|Number=Sing b_Case[a]=X the__\n",
        "\ufeff\nThe_DET_DT cat_NOUN_NN sat_VERB_VBD\n",
        "The_DET cat_NOUN sat_VERB",
        "x_Y " * 30 + "cut_i",
    ],
)
def test_slashed_is_where_practically_every_token_has_a_tag(text: str) -> None:
    assert recognize(text) == "slashed"


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
    assert recognize(text) == "lines"


@given(st.text(alphabet="aZ1_/\t\n =|#.-"))
def test_nothing_is_too_odd_to_be_told(text: str) -> None:
    assert recognize(text) in ("conllu", "columns", "slashed", "lines")


@pytest.mark.parametrize(
    "text", ["x_A=b" * 10_000, "x_" + "A=bC" * 10_000, "/" * 50_000, "a/B=" * 10_000, "\n\t" * 20_000]
)
def test_time_grows_with_length_and_no_faster(text: str) -> None:
    start = time.perf_counter()
    recognize(text)
    recognize(f"{text} {text} {text}")
    assert time.perf_counter() - start < 2


def test_a_format_is_told_without_numpy() -> None:
    """Every command that is given a file first asks which task it is for."""
    script = "import sys, charnn.tasks.tagger.formats.recognition; print('numpy' in sys.modules)"
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert finished.stdout == "False\n"
