"""What a terminal shows of a run: progress in plain words, the loss as a line of bars, a sample with its step."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from charnn.cli import observers
from charnn.cli.observers import LiveView, sparkline
from charnn.corpora.progress import tell
from charnn.training.report import Report


def report(step, nats=2.0, fraction=0.5):
    return Report(
        step=step, epoch=1.5, seconds=10.0, fraction=fraction, training_nats=nats, learning_rate=0.1,
        units_per_second=12345.0, unit="character",
    )  # fmt: skip


def scores(step):
    return SimpleNamespace(summary="2.2 nats", step=step, to_json=dict)


@pytest.fixture
def shown(capfd, monkeypatch):
    """The last frame of a view that was told of these reports, on a terminal of so many lines."""

    def last_frame(*reports, preview=lambda report: f"sample of {report.step}", height=24, interval=0.0):
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.setenv("LINES", str(height))
        monkeypatch.setattr(observers, "SAMPLE_INTERVAL", interval)
        monkeypatch.setattr(observers, "SAMPLE_COST", 1.0)
        with LiveView(preview, "a sample") as view:
            for one in reports:
                view.step(one)
            view.validation(reports[-1], scores(reports[-1].step), best=True)
        return capfd.readouterr().err

    return last_frame


def test_a_frame_says_in_plain_words_how_far_the_run_is(shown):
    frame = shown(report(1234))
    for part in (" 50%", "10s left", "1.50 times through the data, 12,345 char/s, step 1,234", "2.0000 nats/char"):
        assert part in frame
    assert "nats say how much the next character surprises it: 0 is not at all" in frame
    assert "lanes" not in frame
    assert all(len(line) <= 80 for line in frame.splitlines())


def test_before_the_first_step_the_view_says_what_is_being_done(capfd, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with LiveView(lambda report: "", "a sample"):
        tell("solving the linear models", 2, 5)
    assert "solving the linear models: 40%" in capfd.readouterr().err


def test_a_sample_is_refreshed_and_labelled_with_its_step(shown):
    frame = shown(report(1), report(20), report(1300))
    assert "a sample, at step 1,300" in frame
    assert "sample of 1300" in frame


def test_a_sample_stays_until_it_is_time_for_another(shown):
    frame = shown(report(1), report(20), interval=60.0)
    assert "a sample, at step 1 " in frame
    assert "sample of 1" in frame


def test_a_long_sample_leaves_room_for_the_rest_on_a_small_terminal(shown):
    frame = shown(report(5), preview=lambda report: "verse\n" * 100)
    assert len(frame.splitlines()) <= 24
    assert frame.splitlines()[-1].startswith("╰")


def test_a_loss_that_is_no_number_breaks_nothing(shown):
    assert "nan nats/char" in shown(report(1, 3.0), report(2, float("nan")))


@pytest.mark.parametrize(
    ("values", "bars"),
    [
        ([], ""),
        ([1.0], "▁"),
        ([2.0, 2.0, 2.0], "▁▁▁"),
        ([7, 6, 5, 4, 3, 2, 1, 0], "█▇▆▅▄▃▂▁"),
        ([0, 0, 7, 7], "▁▁██"),
    ],
)
def test_bars_are_as_high_as_values_are_large(values, bars):
    assert sparkline(values, 8) == bars


def test_a_bar_is_the_mean_of_neighbours_where_there_are_more_values_than_bars():
    assert sparkline([0, 0, 6, 8, 3, 4], 3) == "▁█▅"


def test_a_terminal_sees_the_whole_run_and_no_half_frame(at_terminal, text_file):
    text_file()
    shape = ("--hidden", "16", "--layers", "1", "--batch", "4", "--window", "16")
    result = at_terminal("train", "text.txt", *shape, "--time", "1s")
    assert result.code == 0
    said = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", result.err)
    last = said[said.rindex("times through the data") :]
    for part in ("nats/char", "a sample, temperature 0.7, at step ", "╰", "best validation: ", "use it: charnn sample"):
        assert part in last
    assert "\x1b[?25h" in result.err  # the cursor is shown again


def test_a_dumb_terminal_gets_plain_lines(at_terminal, text_file, tiny, monkeypatch):
    text_file()
    monkeypatch.setenv("TERM", "dumb")
    said = at_terminal("train", "text.txt", *tiny).err
    assert "\x1b" not in said
    assert "\r\nstep " in said
