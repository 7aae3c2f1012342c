from __future__ import annotations

import struct
import sys
import warnings
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from charnn.arrays import Int64s
from charnn.errors import OutputError, UsageError
from charnn.plots.judgements import MOST_LABELS, save_confusion
from charnn.tasks.tagger.use.scores import TagScore


def matrix(counts: dict[tuple[str, str], int]) -> tuple[list[str], Int64s, Int64s]:
    """The matrix of so many words of each reference and predicted tag."""
    pairs = counts.items()
    score = TagScore.of(([tag] * n, [predicted] * n, [True] * n) for (tag, predicted), n in pairs)
    return score.matrix(MOST_LABELS)


def size_of(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def settings() -> dict[str, Any]:
    """matplotlib's, but for the backend, which merely to look at imports pyplot."""
    return {name: matplotlib.rcParams[name] for name in matplotlib.rcParams if name != "backend"}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that would be saved; none is rendered, which takes most of the time."""
    figures: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_args, **_options: figures.append(figure))
    return figures


def figure_of(counts: dict[tuple[str, str], int], drawn: list[Figure], folder: Path) -> Figure:
    save_confusion(*matrix(counts), folder / "confusion.png", title="tags")
    return drawn[-1]


def cells(figure: Figure) -> dict[tuple[float, float], str]:
    """(row, column) -> what is written there; figures in the margins have places outside the matrix."""
    return {(text.get_position()[1], text.get_position()[0]): text.get_text() for text in figure.axes[0].texts}


def colours(figure: Figure) -> np.ndarray[Any, Any]:
    """Red, green and blue of each cell, from 0 to 1."""
    return np.asarray(figure.axes[0].images[0].get_array())[:, :, :3]


def written_at_the_ends(figure: Figure) -> tuple[list[str], list[str]]:
    """What ends the rows, and what ends the columns, in their order."""
    end = len(figure.axes[0].get_xticks()) - 0.5
    margins = [text for text in figure.axes[0].texts if hasattr(text, "xy")]
    rows = {text.xy[1]: text.get_text() for text in margins if text.xy[0] == end and text.xy[1] >= 0}
    columns = {text.xy[0]: text.get_text() for text in margins if text.xy[1] == end and text.xy[0] >= 0}
    return [rows[place] for place in sorted(rows)], [columns[place] for place in sorted(columns)]


def labels(figure: Figure) -> list[str]:
    rows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert rows == [label.get_text() for label in figure.axes[0].get_xticklabels()]
    return rows


def test_picture_is_a_png_of_moderate_size_and_the_same_every_time(tmp_path: Path) -> None:
    counts = {("NOUN", "NOUN"): 9, ("NOUN", "VERB"): 1, ("VERB", "VERB"): 5}
    pictures = []
    for name in ("one.png", "two.PNG"):
        save_confusion(*matrix(counts), tmp_path / name, title="tags")
        pictures.append((tmp_path / name).read_bytes())
    assert all(500 < side < 1200 for side in size_of(pictures[0]))
    assert pictures[0] == pictures[1]


def test_rows_are_gold_and_columns_predicted(drawn: list[Figure], tmp_path: Path) -> None:
    figure = figure_of({("N", "N"): 9, ("N", "V"): 2, ("V", "V"): 5, ("V", "X"): 1}, drawn, tmp_path)
    assert labels(figure) == ["N", "V", "X"]
    written = cells(figure)
    assert {place: written[place] for place in written if min(place) >= 0 and max(place) in (0, 1, 2)} == {
        (0, 0): "9",
        (0, 1): "2",
        (1, 1): "5",
        (1, 2): "1",
    }
    assert (figure.axes[0].get_ylabel(), figure.axes[0].get_xlabel()) == ("gold", "predicted")
    assert figure.axes[0].get_title(loc="left") == "tags"


def test_first_row_is_at_the_top(drawn: list[Figure], tmp_path: Path) -> None:
    bottom, top = figure_of({("N", "N"): 2, ("V", "V"): 1}, drawn, tmp_path).axes[0].get_ylim()
    assert bottom > top


def test_recall_ends_rows_and_precision_columns(drawn: list[Figure], tmp_path: Path) -> None:
    counts = {("N", "N"): 6, ("N", "V"): 2, ("V", "V"): 3, ("Z", "V"): 1, ("V", "X"): 1}
    recalls, precisions = written_at_the_ends(figure_of(counts, drawn, tmp_path))
    assert recalls == ["75.0", "75.0", "0.0", "-"]  # N V Z X; X is never gold
    assert precisions == ["100.0", "50.0", "-", "0.0"]


def test_mistakes_are_orange_and_seen_beside_a_diagonal_that_dominates(drawn: list[Figure], tmp_path: Path) -> None:
    counts = {("N", "N"): 9_990, ("N", "V"): 10, ("V", "V"): 800, ("V", "N"): 200}
    (right, rare), (frequent, _) = colours(figure_of(counts, drawn, tmp_path))
    assert right[2] > right[0] + 0.1  # blue
    for mistake in (rare, frequent):
        assert mistake[0] > mistake[2] + 0.05
    assert np.abs(1 - rare).max() > 0.1  # one word in a thousand is no white paper
    assert frequent.sum() < rare.sum() - 0.5  # and two in ten are darker by far


def test_colour_is_the_share_of_the_row_not_the_number(drawn: list[Figure], tmp_path: Path) -> None:
    counts = {("N", "N"): 900, ("N", "V"): 100, ("V", "V"): 9, ("V", "N"): 1}
    picture = colours(figure_of(counts, drawn, tmp_path))
    np.testing.assert_allclose(picture[0, 1], picture[1, 0])
    np.testing.assert_allclose(picture[0, 0], picture[1, 1])


def test_pairs_that_never_occurred_are_white_and_empty(drawn: list[Figure], tmp_path: Path) -> None:
    figure = figure_of({("N", "N"): 1, ("V", "X"): 1}, drawn, tmp_path)
    assert (colours(figure)[0, 1] == 1).all()
    assert (colours(figure)[2] == 1).all()  # X is never gold
    assert (0, 1) not in cells(figure)


def test_dark_cells_have_white_numbers(drawn: list[Figure], tmp_path: Path) -> None:
    figure = figure_of({("N", "V"): 1, ("V", "V"): 1000, ("V", "N"): 1}, drawn, tmp_path)
    inks = {text.get_position(): text.get_color() for text in figure.axes[0].texts}
    assert labels(figure) == ["V", "N"]
    assert (inks[0, 1], inks[0, 0], inks[1, 0]) == ("white", "black", "black")


def test_thirty_tags_are_all_named(drawn: list[Figure], tmp_path: Path) -> None:
    figure = figure_of({(f"T{i}", f"T{i}"): 100 - i for i in range(30)}, drawn, tmp_path)
    assert labels(figure) == [f"T{i}" for i in range(30)]


def test_rarer_tags_share_a_row_whose_own_cell_tells_right_from_mistaken(drawn: list[Figure], tmp_path: Path) -> None:
    counts = {(f"T{i}", f"T{i}"): 200 - 5 * i for i in range(30)}
    counts |= {("a", "a"): 7, ("b", "b"): 5, ("a", "b"): 2, ("b", "T3"): 1, ("T4", "a"): 3, ("T4", "c"): 1}
    figure = figure_of(counts, drawn, tmp_path)
    assert labels(figure) == [*(f"T{i}" for i in range(30)), "other (3)"]
    written = cells(figure)
    assert written[30, 30] == "12\n+ 2"
    assert (written[30, 3], written[4, 30]) == ("1", "4")
    recalls, precisions = written_at_the_ends(figure)
    assert recalls[30] == f"{100 * 12 / 15:.1f}"
    assert precisions[30] == f"{100 * 12 / 18:.1f}"
    assert any(text.startswith("other, in its own cell") for text in written.values())


def test_large_numbers_fit_their_cells(drawn: list[Figure], tmp_path: Path) -> None:
    assert cells(figure_of({("N", "N"): 123_456, ("N", "V"): 99_999}, drawn, tmp_path))[0, 0] == "123k"
    assert cells(drawn[-1])[0, 1] == "99999"


def test_tags_of_any_characters_are_drawn_as_they_are_on_one_line(tmp_path: Path, drawn: list[Figure]) -> None:
    tags = ["PRP$", "$\\frac$", "名詞", "a\tb", "\n\x00", "x" * 50 + "y" * 50, ""]
    shown = labels(figure_of({(tag, tag): len(tags) - i for i, tag in enumerate(tags)}, drawn, tmp_path))
    assert shown[:5] == ["PRP$", "$\\frac$", "名詞", "a  b", "\\x0a\\x00"]
    assert shown[5] == "x" * 39 + "…" + "y" * 40
    assert shown[6] == ""


def test_hostile_tags_and_title_are_rendered_without_a_warning(tmp_path: Path) -> None:
    counts = {("$\\frac$", "名詞"): 1, ("a\tb", "\u0301\n"): 1}
    save_confusion(*matrix(counts), tmp_path / "confusion", title="$\\frac$ 名詞")
    assert size_of((tmp_path / "confusion").read_bytes())


def test_picture_is_the_same_under_any_settings_and_leaves_none_behind(tmp_path: Path) -> None:
    counts = matrix({("N", "N"): 3, ("N", "V"): 1})
    save_confusion(*counts, tmp_path / "plain.png", title="tags")
    with matplotlib.rc_context({"font.size": 30, "figure.facecolor": "red", "savefig.dpi": 20, "axes.grid": True}):
        before = settings(), list(warnings.filters)
        save_confusion(*counts, tmp_path / "other.png", title="tags")
        assert (settings(), list(warnings.filters)) == before
    assert (tmp_path / "other.png").read_bytes() == (tmp_path / "plain.png").read_bytes()
    assert "matplotlib.pyplot" not in sys.modules


@pytest.mark.parametrize(
    ("name", "message"),
    [("missing/confusion.png", "no such file or directory"), ("folder.png", "is a directory")],
)
def test_path_that_cannot_be_written_is_named(name: str, message: str, drawn: list[Figure], tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(OutputError) as caught:
        save_confusion(*matrix({("N", "N"): 1}), tmp_path / name, title="tags")
    assert str(caught.value) == f"{tmp_path / name}: {message}"


def test_other_types_of_file_are_refused_before_anything_is_drawn(drawn: list[Figure], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"as PNG, not \.pdf$") as caught:
        save_confusion(*matrix({("N", "N"): 1}), tmp_path / "confusion.pdf", title="tags")
    assert caught.value.hint == "name it confusion.png"
    assert drawn == []


def test_matrix_with_nothing_in_it_has_no_picture(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing in the confusion matrix"):
        save_confusion(*TagScore().matrix(), tmp_path / "confusion.png", title="tags")
    assert list(tmp_path.iterdir()) == []
