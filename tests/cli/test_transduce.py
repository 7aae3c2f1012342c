"""`charnn transduce`, and `train` and `eval` of pairs: what is written, in which order, what is said."""

from __future__ import annotations

import json
import math
import random
import re
import subprocess

import pytest

RANDOM = random.Random(0)
WORDS = ["".join(RANDOM.choices("abcd", k=RANDOM.randint(2, 5))) for _ in range(100)]
PAIRS = "".join(f"{word}\t{' '.join(word.upper())}\n" for word in WORDS)
"""Each letter as a capital between spaces."""
OPTIONS = ("--steps", "120", "--hidden", "32", "--batch", "16", "--dropout", "0", "--learning-rate", "0.02",
           "--precision", "fp32")  # fmt: skip
FORMS = "walk\tV;PST\twalked\nwalk\tV;PRS\twalks\ntalk\tV;PST\ttalked\ntalk\tV;PRS\ttalks\n" * 6
SOURCES = "abca\ndb\n\nccd\n"
TARGETS = "A B C A\nD B\n\nC C D\n"


@pytest.fixture
def trained(charnn, text_file, once_a_module):
    """A transducer in `model`, beside the text.tsv that it learned."""

    def train():
        text_file(PAIRS, "text.tsv")
        text_file(FORMS, "forms.tsv")
        for file, model in (("text.tsv", "model"), ("forms.tsv", "forms")):
            result = charnn("train", file, *OPTIONS, "--out", model)
            assert result.code == 0, result.err

    once_a_module(train)


@pytest.fixture
def transduce(charnn, trained, text_file):
    """Runs `charnn transduce` on a file of that content."""

    def run(content, *arguments, model="model"):
        text_file(content, "input.txt")
        return charnn("transduce", "input.txt", "-m", model, *arguments)

    return run


def test_each_line_becomes_its_target_and_an_empty_line_stays_empty(transduce):
    result = transduce(SOURCES)
    assert (result.code, result.text, result.err) == (0, TARGETS, "")
    assert transduce("").text == ""
    assert transduce("\n\n", "--nbest", "2").text == "\n\n"
    assert transduce(SOURCES.replace("\n", "\r\n")).text == TARGETS
    assert transduce("\ufeffabca\n").text == "A B C A\n"
    assert transduce("abca").text == "A B C A\n", "the last line may have no end"


def test_many_lines_of_all_lengths_keep_their_order(transduce):
    words = ["".join(RANDOM.choices("abcd", k=RANDOM.randint(1, 6))) for _ in range(3000)]
    result = transduce("".join(f"{word}\n" for word in words), "--keep-source", "--beam", "1")
    rows = [line.split("\t") for line in result.text.splitlines()]
    assert [row[0] for row in rows] == words
    one_by_one = {word: transduce(f"{word}\n", "--beam", "1").text for word in words[:5]}
    assert all(f"{row[1]}\n" == one_by_one[row[0]] for row in rows if row[0] in one_by_one)


def test_files_and_standard_input_are_read_one_after_the_other(charnn, trained, text_file):
    text_file("abca\n", "one.txt")
    text_file("db\n", "two.txt")
    with text_file("ccd\n", "input.txt").open() as stdin:
        result = charnn("transduce", "-m", "model", "one.txt", "-", "two.txt", stdin=stdin)
    assert result.text == "A B C A\nC C D\nD B\n"


def test_a_line_is_answered_before_the_next_one_comes(trained, process):
    child = process("transduce", "-m", "model", stdin=subprocess.PIPE)
    for line, target in zip(SOURCES.splitlines(), TARGETS.splitlines(), strict=True):
        child.stdin.write(f"{line}\n".encode())
        child.stdin.flush()
        assert child.stdout.readline().decode() == f"{target}\n"
    child.stdin.close()
    assert child.wait(20) == 0


def test_nbest_gives_the_likeliest_targets_with_their_log_probabilities(transduce):
    result = transduce("abca\n", "--nbest", "3", "--keep-source")
    source, *cells = result.text.rstrip("\n").split("\t")
    targets, figures = cells[::2], [float(cell) for cell in cells[1::2]]
    assert (source, targets[0], len(targets), len(set(targets))) == ("abca", "A B C A", 3, 3)
    assert figures == sorted(figures, reverse=True)
    assert sum(map(math.exp, figures)) <= 1


def test_json_has_the_source_its_target_and_how_probable_that_is(transduce):
    objects = [json.loads(line) for line in transduce(SOURCES, "--json", "--nbest", "2").text.splitlines()]
    assert [one["source"] for one in objects] == SOURCES.splitlines()
    assert [(one["file"], one["line"]) for one in objects] == [
        ("input.txt", number) for number, _ in enumerate(SOURCES.splitlines(), 1)
    ]
    assert [one["target"] for one in objects] == TARGETS.splitlines()
    assert all(math.isclose(math.exp(one["log_probability"]), one["probability"], abs_tol=1e-5) for one in objects)
    assert objects[0]["nbest"][0]["target"] == "A B C A"


def test_a_wider_beam_never_finds_targets_that_are_less_probable_together(transduce):
    # N-grams of aligned pairs may share out what the targets have together, and greedy search finds one.
    words = "".join(f"{''.join(RANDOM.choices('abcd', k=6))}\n" for _ in range(40))
    greedy, wide = (
        [json.loads(line) for line in transduce(words, "--json", *options).text.splitlines()]
        for options in (("--beam", "1"), ("--beam", "8", "--nbest", "8"))
    )
    for one, several in zip(greedy, wide, strict=True):
        assert sum(target["probability"] for target in several["nbest"]) >= one["probability"] - 1e-4


def test_a_pattern_is_kept_to_and_a_line_without_a_match_stays_empty(transduce):
    assert transduce("abca\ndb\n", "--pattern", "B .*").text.splitlines()[0].startswith("B ")
    assert transduce("abca\n", "--pattern", "(C|D) (C|D)").text in {f"{x} {y}\n" for x in "CD" for y in "CD"}
    refused = transduce("abca\n", "--pattern", "x")
    assert (refused.code, refused.text) == (2, "")
    assert "can write nothing that matches the pattern" in refused.err


def test_what_is_drawn_is_the_same_for_a_seed_however_the_lines_are_batched(transduce):
    words = "".join(f"{word}\n" for word in WORDS[:50])
    both = [transduce(words, "--sample", "--seed", seed, "--temp", "2").text for seed in ("3", "3", "4")]
    assert both[0] == both[1] != both[2]
    assert transduce(words, "--sample", "--temp", "0").text == transduce(words, "--beam", "1").text


def test_a_target_below_the_confidence_that_is_asked_for_is_replaced(transduce):
    sure = transduce(SOURCES, "--min-confidence", "0.0")
    assert sure.text == TARGETS
    none = transduce(SOURCES, "--min-confidence", "1", "--unsure", "?").text.splitlines()
    assert none == ["?", "?", "", "?"], "an empty line is certain"


def test_a_target_that_is_not_sure_is_null_in_json_unless_it_has_another_name(transduce):
    for options, said in (((), None), (("--unsure", "?"), "?")):
        result = transduce(SOURCES, "--json", "--min-confidence", "1", *options)
        targets = [json.loads(line)["target"] for line in result.text.splitlines()]
        assert targets == [said, said, "", said]


def test_an_unknown_symbol_is_said_once_and_is_not_fatal(transduce):
    result = transduce("xab\nyz\nab\n")
    assert result.code == 0
    assert len(result.text.splitlines()) == 3
    assert result.text.splitlines()[2] == "A B"
    assert result.err.count("\n") == 1
    assert "the symbol 'x' was not in training: it is read as an unknown symbol, and so are others" in result.err


def test_an_unknown_symbol_is_copied_by_a_model_that_copies(transduce):
    result = transduce("zalk\tV;PST\n", model="forms")
    assert result.text.startswith("z"), result.text
    assert "the symbol 'z' was not in training: it is copied" in result.err
    of_feature = transduce("walk\tV;FUT\n", model="forms").err
    assert "the feature 'FUT' was not in training: it is read as an unknown symbol" in of_feature


def test_features_follow_a_tab_and_are_asked_for(transduce):
    assert transduce("walk\tV;PST\ntalk\tV;PRS\n", model="forms").text == "walked\ntalks\n"
    result = transduce("walk\tV;PST\ntalk\n", model="forms")
    assert (result.code, result.text) == (1, "walked\n"), "what comes before is done"
    assert result.err == "charnn: input.txt:2: no features; this model wants source<TAB>features on each line\n"


def test_cells_after_the_source_are_passed_over_and_that_is_said_once(transduce):
    result = transduce("abca\tA\ndb\tB\n")
    assert result.text == "A B C A\nD B\n"
    assert result.err.count("input.txt:1: more than a source: what follows the tab is passed over") == 1
    assert result.err.count("\n") == 1


def test_bytes_that_are_not_in_the_encoding_end_it_or_are_passed_over(transduce):
    text = b"abca\n\xff\ndb\n"
    failed = transduce(text)
    assert (failed.code, failed.text) == (1, "A B C A\n")
    assert "0xff" in failed.err
    skipped = transduce(text, "--on-error", "skip")
    assert (skipped.code, skipped.text) == (0, "A B C A\nD B\n")


def test_a_target_without_an_end_is_cut_at_a_bound_and_that_is_said(charnn, text_file):
    """The network learns that an A nearly always follows, and cannot count them."""
    text_file("".join(f"{word}\t{' '.join('A' * 40)}\n" for word in WORDS), "text.tsv")
    options = ("--steps", "20", "--hidden", "8", "--batch", "8", "--attention", "none", "--learning-rate", "0.05")
    assert charnn("train", "text.tsv", *options, "--out", "model").code == 0
    text_file("abcd\n" * 3, "input.txt")
    result = charnn("transduce", "input.txt", "-m", "model", "--beam", "1", "--json")
    cut = [json.loads(line) for line in result.text.splitlines()]
    assert all(one["cut"] for one in cut)
    assert len(cut[0]["target"].split()) == math.ceil(41 / 3 * 5) + 10, "41 symbols for 3 in training, stops counted"
    assert "targets that had no end and were cut at the bound on their length: 3" in result.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--nbest", "2", "--sample"), "--nbest seeks the likeliest targets, and --sample draws one"),
        (("--beam", "2", "--sample"), "--beam seeks the likeliest target, and --sample draws one"),
        (("--attention", "-", "--min-confidence", "0.5"), "leave --json, --nbest, --keep-source and --min-confidence"),
        (("--temp", "2"), "--temp is for --sample"),
        (("--seed", "2"), "--seed is for --sample"),
        (("--unsure", "?"), "--unsure ?: takes the place of targets below --min-confidence"),
        (("--beam", "0"), "--beam"),
    ],
)
def test_options_that_do_not_go_together_are_refused(transduce, said_once, arguments, said):
    result = transduce(SOURCES, *arguments)
    assert result.code == 2
    assert said in said_once(result)


# Training and evaluation.


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("a\tb\nc\td\ne\n", "bad.tsv:3: the row has 1 column, where the first row has 2"),
        ("a\tb\nc\td\te\n", "bad.tsv:2: the row has 3 columns, where the first row has 2"),
        ("a\tb\n\tc\n", "bad.tsv:2: the source is empty"),
        ("a\tb\nc\t\n", "bad.tsv:2: the target is empty"),
        (f"a\tb\nc\t{'x' * 10_001}\n", "bad.tsv:2: the target has 10,001 characters, and 10,000 are the most"),
        ("word\n", "bad.tsv:1: there is no tab between a source and its target"),
        (
            "a\tb\tc\td\n",
            "bad.tsv: there are 4 columns, and nothing tells which are the source and the target; say it with",
        ),
        ("", "bad.tsv: there is no pair in it"),
        ("a\tb\n", "bad.tsv: there are too few pairs"),
    ],
)
def test_rows_that_are_no_pairs_are_named(charnn, text_file, said_once, rows, said):
    text_file(rows, "bad.tsv")
    result = charnn("train", "bad.tsv", "--task", "transducer", "--steps", "1", "--out", "model")
    assert result.code in (1, 2)
    assert said in said_once(result)


@pytest.mark.parametrize(
    ("text", "name", "task", "warning"),
    [
        (PAIRS, "sound.tsv", "transducer", None),
        (FORMS, "forms.tsv", "transducer", None),
        ("source,target\nabc,cba\nbcd,dcb\n", "table.csv", "transducer", None),
        ('{"source": "abc", "target": "cba"}\n{"source": "bcd", "target": "dcb"}\n', "lines.jsonl", "transducer", None),
        (
            "".join(f"{word}\t{word[::-1]}\n" for word in WORDS[:30]),
            "words.tsv",
            "transducer",
            "words.tsv is read as a list of pairs: it has two columns that are about as varied",
        ),
        ("1\tBob\t42\n2\tAnn\t31\n" * 9, "table.txt", "language-model", "table.txt is read as text"),
    ],
)
def test_pairs_are_told_from_other_data_and_what_is_guessed_is_said(charnn, text_file, text, name, task, warning):
    text_file(text, name)
    result = charnn("train", name, "--steps", "1", "--out", "model")
    assert result.code == 0, result.err
    assert charnn("info", "model", "--json").json["task"] == task
    said = [line for line in result.err.splitlines() if "warning" in line]
    assert len(said) == (warning is not None)
    if warning is not None:
        assert warning in said[0]


def test_columns_may_be_named_or_numbered(charnn, text_file):
    text_file("id\tsound\tspelling\n1\tA B\tab\n2\tB A\tba\n3\tA A\taa\n", "named.tsv")
    text_file("1\tA B\tab\n2\tB A\tba\n3\tA A\taa\n", "numbered.tsv")
    for file, columns in (("named.tsv", ("spelling", "sound")), ("numbered.tsv", ("3", "2"))):
        options = ("--source", columns[0], "--target", columns[1], "--steps", "1", "--out", f"of-{file}")
        assert charnn("train", file, *options).code == 0
        learned = charnn("info", f"of-{file}", "--json").json
        assert (learned["source_size"], learned["target_size"]) == (2, 2)
    missing = charnn("train", "named.tsv", "--source", "spelling", "--target", "tone", "--steps", "1")
    assert (missing.code, missing.err.count("\n")) == (2, 1)
    assert (
        "named.tsv: there is no column 'tone'; name it with --target; the columns are id, sound, spelling"
        in missing.err
    )


def test_eval_counts_lines_and_symbols_and_lists_what_is_wrong(charnn, trained, text_file):
    text_file("abca\tA B C A\ndb\tD B\nccd\tC D\nab\tA A\n", "test.tsv")
    figures = charnn("eval", "-m", "model", "test.tsv", "--json").json
    assert (figures["lines"], figures["accuracy"], figures["word_error_rate"]) == (4, 0.5, 0.5)
    assert figures["symbol_error_rate"] == pytest.approx(2 / 10), "one symbol too many, one wrong, of 4 + 2 + 2 + 2"
    assert figures["seen"]["lines"] + figures["unseen"]["lines"] == 4
    listed = charnn("eval", "-m", "model", "test.tsv", "--errors")
    assert listed.text == "test.tsv:3\tccd\tC C D\tC D\tC>∅\ntest.tsv:4\tab\tA B\tA A\tB>A\n"
    objects = [json.loads(line) for line in charnn("eval", "-m", "model", "test.tsv", "--errors", "--json").text
               .splitlines()]  # fmt: skip
    assert [(one["line"], one["written"], one["reference"]) for one in objects] == [(3, "C C D", "C D"),
                                                                                    (4, "A B", "A A")]  # fmt: skip
    table = charnn("eval", "-m", "model", "test.tsv").text
    assert "50.00" in table
    assert "20.00" in table


def test_any_of_several_references_is_right(charnn, trained, text_file):
    text_file("db\tD D\ndb\tD B\nab\tA A\n", "test.tsv")
    figures = charnn("eval", "-m", "model", "test.tsv", "--json").json
    assert (figures["lines"], figures["accuracy"], figures["several_references"]) == (2, 0.5, 1)


def test_eval_draws_which_symbol_is_written_for_which(charnn, trained, text_file, tmp_path):
    text_file("ab\tA A\nccd\tC D\n", "test.tsv")
    assert charnn("eval", "-m", "model", "test.tsv", "--confusion", "confusion.png").code == 0
    assert (tmp_path / "confusion.png").read_bytes().startswith(b"\x89PNG")


def test_sources_that_training_had_are_looked_up_where_that_is_asked_for(charnn, text_file):
    text_file(PAIRS, "text.tsv")
    for lookup, expected in (("always", True), ("never", False)):
        options = ("--steps", "1", "--hidden", "4", "--lookup", lookup, "--valid", "none", "--out", lookup)
        assert charnn("train", "text.tsv", *options).code == 0
        text_file(WORDS[0], "input.txt")
        said = charnn("transduce", "input.txt", "-m", lookup, "--json").json
        assert said.get("looked_up", False) is expected
        assert (said["target"] == " ".join(WORDS[0].upper())) is expected
    refused = charnn("eval", "-m", "never")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "nothing was held out" in refused.err


def test_a_run_from_another_model_keeps_what_both_know_and_adds_what_is_new(charnn, trained, text_file):
    text_file("".join(f"{word}e\t{' '.join(word.upper())} E\n" for word in WORDS), "more.tsv")
    result = charnn("train", "more.tsv", "--from", "model", "--steps", "40", "--learning-rate", "0.01", "--out", "new")
    assert result.code == 0
    assert "from      model, which knows 6 of 7 source symbols and features and 6 of 7 target symbols" in result.err
    text_file("abe\n", "input.txt")
    assert charnn("transduce", "input.txt", "-m", "new").text == "A B E\n"
    refused = charnn("train", "more.tsv", "--from", "model", "--hidden", "8", "--steps", "1")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "the model to start from has hidden size 32, not 8" in refused.err


def test_the_decoder_ctc_learns_and_answers_with_all_that_the_other_has(charnn, text_file):
    text_file(PAIRS, "text.tsv")
    result = charnn("train", "text.tsv", "--decoder", "ctc", *OPTIONS, "--out", "model")
    assert result.code == 0
    assert re.search(r"ctc with \d frames? a place", result.err)
    text_file("abca\ndb\n\ncad\n", "input.txt")
    for options in ((), ("--beam", "1"), ("--sample", "--temp", "0"), ("--pattern", "[A-D ]*")):
        assert charnn("transduce", "input.txt", "-m", "model", *options).text == "A B C A\nD B\n\nC A D\n", options
    best, second = (
        charnn("transduce", "input.txt", "-m", "model", "--nbest", "2").text.splitlines()[0].split("\t")[1::2]
    )
    assert float(second) < float(best) <= 0
    assert charnn("eval", "-m", "model", "--json").json["accuracy"] > 0.8
    assert re.search(r"ctc with \d frames? a place", charnn("info", "model").text)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--decoder", "ctc", "--attention", "dot"), "--attention is for --decoder attention, and this is ctc"),
        (("--decoder", "ctc", "--scheduled-sampling", "0.1"), "--scheduled-sampling is for --decoder attention"),
        (("--decoder", "crf"), "--decoder crf: for lists of pairs there are attention and ctc"),
        (("--attention", "none", "--copy", "always"), "--copy: "),
        (("--window", "9"), "--window is for texts and sentences"),
    ],
)
def test_training_options_that_do_not_go_together_are_refused(charnn, text_file, said_once, options, said):
    text_file(PAIRS, "text.tsv")
    result = charnn("train", "text.tsv", "--steps", "1", *options)
    assert result.code == 2
    assert said in said_once(result)


def test_attention_is_a_table_in_percent_or_a_picture_of_the_first_line(charnn, transduce, tmp_path):
    table = transduce("abc\n", "--attention", "-").text.splitlines()
    assert table[0].split() == ["a", "b", "c", "∎"]
    assert [line.split()[0] for line in table[1:5]] == ["A", "B", "C", "∎"]
    for line in table[1:5]:
        assert sum(int(cell) for cell in line.split()[1:]) == pytest.approx(100, abs=3)
    assert table[5:] == [""]
    forms = transduce("walk\tV;PST\n", "--attention", "-", model="forms").text.splitlines()
    assert forms[0].split() == ["V", "PST", "w", "a", "l", "k", "∎"]
    drawn = transduce("\nabc\ndb\n", "--attention", "where.png")
    assert drawn.text == "\nA B C\nD B\n"
    assert (tmp_path / "where.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_of_no_line_is_not_drawn_and_that_is_said(transduce, tmp_path):
    result = transduce("\n\n", "--attention", "where.png")
    assert (result.code, result.text) == (0, "\n\n")
    assert "where.png: no line has a target" in result.err
    assert not (tmp_path / "where.png").exists()


def test_attention_is_refused_where_there_is_none_or_where_the_name_is_wrong(charnn, trained, text_file, said_once):
    text_file("abc\n", "input.txt")
    for kind in (("--attention", "none"), ("--decoder", "ctc")):
        assert charnn("train", "text.tsv", "--steps", "1", *kind, "--out", kind[1]).code == 0
        refused = charnn("transduce", "input.txt", "-m", kind[1], "--attention", "-")
        assert refused.code == 2
        assert "and no attention; charnn train --attention KIND learns one" in said_once(refused)
    for name, said in (("where.pdf", "attention is written as PNG, not .pdf"), ("no/where.png", "no such file")):
        refused = charnn("transduce", "input.txt", "-m", "model", "--attention", name)
        assert refused.code in (1, 2)
        assert said in said_once(refused)
    refused = charnn("transduce", "input.txt", "-m", "model", "--attention", "-", "--json")
    assert "--attention - writes tables" in said_once(refused)


def test_every_use_of_one_network_is_one_of_members(charnn, text_file, tmp_path):
    text_file(PAIRS, "text.tsv")
    text_file(SOURCES, "input.txt")
    said = charnn("train", "text.tsv", *OPTIONS, "--members", "2", "--out", "two")
    assert said.code == 0
    assert "network   2 members, each 1 x 2 x 32 lstm" in said.err
    assert charnn("info", "two", "--json").json["network"]["members"] == 2
    for options in (
        (),
        ("--beam", "1"),
        ("--precision", "int8"),
        ("--nbest", "2"),
        ("--json",),
        ("--pattern", "[A-Z ]*"),
    ):
        result = charnn("transduce", "input.txt", "-m", "two", *options)
        assert result.code == 0
        assert len(result.text.splitlines()) == len(SOURCES.splitlines())
    assert charnn("transduce", "input.txt", "-m", "two").text == TARGETS
    assert charnn("transduce", "input.txt", "-m", "two", "--sample", "--temp", "0").text == TARGETS
    assert charnn("eval", "text.tsv", "-m", "two", "--json").json["accuracy"] > 0.9
    assert charnn("transduce", "input.txt", "-m", "two", "--attention", "-").code == 0
    assert charnn("report", "two", "-o", "report.html").code == 0
    assert charnn("models", "export", "two", "--onnx", "-o", "graphs").code == 0
    assert sum(path.name.startswith("members.1.") for path in (tmp_path / "graphs").iterdir()) == 3
    assert charnn("train", "--resume", "two", "--steps", "124").code == 0


def test_members_of_ctc_are_refused(charnn, text_file, said_once):
    text_file(PAIRS, "text.tsv")
    refused = charnn("train", "text.tsv", *OPTIONS, "--members", "2", "--decoder", "ctc", "--out", "two")
    assert refused.code == 2
    assert "--members: networks with --decoder ctc write a symbol in different frames" in said_once(refused)


def test_pairs_that_recur_are_said_to_be_learned_less_often(charnn, text_file):
    text_file(PAIRS, "text.tsv")
    text_file("the\tTHE\ncat\tCAT\n" * 9, "recurring.tsv")
    said = "one that comes 9 times is learned 3 times an epoch"
    assert said not in charnn("train", "text.tsv", *OPTIONS, "--steps", "2", "--out", "once").err
    assert (
        said in charnn("train", "recurring.tsv", "--task", "transducer", *OPTIONS, "--steps", "2", "--out", "often").err
    )
