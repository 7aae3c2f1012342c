"""Draws the symbols of a model in the plane, near each other where the model takes them alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from charnn.plots.canvas import Look, blank, panel, shown_label

Floats = npt.NDArray[np.floating]
MOST = 200
"""The most symbols that are drawn."""
PAIRS = 4
"""The pairs of nearest symbols that the title names."""
SHOWN = {" ": "space", "\n": "line end", "\t": "tab"}
KINDS = ("small letters", "capitals", "digits", "others")


@dataclass(frozen=True)
class Embeddings:
    """The vectors (V, E) of some symbols."""

    symbols: list[str]
    vectors_VE: Floats

    def in_plane(self) -> tuple[Floats, float]:
        """The symbols along their two directions of largest variance (V, 2), and the share of it that these have."""
        centred_VE = self.vectors_VE - self.vectors_VE.mean(0)
        left, sizes, _ = np.linalg.svd(centred_VE, full_matrices=False)
        plane_V2 = np.zeros((len(self.symbols), 2))
        kept = min(2, len(sizes))
        plane_V2[:, :kept] = left[:, :kept] * sizes[:kept]
        return plane_V2, float((sizes[:2] ** 2).sum() / max(float((sizes**2).sum()), 1e-12))

    def nearest(self, count: int) -> list[tuple[str, str]]:
        """The pairs of symbols whose vectors have the smallest angle between them, each symbol once."""
        unit_VE = self.vectors_VE / np.maximum(np.linalg.norm(self.vectors_VE, axis=1, keepdims=True), 1e-12)
        alike_VV = np.triu(unit_VE @ unit_VE.T, 1) - 2 * np.tri(len(self.symbols))
        pairs, used = list[tuple[str, str]](), set[int]()
        for place in np.argsort(-alike_VV, axis=None):
            first, second = divmod(int(place), len(self.symbols))
            if len(pairs) == count or alike_VV[first, second] < -1:
                break
            if used.isdisjoint((first, second)):
                pairs.append((self.symbols[first], self.symbols[second]))
                used |= {first, second}
        return pairs


def draw_embeddings(found: Embeddings, look: Look) -> Figure:
    """The symbols as text, coloured by their kind."""
    plane_V2, share = found.in_plane()
    pairs = ", ".join(f"{_shown(one)} and {_shown(other)}" for one, other in found.nearest(PAIRS))
    figure = blank((8.0, 6.0))
    title = f"Symbols that the model takes most alike: {pairs}"
    axes = panel(figure, title, f"two directions with {share:.0%} of all variance", "")
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.set_yticks([])
    low_2, high_2 = plane_V2.min(0), plane_V2.max(0)
    room_2 = 0.06 * (high_2 - low_2) + 1e-6
    axes.set(xlim=(low_2[0] - room_2[0], high_2[0] + room_2[0]), ylim=(low_2[1] - room_2[1], high_2[1] + room_2[1]))
    for symbol, (x, y) in zip(found.symbols, plane_V2, strict=True):
        colour = look.lines[_kind(symbol)]
        weight = "bold" if _kind(symbol) == len(KINDS) - 1 and symbol not in SHOWN else "normal"
        size = 9.0 if symbol in SHOWN else 13.0 if weight == "bold" else 10.5 if len(symbol) < 2 else 7.5
        axes.text(x, y, _shown(symbol), color=colour, ha="center", va="center", fontsize=size, fontweight=weight)
    present = sorted({_kind(symbol) for symbol in found.symbols})
    for row, kind in enumerate(present):
        axes.annotate(
            KINDS[kind], (1.0, 1.0), (6, -6 - 14 * row), xycoords="axes fraction", textcoords="offset points",
            color=look.lines[kind], fontsize=9.5, va="top", annotation_clip=False,
        )  # fmt: skip
    return figure


def _kind(symbol: str) -> int:
    if symbol.isalpha():
        return 1 if symbol[0].isupper() else 0
    return 2 if symbol.isdigit() else 3


def _shown(symbol: str) -> str:
    return SHOWN.get(symbol) or shown_label(symbol)
