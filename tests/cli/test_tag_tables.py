"""The tables that `charnn eval` prints of a tagger."""

from __future__ import annotations

from charnn.tasks.tagger.use import evaluation
from charnn.tasks.tagger.use.figures import TagFigures
from charnn.tasks.tagger.use.scores import TagScore


def table_of(counts, column="upos"):
    """The report of so many words of each gold and predicted tag."""
    figures = TagFigures([column])
    figures.columns[column] = TagScore.of(([gold] * n, [predicted] * n, [True] * n) for (gold, predicted), n in counts)
    return evaluation.report(figures, model="m", treebank="t", level="word").splitlines()


UPOS = [
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM",
    "VERB", "X",
]  # fmt: skip


def test_the_matrix_of_all_upos_tags_of_a_large_treebank_fits_120_columns():
    lines = table_of([((a, b), 99_999 if a == b else 999) for a in UPOS for b in UPOS])
    assert any(line.split() == ["upos", *UPOS] for line in lines)
    assert max(map(len, lines)) <= 120


def test_a_matrix_of_more_tags_or_wider_ones_is_a_list_of_the_most_frequent_mistakes():
    many = [((f"T{n}", f"T{n + 1}"), 30 - n) for n in range(24)]
    wide = [((name * 40, "_"), count) for name, count in (("A", 2), ("B", 10), ("C", 1))]
    lines = table_of(many)
    start = lines.index("upos: gold tag -> predicted tag, the most frequent mistakes")
    assert lines[start + 1 : start + 3] == ["30  T0 -> T1", "29  T1 -> T2"]
    assert lines[-2:] == ["11  T19 -> T20", "(4 rarer ones, of 34 words together)"]
    assert table_of(wide)[-3:] == [f"10  {'B' * 40} -> _", f" 2  {'A' * 40} -> _", f" 1  {'C' * 40} -> _"]


def test_the_most_frequent_tags_have_a_row_and_the_others_are_counted():
    lines = table_of([((f"T{n}", f"T{n}"), 100 - n) for n in range(43)])
    rows = [line.split()[0] for line in lines if line.startswith("T")]
    assert rows == [f"T{n}" for n in range(40)]
    assert lines[-1] == f"(3 rarer tags, of {60 + 59 + 58} words together: see --json)"


def test_a_long_tag_is_cut_where_a_table_would_become_too_wide():
    lines = table_of([(("Aa" * 80, "Bb" * 80), 12_345)], column="feats")
    assert max(len(line) for line in lines if "->" not in line) <= 120
    assert f"12,345  {'Aa' * 80} -> {'Bb' * 80}" in lines


def test_columns_stand_below_each_other_whatever_the_script():
    lines = table_of([(("名詞", "名詞"), 3), (("v", "名詞"), 1)])
    assert ["名詞", "75.00", "100.00", "85.71", "3"] in [line.split() for line in lines]
    start = next(number for number, line in enumerate(lines) if "F1" in line)
    assert len({len(row) + 2 * row.count("名詞") for row in lines[start : start + 3]}) == 1


def test_tags_that_cannot_be_seen_are_shown_as_in_python():
    text = "\n".join(table_of([((" ", "\t"), 1), (("x", "x"), 1)]))
    assert "' '" in text
    assert r"'\t'" in text


def test_scores_without_a_mistake_have_no_confusions():
    assert "gold tag" not in "\n".join(table_of([(("A", "A"), 3)]))
