"""What all pictures share: kinds of files, light and dark, titles, names at the ends of lines."""

from __future__ import annotations

import errno
import os
import struct
import sys
from itertools import pairwise
from pathlib import Path

import matplotlib
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from charnn.errors import OutputError, UsageError
from charnn.plots import canvas
from charnn.plots.canvas import DARK, LIGHT, Look, blank, format_of, label_ends, panel, rendered, write


def draw(look: Look, title: str = "A title: $x$ 名詞") -> Figure:
    figure = blank()
    axes = panel(figure, title, "seconds", "nats")
    axes.plot([0, 1], [1, 2], color=look.lines[0])
    return figure


@pytest.mark.parametrize(
    ("path", "kind"), [("a.png", "png"), ("A.PNG", "png"), ("a.svg", "svg"), ("a", "png"), ("x.y/a.svg", "svg")]
)
def test_the_end_of_a_name_says_which_kind_of_picture(path: str, kind: str) -> None:
    assert format_of(path) == kind


def test_other_kinds_of_files_are_refused() -> None:
    with pytest.raises(UsageError, match=r"a\.pdf: a picture is written as PNG or SVG, not \.pdf") as caught:
        format_of("a.pdf")
    assert caught.value.hint == "name it a.png or a.svg"


def test_a_png_is_of_moderate_size_and_the_same_every_time() -> None:
    first, second = rendered(draw), rendered(draw)
    assert first == second
    width, height = struct.unpack(">II", first[16:24])
    assert 900 < width < 1800
    assert 500 < height < 1000


def test_an_svg_is_the_same_every_time_and_needs_no_network() -> None:
    first, second = rendered(draw, "svg"), rendered(draw, "svg")
    assert first == second
    assert first.startswith(b"<?xml")
    assert b"<image" not in first


def test_dark_paper_is_dark_and_its_ink_light(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def drawn(look: Look) -> Figure:
        seen.append(str(matplotlib.rcParams["figure.facecolor"]))
        return draw(look)

    rendered(drawn, dark=True)
    rendered(drawn)
    assert seen == [DARK.paper, LIGHT.paper]
    for look, is_dark in ((DARK, True), (LIGHT, False)):
        assert (sum(to_rgb(look.paper)) < 1) == is_dark


def luminance(colour: str) -> float:
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_stand_out_from_the_paper(look: Look) -> None:
    """The contrast that WCAG asks of graphics is 3, and that of text 4.5."""

    def contrast(colour: str) -> float:
        one, other = sorted((luminance(colour), luminance(look.paper)))
        return (other + 0.05) / (one + 0.05)

    assert [colour for colour in look.lines if contrast(colour) < (2.6 if look is LIGHT else 3)] == []
    assert contrast(look.ink) > 4.5
    assert contrast(look.faint) > 4.5


def test_settings_of_the_process_stay_and_change_no_picture() -> None:
    plain = rendered(draw)
    with matplotlib.rc_context({"font.size": 30, "savefig.dpi": 20, "axes.grid": True}):
        before = matplotlib.rcParams["font.size"]
        assert rendered(draw) == plain
        assert matplotlib.rcParams["font.size"] == before
    assert "matplotlib.pyplot" not in sys.modules


def test_a_long_title_has_several_lines() -> None:
    assert "\n" in canvas.wrapped("word " * 40)
    assert all(len(line) <= canvas.LONGEST_TITLE for line in canvas.wrapped("word " * 40).split("\n"))


def test_names_at_the_ends_of_lines_make_room_for_one_another() -> None:
    figure = blank()
    axes = panel(figure, "t", "x", "y")
    for y in (0.0, 0.01, 0.02, 1.0):
        axes.plot([0, 1], [y, y])
    label_ends(axes, [(1, y, f"line {y}", "#000000") for y in (0.02, 0.0, 0.01, 1.0)])
    places = {text.get_text(): text.xy[1] for text in axes.texts}  # type: ignore[attr-defined]
    ordered = [places[f"line {y}"] for y in (0.0, 0.01, 0.02, 1.0)]
    assert ordered == sorted(ordered)
    assert min(b - a for a, b in pairwise(ordered)) > 0.03
    assert ordered[-1] <= 1.0


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no such file or directory"):
        write(b"picture", str(tmp_path / "no" / "picture.png"))


def test_the_old_picture_is_there_where_there_is_no_room_for_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    write(b"old", tmp_path / "picture.png")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputError, match=r"picture\.png: no space left on device"):
        write(b"new", tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["picture.png"]
