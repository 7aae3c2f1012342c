from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.evaluation.confusions import Confusion, PrecisionRecall
from charnn.tasks.tagger.use.scores import TagScore, joined_tags, universal_feats

FIXTURE = Path(__file__).parent / "ud_fixture"

Sentence = tuple[list[str], list[str], list[bool]]


def score(gold: str, predicted: str, known: str = "") -> TagScore:
    """The score of one sentence; `known` has a letter a word, k or u, and all are known without it."""
    return TagScore.of(
        [(gold.split(), predicted.split(), [letter == "k" for letter in known or "k" * len(gold.split())])]
    )


sentences = st.lists(
    st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from("ABCD"), st.booleans()), max_size=5).map(
        lambda words: ([gold for gold, _, _ in words], [tag for _, tag, _ in words], [known for _, _, known in words])
    ),
    max_size=6,
)


def test_accuracies_of_three_words_one_of_them_unknown() -> None:
    result = score("A B B", "A A B", "kku")
    assert (result.words, result.correct) == (3, 2)
    assert result.accuracy == 2 / 3
    assert result.known_accuracy == 1 / 2
    assert result.unknown_accuracy == 1.0


def test_accuracy_is_over_words_and_no_mean_over_sentences() -> None:
    result = TagScore.of([(["A"], ["A"], [True]), (["A"] * 9, ["B"] * 9, [True] * 9)])
    assert result.accuracy == 1 / 10
    assert result.sentence_accuracy == 1 / 2


def test_sentence_with_one_mistake_is_not_correct() -> None:
    result = TagScore.of([(["A", "B"], ["A", "A"], [True] * 2), (["A", "B"], ["A", "B"], [True] * 2)])
    assert (result.sentences, result.correct_sentences) == (2, 1)


def test_sentence_without_words_counts_neither_as_correct_nor_at_all() -> None:
    assert TagScore.of([([], [], []), (["A"], ["B"], [True])]).sentence_accuracy == 0.0
    assert TagScore.of([([], [], [])]) == TagScore()


def test_figures_of_a_tag_by_hand() -> None:
    # A is found in 2 of its 3 words, and predicted 4 times.
    tags = score("A A A B B", "A A B A A").tags
    assert tags["A"] == PrecisionRecall(precision=2 / 4, recall=2 / 3, f1=4 / 7, reference=3, predicted=4)
    assert tags["B"] == PrecisionRecall(precision=0.0, recall=0.0, f1=0.0, reference=2, predicted=1)


def test_tag_never_predicted_has_no_precision_and_tag_never_gold_no_recall() -> None:
    tags = score("A B", "A C").tags
    assert tags["B"] == PrecisionRecall(precision=None, recall=0.0, f1=0.0, reference=1, predicted=0)
    assert tags["C"] == PrecisionRecall(precision=0.0, recall=None, f1=0.0, reference=0, predicted=1)


def test_score_of_nothing_has_no_figures_and_adds_nothing() -> None:
    empty, one = TagScore.of([]), score("A B", "A A", "ku")
    assert empty == TagScore()
    assert (empty.accuracy, empty.known_accuracy, empty.unknown_accuracy, empty.sentence_accuracy) == (None,) * 4
    assert (empty.words, empty.tags, empty.confusions(), empty.matrix()[0]) == (0, {}, [], [])
    assert empty.matrix()[1].shape == (0, 0)
    assert one + empty == empty + one == one


def test_accuracy_of_unknown_words_is_none_where_all_are_known() -> None:
    assert score("A", "B").unknown_accuracy is None
    assert score("A", "B", "u").known_accuracy is None
    assert score("A", "B", "u").unknown_accuracy == 0.0


@given(sentences, sentences)
def test_scores_of_parts_add_up_to_the_score_of_the_whole(one: list[Sentence], other: list[Sentence]) -> None:
    assert TagScore.of(one) + TagScore.of(other) == TagScore.of(one + other)


@given(sentences)
def test_every_view_counts_each_word_once(parts: list[Sentence]) -> None:
    result = TagScore.of(parts)
    words = [word for part in parts for word in zip(*part, strict=True)]
    labels, counts, right = result.matrix()
    assert result.words == len(words) == counts.sum() == sum(figures.reference for figures in result.tags.values())
    assert result.correct == sum(gold == tag for gold, tag, _ in words) == counts.trace() == right.sum()
    assert result.known_words == sum(known for _, _, known in words)
    assert result.unknown_correct == sum(gold == tag and not known for gold, tag, known in words)
    assert sum(mistake.words for mistake in result.confusions()) == result.words - result.correct
    assert labels == list(result.tags)


def test_matrix_has_gold_in_rows_by_frequency_and_tags_only_predicted_last() -> None:
    labels, counts, right = score("N N N V A A", "X X X N A Y").matrix()
    assert labels == ["N", "A", "V", "X", "Y"]
    assert counts.tolist() == [[0, 0, 0, 3, 0], [0, 1, 0, 0, 1], [1, 0, 0, 0, 0], [0] * 5, [0] * 5]
    assert right.tolist() == [0, 1, 0, 0, 0]
    assert counts.dtype == np.int64


def test_rarer_tags_share_the_last_row_and_column_of_a_matrix() -> None:
    labels, counts, right = score("N N N V A A", "X X X N A Y").matrix(2)
    assert labels == ["N", "A", "V", "X", "Y"]
    assert counts.tolist() == [[0, 0, 3], [0, 1, 1], [1, 0, 0]]
    assert right.tolist() == [0, 1, 0]
    labels, counts, right = score("N A V", "N A V").matrix(1)
    assert (counts.tolist(), right.tolist()) == ([[1, 0], [0, 2]], [1, 2])


def test_matrix_of_the_most_frequent_of_many_tags_is_small() -> None:
    tags = " ".join(f"T{number}" for number in range(100_000))
    labels, counts, right = score(tags, tags).matrix(30)
    assert (len(labels), counts.shape, counts[-1, -1], right[-1]) == (100_000, (31, 31), 99_970, 99_970)


def test_confusions_are_the_mistakes_alone_most_frequent_first() -> None:
    result = score("A B B C A A A A", "B A A A A A A A")
    assert result.confusions() == [Confusion("B", "A", 2), Confusion("A", "B", 1), Confusion("C", "A", 1)]


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ((2, 1, 2), "sentence 2: 2 gold tags, 1 predicted tags, 2 known flags"),
        ((1, 2, 1), "sentence 2: 1 gold tags, 2 predicted tags, 1 known flags"),
        ((2, 2, 1), "sentence 2: 2 gold tags, 2 predicted tags, 1 known flags"),
        ((0, 0, 1), "sentence 2: 0 gold tags, 0 predicted tags, 1 known flags"),
    ],
)
def test_lengths_that_differ_are_refused_with_their_place(lengths: tuple[int, int, int], message: str) -> None:
    gold, predicted, known = lengths
    with pytest.raises(ValueError, match=f"^{message}$"):
        TagScore.of([(["A"], ["A"], [True]), (["A"] * gold, ["A"] * predicted, [True] * known)])


def test_json_has_null_for_what_is_undefined_and_survives_numpy_flags() -> None:
    known = np.array([True, True, True])
    result = TagScore.of([(["A", "A", "B"], ["A", "C", "A"], known)])  # type: ignore[list-item]
    assert json.loads(json.dumps(result.to_json(), allow_nan=False)) == {
        "accuracy": 1 / 3,
        "known_accuracy": 1 / 3,
        "unknown_accuracy": None,
        "words": 3,
        "unknown_words": 0,
        "sentences": 1,
        "sentence_accuracy": 0.0,
        "tags": {
            "A": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "gold": 2, "predicted": 2},
            "B": {"precision": None, "recall": 0.0, "f1": 0.0, "gold": 1, "predicted": 0},
            "C": {"precision": 0.0, "recall": None, "f1": 0.0, "gold": 0, "predicted": 1},
        },
    }


def test_tags_of_several_columns_are_right_where_all_of_them_are() -> None:
    gold = joined_tags(["N", "N", "V"], ["NN", "NNS", "VB"])
    predicted = joined_tags(["N", "N", "A"], ["NN", "NN", "VB"])
    assert TagScore.of([(gold, predicted, [True] * 3)]).correct == 1


def test_joined_tags_never_run_into_each_other() -> None:
    assert joined_tags(["A", "A B", "_"], ["B C", "C", "_"]) == ["A\tB C", "A B\tC", "_\t_"]
    assert joined_tags([], []) == []


def test_columns_of_different_lengths_are_not_joined() -> None:
    with pytest.raises(ValueError, match="shorter"):
        joined_tags(["A", "B"], ["A"])


UNIVERSAL = [
    "PronType", "NumType", "Poss", "Reflex", "Foreign", "Abbr", "Gender", "Animacy", "Number", "Case", "Definite",
    "Degree", "VerbForm", "Mood", "Tense", "Aspect", "Voice", "Evident", "Polarity", "Person", "Polite",
]  # fmt: skip
OTHERS = ["NumForm", "Typo", "ExtPos", "Number[psor]", "number", "Polarit", "_", ""]


@pytest.mark.parametrize("name", UNIVERSAL)
def test_each_feature_that_the_script_compares_is_kept(name: str) -> None:
    assert universal_feats(f"{name}=Yes") == f"{name}=Yes"


@pytest.mark.parametrize(
    ("feats", "normal"),
    [
        ("_", "_"),
        ("", "_"),
        ("Typo=Yes|NumForm=Digit|Number[psor]=Sing|number=Sing", "_"),
        ("Number=Sing|ExtPos=ADP|Case=Nom", "Case=Nom|Number=Sing"),
        ("NumType=Card|Number=Sing", "Number=Sing|NumType=Card"),  # UD's order; that of code points is the other
        ("PronType=Rel,Int", "PronType=Rel,Int"),
        ("Poss|Number=Sing||Number=Plur", "Number=Plur|Number=Sing|Poss"),
    ],
)
def test_feats_are_universal_and_in_order(feats: str, normal: str) -> None:
    assert universal_feats(feats) == normal
    assert universal_feats(normal) == normal


feats = st.lists(
    st.builds("{}={}".format, st.sampled_from(["Number", "NumType", "Case", "Poss", *OTHERS]), st.sampled_from("abA")),
    max_size=5,
).map("|".join)


@given(feats, feats)
def test_feats_agree_exactly_where_the_script_says_so(one: str, other: str) -> None:
    def compared(feats: str) -> Counter[str]:
        return Counter(feature for feature in feats.split("|") if feature.partition("=")[0] in UNIVERSAL)

    assert (universal_feats(one) == universal_feats(other)) == (compared(one) == compared(other))


def fixture_columns(name: str) -> list[dict[str, list[str]]]:
    """The columns of every sentence by the script's names; multiword ranges and empty nodes are no words."""
    columns = []
    for block in (FIXTURE / name).read_text(encoding="utf-8").rstrip("\n").split("\n\n"):
        rows = [line.split("\t") for line in block.split("\n")]
        words = [row for row in rows if row[0].isdigit()]
        upos, xpos, feats = ([word[column] for word in words] for column in (3, 4, 5))
        ufeats = list(map(universal_feats, feats))
        columns.append({"UPOS": upos, "XPOS": xpos, "UFeats": ufeats, "AllTags": joined_tags(upos, xpos, ufeats)})
    return columns


@pytest.mark.parametrize("metric", ["UPOS", "XPOS", "UFeats", "AllTags"])
def test_numbers_are_those_of_the_ud_evaluation_script(metric: str) -> None:
    gold, system = fixture_columns("gold.conllu"), fixture_columns("system.conllu")
    result = TagScore.of(
        (one[metric], other[metric], [True] * len(one[metric])) for one, other in zip(gold, system, strict=True)
    )
    expected = json.loads((FIXTURE / "expected.json").read_text())[metric]
    assert {"correct": result.correct, "words": result.words} == expected


def test_feats_as_they_are_written_would_not_give_the_numbers_of_the_script() -> None:
    """20 words instead of 27: so that the fixture cannot lose what it is there for."""
    lines = [(FIXTURE / name).read_text(encoding="utf-8").split("\n") for name in ("gold.conllu", "system.conllu")]
    words = [(a.split("\t"), b.split("\t")) for a, b in zip(*lines, strict=True) if a.split("\t")[0].isdigit()]
    assert sum(gold[5] == system[5] for gold, system in words) == 20
