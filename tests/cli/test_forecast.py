"""`charnn forecast`: how a series goes on, in pipes and with all that goes with it."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

RANDOM = np.random.default_rng(0)
VALUES = [10 * (n % 7 == 2) + 3 * (n % 7) + RANDOM.normal() for n in range(120)]
DAYS = [str(np.datetime64("2024-01-01") + n) for n in range(len(VALUES))]
SERIES = "day,sales\n" + "".join(f"{day},{value:.2f}\n" for day, value in zip(DAYS, VALUES, strict=True))
LEARNED = SERIES[: SERIES.index(DAYS[100])]
NEWER = "day,sales\n" + SERIES[SERIES.index(DAYS[100]) :]
OPTIONS = ("--task", "forecaster", "--steps", "40", "--hidden", "8", "--horizon", "4")
QUANTILES = ["0.1", "0.25", "0.5", "0.75", "0.9"]


@pytest.fixture
def trained(charnn, text_file, once_a_module):
    """A forecaster in `model`, beside the text.txt that it learned; and what was said while it did."""

    def train():
        text_file(LEARNED)
        return charnn("train", "text.txt", *OPTIONS, "--out", "model")

    result = once_a_module(train)
    assert result.code == 0
    return result


def rows(result):
    assert result.code == 0, result.err
    header, *found = csv.reader(io.StringIO(result.text))
    assert header == ["time", "column", *QUANTILES]
    return found


def test_training_says_the_season_the_step_and_what_to_do_next(trained):
    assert "a step is a day" in trained.err
    assert "a season of 7 steps; 4 steps ahead" in trained.err
    assert "charnn forecast" in trained.err
    assert "< FILE" not in trained.err
    assert trained.text == "model\n"


def test_the_series_that_was_learned_goes_on_in_time_with_quantiles_in_order(charnn, trained):
    found = rows(charnn("forecast", "--horizon", "9", "-m", "model"))
    assert [row[0] for row in found] == [str(np.datetime64(DAYS[100]) + n) for n in range(9)]
    assert {row[1] for row in found} == {"sales"}
    for row in found:
        values = [float(cell) for cell in row[2:]]
        assert values == sorted(values)
    truth = VALUES[100:109]
    assert np.mean([abs(float(row[4]) - value) for row, value in zip(found, truth, strict=True)]) < 2.5


def test_a_file_or_a_pipe_goes_on_from_its_own_end(charnn, trained, text_file):
    text_file(SERIES, "all.csv")
    from_file = rows(charnn("forecast", "all.csv", "-m", "model"))
    with open("all.csv", encoding="utf-8") as stream:
        assert rows(charnn("forecast", "-", "-m", "model", stdin=stream)) == from_file
    assert from_file[0][0] == "2024-04-30"
    assert len(from_file) == 4


def test_rows_without_their_header_are_those_of_the_model_and_it_says_so(charnn, trained, text_file):
    """So it is with what `tail` gives of a table."""
    text_file(SERIES, "all.csv")
    lines = SERIES.splitlines(keepends=True)[1:]
    bare = charnn("forecast", "-", "-m", "model", stdin="".join(lines).encode())
    assert rows(bare) == rows(charnn("forecast", "all.csv", "-m", "model"))
    assert "standard input has no header: its columns of numbers are taken for sales" in bare.err
    scored = charnn("eval", "-", "-m", "model", "--json", stdin="".join(lines).encode())
    assert scored.json["forecast"] == charnn("eval", "all.csv", "-m", "model", "--json").json["forecast"]
    two = charnn("forecast", "-", "-m", "model", stdin=b"2024-01-01,4,5\n2024-01-02,6,7\n")
    assert two.code == 1
    assert "2 columns of numbers, and the model learned 1; it learned sales" in two.err
    text_file(SERIES.replace("sales", "visits"), "named.csv")
    named = charnn("forecast", "named.csv", "-m", "model")
    assert named.code == 2
    assert "there is no column 'sales'; the model learned sales; the columns are day, visits" in named.err


def test_few_rows_that_go_on_from_what_was_learned_are_read_after_it(charnn, trained, text_file):
    text_file(SERIES, "all.csv")
    header, *lines = SERIES.splitlines(keepends=True)
    every = rows(charnn("forecast", "all.csv", "-m", "model"))
    for first in (98, 100):  # two rows that were learned come again; none does
        text_file(header + "\n" + "".join(lines[first:]), "newer.csv")
        newer = charnn("forecast", "newer.csv", "-m", "model")
        assert rows(newer) == every
        assert "newer.csv has few rows, which go on from those that were learned" in newer.err
    other = [line.replace(",", ",9") for line in lines[90:]]  # these differ where both have a row
    text_file(header + "\n" + "".join(other), "other.csv")
    assert "go on from" not in charnn("forecast", "other.csv", "-m", "model").err
    assert "go on from" not in charnn("forecast", "all.csv", "-m", "model").err


def test_json_has_an_object_for_each_step_and_column(charnn, trained):
    result = charnn("forecast", "--json", "--horizon", "2", "-m", "model")
    found = [json.loads(line) for line in result.text.splitlines()]
    assert [one["time"] for one in found] == ["2024-04-10", "2024-04-11"]
    assert all(list(one["quantiles"]) == QUANTILES and one["model"] == "model" for one in found)
    by_row = rows(charnn("forecast", "--horizon", "2", "-m", "model"))
    assert [[float(cell) for cell in row[2:]] for row in by_row] == [[*one["quantiles"].values()] for one in found]


def test_beyond_what_was_learned_it_says_that_intervals_are_guesses(charnn, trained):
    assert "guesses" in charnn("forecast", "--horizon", "5", "-m", "model").err
    assert "guesses" not in charnn("forecast", "--horizon", "4", "-m", "model").err


def test_evaluation_stands_beside_the_naive_forecasts_and_says_what_beats_them(charnn, trained, text_file):
    result = charnn("eval", "-m", "model")
    assert "seasonal naive" in result.text
    assert "within 80%" in result.text
    held_out = charnn("eval", "-m", "model", "--json").json
    assert held_out["forecast"]["mase"] < held_out["naive"]["mase"]
    assert held_out["windows"] == 12 - 4 + 1
    text_file(NEWER, "newer.csv")
    newer = charnn("eval", "newer.csv", "-m", "model", "--json", "--horizon", "1").json
    assert newer["windows"] == 20  # from its first row on, since what it learned stands before it
    assert not newer["learned_from"]
    text_file(SERIES, "all.csv")
    both = charnn("eval", "all.csv", "-m", "model", "--json", "--horizon", "1").json
    assert (both["windows"], both["forecast"]) == (newer["windows"], newer["forecast"])


def test_of_a_random_walk_nothing_beats_the_naive_forecast_and_it_says_so(charnn, text_file):
    walk = np.random.default_rng(3).normal(size=700).cumsum()
    text_file("x\n" + "".join(f"{value:.3f}\n" for value in walk[:400]), "walk.csv")
    text_file("x\n" + "".join(f"{value:.3f}\n" for value in walk[400:]), "later.csv")
    trained = charnn("train", "walk.csv", *OPTIONS, "--out", "walk")
    assert "no season" in trained.err
    found = charnn("eval", "later.csv", "-m", "walk", "--json").json
    assert found["finding"].startswith("nothing here beats the naive forecast")
    assert found["forecast"]["mase"] < 1.05 * found["naive"]["mase"]
    assert 0.7 < found["forecast"]["coverage"] < 0.9
    assert "Nothing here beats the naive forecast" in charnn("eval", "later.csv", "-m", "walk").text


@pytest.mark.parametrize(
    ("content", "arguments", "said", "code"),
    [
        ("day,sales\n2024-01-01,a\n", (), "input.csv:2: column 'sales': 'a' is no number", 1),
        ("day,price\n2024-01-01,1\n", (), "'sales'", 2),
        ("", (), "input.csv: there is no row", 1),
        ("sales\n5\n6\n", (), "no dates", 2),
        ("day,sales\n2024-01-01,?\n2024-01-02,\n", (), "no value", 1),
        (SERIES, ("--horizon", "0"), "--horizon", 2),
    ],
)
def test_what_cannot_be_forecast_is_said_in_a_line(charnn, trained, text_file, content, arguments, said, code):
    text_file(content, "input.csv")
    result = charnn("forecast", "input.csv", "-m", "model", *arguments)
    assert (result.code, result.out) == (code, b"")
    assert said in result.err
    assert result.err.count("\n") == 1 or code == 2


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        (SERIES, ("--horizon", "60"), "--horizon 60: 120 rows are too few"),
        (SERIES, ("--season", "50"), "--season 50: 120 rows are too few"),
        (SERIES[: SERIES.index(DAYS[7])], (), "rows are too few to learn from"),
        (SERIES, ("--series", "price"), "no column 'price'"),
        (SERIES, ("--series", "sales,"), "give names of columns"),
        (SERIES, ("--time-column", "hour"), "no column 'hour'"),
    ],
)
def test_what_cannot_be_learned_is_said_in_a_line_and_leaves_no_directory(
    charnn, text_file, tmp_path, content, arguments, said
):
    text_file(content, "input.csv")
    result = charnn("train", "input.csv", "--task", "forecaster", "--steps", "2", "--out", "new", *arguments)
    assert result.code in (1, 2)
    assert said in result.err
    assert not (tmp_path / "new").exists()


def test_a_table_of_dates_and_numbers_is_taken_for_a_series_and_it_is_said(charnn, text_file):
    text_file(SERIES, "input.csv")
    result = charnn("train", "input.csv", "--steps", "2", "--hidden", "4", "--out", "told")
    assert "is read as a series of numbers" in result.err
    assert "task        forecaster" in charnn("info", "told").text


def test_a_series_to_validate_with_goes_on_behind_the_one_that_is_learned(charnn, text_file):
    text_file(LEARNED, "a.csv")
    text_file(NEWER, "b.csv")
    result = charnn("train", "a.csv", "--valid", "b.csv", *OPTIONS, "--out", "both")
    assert "100 rows to train on, 20 to validate with" in result.err
    assert rows(charnn("forecast", "-m", "both"))[0][0] == "2024-04-30"
    assert charnn("eval", "-m", "both", "--json").json["windows"] == 17


def test_all_rows_can_be_learned(charnn, text_file):
    text_file(SERIES, "a.csv")
    result = charnn("train", "a.csv", "--valid", "none", *OPTIONS, "--out", "all")
    assert "120 rows to train on, none held out" in result.err
    assert "nothing was held out" in charnn("eval", "-m", "all").err
    assert rows(charnn("forecast", "-m", "all"))[0][0] == "2024-04-30"


def test_columns_that_are_no_series_of_the_model_are_passed_over_in_another_file(charnn, text_file):
    lines = SERIES.splitlines()
    text_file("\n".join([f"{lines[0]},note", *(f"{line},fine" for line in lines[1:])]) + "\n", "noted.csv")
    trained = charnn("train", "noted.csv", *OPTIONS, "--out", "noted")
    assert "passed over, since there are no numbers: note" in trained.err
    text_file(SERIES, "plain.csv")
    assert rows(charnn("forecast", "plain.csv", "-m", "noted")) == rows(charnn("forecast", "noted.csv", "-m", "noted"))


def test_python_forecasts_numbers_as_they_are(charnn, trained):
    import charnn as library

    with library.load("model") as model:
        by_file = model.forecast("text.txt", horizon=3)
        assert by_file.median() == model.forecast(horizon=3).median()
        assert len(by_file.median("sales")) == 3
        assert by_file.times == ("2024-04-10", "2024-04-11", "2024-04-12")
        moved = model.forecast([value + 5 for value in VALUES[:100]], horizon=3)
        assert moved.median() == pytest.approx([value + 5 for value in by_file.median()], abs=1.0)
        one_column = [[value + 5] for value in VALUES[:100]]
        assert model.forecast(one_column, horizon=np.int64(3)).median() == moved.median()


@pytest.mark.parametrize(
    ("series", "horizon", "message"),
    [
        (["high", "low"], 1, "a series is a list of numbers"),
        ([[1], [2, 3]], 1, "a series is a list of numbers"),
        ([[1, 2], [3, 4]], 1, "a series of 2 columns, and the model has 1"),
        ([[[1]]], 1, "a series of 1 columns"),
        ([], 1, "a series has a row at least"),
        ([1, float("inf")], 1, "finite numbers"),
        ([1, 2], 0, "a horizon of 0 steps: it is a whole number, 1 at least"),
        ([1, 2], 1.5, "a horizon of 1.5 steps"),
        ([1, 2], "2", "a horizon of '2' steps"),
    ],
)
def test_python_refuses_what_is_no_series(charnn, trained, series, horizon, message):
    import charnn as library

    with library.load("model") as model, pytest.raises(library.errors.UsageError, match=message):
        model.forecast(series, horizon=horizon)


def test_the_end_of_the_series_is_drawn_beside_what_came(charnn, trained, tmp_path):
    result = charnn("plot", "forecast", "-m", "model")
    assert (result.code, result.text) == (0, "forecast.png\n"), result.err
    assert (tmp_path / "forecast.png").read_bytes().startswith(b"\x89PNG")
    found = charnn("plot", "forecast", "-m", "model", "--json").json
    assert found["times"][-1] == "2024-04-09"
    assert found["came_H"] == pytest.approx([round(value, 2) for value in VALUES[96:100]])
    ahead = charnn("plot", "forecast", "-m", "model", "--ahead", "--horizon", "2", "--json").json
    assert ahead["times"][-1] == "2024-04-11"
    assert ahead["came_H"] == [None, None]
