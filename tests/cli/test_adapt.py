"""`--adapt`: a model that goes on learning from what it scores, or from the prompt, and stays as it was on the disk."""

from __future__ import annotations

import shutil

import pytest

from charnn import load
from charnn.errors import UsageError
from tests.paths import GOLDEN

AGAIN = "zyx wvu tsr\n" * 80
"""A text unlike the one that was learned, which repeats itself."""


def files(path):
    return {file.name: file.read_bytes() for file in path.iterdir() if file.is_file()}


def nats(result):
    return [float(row.split("\t")[0]) for row in result.text.splitlines()]


def test_eval_gives_both_figures_and_changes_nothing(charnn, trained, text_file):
    before = files(trained.path)
    plain = charnn("eval", text_file(AGAIN), "-m", trained.path, "--json")
    both = charnn("eval", text_file(AGAIN), "-m", trained.path, "--json", "--adapt")
    assert both.code == 0
    adapted = both.json.pop("adapted")
    assert {name: value for name, value in both.json.items() if name != "adapted"} == plain.json
    assert adapted["nats_per_character"] < plain.json["nats_per_character"] - 0.05
    assert files(trained.path) == before
    said = charnn("eval", text_file(AGAIN), "-m", trained.path, "--adapt").text
    assert said.count("nats/char") == 2
    assert f"{adapted['nats_per_character']:.4f}" in said


def test_the_first_line_costs_what_it_did_and_the_last_one_less(charnn, trained, text_file):
    """Nearly, for within the line its unknown characters are expected to be followed by more of them."""
    plain, adapted = (
        nats(charnn("score", text_file(AGAIN), "-m", trained.path, *option)) for option in ((), ("--adapt",))
    )
    assert adapted[0] == pytest.approx(plain[0], rel=1e-2)
    assert adapted[-1] < 0.95 * plain[-1]


def test_what_one_file_said_is_expected_in_the_next(charnn, trained, text_file):
    names = "".join(f"{name} the {name[::-1]}\n" for name in ("abed", "cob", "dace", "ebb", "fad", "gab", "hod", "jab"))
    files = [text_file(names, name=name) for name in ("one.txt", "two.txt")]
    rows = nats(charnn("score", *files, "-m", trained.path, "--adapt"))
    assert len(rows) == 16
    assert sum(rows[8:]) < 0.9 * sum(rows[:8])


def test_python_scores_as_the_command_does(charnn, trained, text_file):
    written = nats(charnn("score", text_file(AGAIN), "-m", trained.path, "--adapt"))
    scored = [line.nats for line in load(trained.path, adapt=True, threads=2).score(AGAIN.splitlines())]
    assert scored == pytest.approx(written, abs=1e-4)


def test_a_tagger_is_no_model_that_learns_as_it_reads():
    with pytest.raises(UsageError, match="a tagger does not go on learning"):
        load(GOLDEN / "tagger-1", adapt=True)


def test_lines_are_read_in_their_order_however_they_come(charnn, process, trained, text_file):
    lines = [f"{'ab' * (n % 5)} {n}\n" for n in range(40)]
    at_once = charnn("score", text_file("".join(lines)), "-m", trained.path, "--adapt")
    child = process("score", "-m", trained.path, "--adapt", stdin=-1)
    for line in lines[:5]:
        child.stdin.write(line.encode())
        child.stdin.flush()
        assert child.stdout.readline()
    out, _ = child.communicate("".join(lines[5:]).encode())
    assert at_once.out.endswith(out)
    assert len(out.splitlines()) == 35


def test_sample_learns_from_the_prompt_and_keeps_it_where_asked(charnn, trained, text_file, tmp_path):
    before = files(trained.path)
    prompt = text_file(AGAIN, name="prompt.txt")
    options = ("--prompt-file", prompt, "--no-echo", "--seed", "1", "--length", "200", "-m")
    plain = charnn("sample", *options, trained.path)
    adapted = charnn("sample", *options, trained.path, "--adapt", "--save", "made of it", "--json")
    assert adapted.code == 0
    assert "charnn sample -m 'made of it'\n" in adapted.err
    assert adapted.json["model"] == str(trained.path)
    assert adapted.json["text"] != plain.text
    assert files(trained.path) == before
    again = charnn("sample", *options, "made of it", "--json").json
    assert again["text"] == adapted.json["text"]
    cost = [
        charnn("eval", prompt, "-m", path, "--json").json["nats_per_character"] for path in (trained.path, "made of it")
    ]
    assert cost[1] < cost[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("eval", "--adapt", "--context", "10"), "--context 10 reads each crop by itself"),
        (("score", "--adapt", "--precision", "int8"), "--adapt: the weights that learn are fp32"),
        (("score", "--adapt", "-m", "other"), "--adapt is for one model, and several are named"),
        (("sample", "--adapt"), "--adapt: the model learns from the prompt, and there is none"),
        (("sample", "--adapt", "-", "--prompts"), "--adapt learns from one prompt, and --prompts reads several"),
        (("sample", "--adapt", "--interactive"), "--adapt learns from one prompt, and --interactive reads several"),
        (("sample", "a", "--save", "made"), "--save made: keeps what --adapt has learned; give that too"),
        (("sample", "a", "--adapt", "--save", "text.txt"), "--save text.txt: exists; name a new directory"),
    ],
)
def test_what_does_not_go_together_is_refused(charnn, said_once, copied, text_file, arguments, said):
    text_file()
    shutil.copytree(copied, copied.with_name("other"))
    failed = charnn(*arguments, "-m", copied)
    assert failed.code == 2
    assert said in said_once(failed)


def test_texts_with_labels_are_refused(charnn, said_once, text_file):
    text_file("".join(f"{'ab'[n % 2]}\tbee {n}\n" for n in range(120)))
    assert charnn("train", "text.txt", "--conditioned", "--steps", "2", "--hidden", "8", "--out", "m").code == 0
    for command in (("eval",), ("score",), ("sample", "a")):
        assert "without" in said_once(charnn(*command, "--adapt", "-m", "m"))
