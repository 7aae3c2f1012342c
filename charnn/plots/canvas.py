"""What all pictures share: the paper and inks, light or dark, and how a figure becomes a PNG or SVG file.

Figures are drawn by Agg and without pyplot, which would keep them and choose a backend for the whole process.
"""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import matplotlib
import matplotlib.style
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from charnn.checkpoint.files import write_output
from charnn.errors import OutputError, UsageError

Format = Literal["png", "svg"]
SUFFIXES: dict[str, Format] = {"": "png", ".png": "png", ".svg": "svg"}
DOTS_PER_INCH = 160
WIDE = (8.0, 4.5)
"""The size of a usual picture in inches."""
FONTS_BEYOND_LATIN = ("Noto Sans CJK JP", "Noto Sans CJK SC", "Hiragino Sans", "PingFang SC", "Yu Gothic", "SimHei")
NAME_SIZE = 9.5
"""The points of the names at the ends of lines."""
LONGEST_LABEL = 80
"""The most characters of a label that are shown. A tag of many features has more."""
LONGEST_TITLE = 74
"""A title has a line break where it would be longer."""


class Look(NamedTuple):
    """The colours of a picture."""

    paper: str
    ink: str
    faint: str
    grid: str
    lines: tuple[str, ...]
    """In this order they are told apart by every kind of colour blindness (Okabe and Ito 2008), on this paper."""


LIGHT = Look("#ffffff", "#1a1a1a", "#666666", "#dddddd", ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000"))
DARK = Look("#16181c", "#ececec", "#a0a4ab", "#363a42", ("#56b4e9", "#e69f00", "#2fc59a", "#e39cc4", "#f0e442"))
DASHES = ("-", "--", ":", "-.")


def look(*, dark: bool) -> Look:
    return DARK if dark else LIGHT


def format_of(path: str) -> Format:
    """What kind of picture a path asks for. Raises UsageError for another kind of file."""
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        hint = f"name it {Path(path).with_suffix('.png').name} or {Path(path).with_suffix('.svg').name}"
        raise UsageError(f"{path}: a picture is written as PNG or SVG, not {suffix}", hint=hint)
    return SUFFIXES[suffix]


def rendered(
    draw: Callable[[Look], Figure], format: Format = "png", *, dark: bool = False, texts: bool = False
) -> bytes:
    """The bytes of a picture, which do not depend on anybody's matplotlibrc. The same figure gives the same bytes.

    With `texts` the texts of an SVG stay texts, which whoever shows it draws in a font of their own.
    """
    colours, file = look(dark=dark), io.BytesIO()
    # The style is global only until this block is left.
    with matplotlib.style.context("default", after_reset=True), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # the picture shows a box there
        installed = set(font_manager.get_font_names())
        settings = _settings(colours, [f for f in FONTS_BEYOND_LATIN if f in installed])
        matplotlib.rcParams.update(settings)
        matplotlib.rcParams["svg.fonttype"] = "none" if texts else "path"
        figure = draw(colours)
        metadata = {"Date": None} if format == "svg" else {}
        figure.savefig(file, format=format, dpi=DOTS_PER_INCH, bbox_inches="tight", pad_inches=0.2, metadata=metadata)
    return file.getvalue()


def inline_svg(draw: Callable[[Look], Figure]) -> str:
    """A picture as an element of a page, whose style gives the colours: --paper, --ink, --faint, --grid, --line-1, ...

    So it is light on a light page and dark on a dark one, and its texts are texts in the page's own font. The names of
    its parts are its own, so that a page may have several.
    """
    drawn = rendered(draw, "svg", texts=True).decode("utf-8")
    named = {getattr(LIGHT, name): name for name in ("paper", "ink", "faint", "grid")}
    named |= {colour: f"line-{number}" for number, colour in enumerate(LIGHT.lines, start=1)}
    drawn = re.sub(r"#[0-9a-f]{6}", lambda m: f"var(--{named[m[0]]})" if m[0] in named else m[0], drawn)
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn[drawn.index("<svg") :], flags=re.DOTALL)
    for attribute in ("width", "height"):  # the page says how large it is
        drawn = re.sub(rf'(<svg[^>]*?) {attribute}="[^"]*"', r"\1", drawn, count=1)
    own = hashlib.blake2b(drawn.encode(), digest_size=4).hexdigest()
    return re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{own}-", drawn)


def plain_png(make: Callable[[], Figure]) -> bytes:
    """The bytes of a picture in matplotlib's own light style, as tables are drawn, in a PNG of many dots."""
    drawn = io.BytesIO()
    with matplotlib.style.context("default", after_reset=True), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # the picture shows a box there
        installed = set(font_manager.get_font_names())
        matplotlib.rcParams["font.family"] = ["DejaVu Sans", *(f for f in FONTS_BEYOND_LATIN if f in installed)]
        # Labels, such as the tag PRP$, and titles are never formulas.
        matplotlib.rcParams["text.parse_math"] = False
        make().savefig(drawn, format="png", dpi=200, bbox_inches="tight", pad_inches=0.15)
    return drawn.getvalue()


def check_png(path: Path, what: str) -> None:
    """Raises UsageError where `path` ends as another type of file does than PNG."""
    if path.suffix.lower() not in ("", ".png"):
        hint = f"name it {path.with_suffix('.png').name}"
        raise UsageError(f"{path}: {what} is written as PNG, not {path.suffix}", hint=hint)


def shown_label(label: str) -> str:
    """The label on one line: tabs as spaces, other invisible characters by their numbers, a long middle cut out."""
    visible = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in label.replace("\t", "  "))
    half = LONGEST_LABEL // 2
    return visible if len(visible) <= LONGEST_LABEL else f"{visible[: half - 1]}…{visible[-half:]}"


def write(picture: bytes, path: str | Path) -> None:
    """Writes a picture as a whole or not at all. Raises OutputError where the file cannot be written."""
    try:
        write_output(Path(path), picture)
    except OSError as error:
        raise OutputError(f"{path}: {(error.strerror or str(error)).lower()}") from error


def blank(size: tuple[float, float] = WIDE) -> Figure:
    """A figure with nothing in it, of so many inches."""
    figure = Figure(figsize=size)
    FigureCanvasAgg(figure)
    return figure


def panel(figure: Figure, title: str, x: str, y: str, place: Any = 111) -> Axes:
    """Axes without a box, with a faint grid, and the title at the left; `x` and `y` say what is shown in what unit."""
    axes = figure.add_subplot(place)
    axes.set_title(wrapped(title), loc="left", fontsize=12, fontweight="bold", pad=12)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", linewidth=0.6)
    axes.set_axisbelow(True)
    return axes


def label_ends(axes: Axes, ends: Sequence[tuple[float, float, str, str]]) -> None:
    """Writes a name right of the end (x, y) of each line, in the colour of the line; names make room for one another.

    All lines must be drawn before.
    """
    figure = axes.get_figure()
    assert figure is not None
    height = axes.get_window_extent().height / figure.dpi * 72
    gap = 1.35 * NAME_SIZE / height
    to_axes = axes.transData + axes.transAxes.inverted()
    places = sorted((float(to_axes.transform((x, y))[1]), x, y, name, colour) for x, y, name, colour in ends)
    shown = list[float]()
    for place, *_ in places:
        shown.append(max(place, shown[-1] + gap) if shown else place)
    if shown and (over := shown[-1] - 1.0) > 0:
        shown = [place - over for place in shown]
        for number in range(len(shown) - 2, -1, -1):
            shown[number] = min(max(shown[number], places[number][0]), shown[number + 1] - gap)
    for (_, _, _, name, colour), place in zip(places, shown, strict=True):
        axes.annotate(
            name, (1.0, place), (6, 0), xycoords="axes fraction", textcoords="offset points", color=colour,
            fontsize=NAME_SIZE, va="center", ha="left", annotation_clip=False,
        )  # fmt: skip


def wrapped(title: str) -> str:
    """The title on as many lines as it needs."""
    import textwrap

    return "\n".join(textwrap.wrap(title, LONGEST_TITLE, break_long_words=False))


def _settings(colours: Look, further_fonts: Sequence[str]) -> Any:
    return {
        "font.family": ["DejaVu Sans", *further_fonts],
        "text.parse_math": False,  # a label such as the tag PRP$ is never a formula
        "figure.facecolor": colours.paper, "savefig.facecolor": colours.paper, "axes.facecolor": colours.paper,
        "text.color": colours.ink, "axes.labelcolor": colours.ink, "axes.titlecolor": colours.ink,
        "axes.edgecolor": colours.faint, "xtick.color": colours.faint, "ytick.color": colours.faint,
        "xtick.labelcolor": colours.ink, "ytick.labelcolor": colours.ink, "grid.color": colours.grid,
        "svg.hashsalt": "charnn", "axes.labelsize": 10, "xtick.labelsize": 9, "ytick.labelsize": 9,
    }  # fmt: skip
