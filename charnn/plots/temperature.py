"""Draws what becomes of samples as the temperature rises: how surprising, how right and how copied they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from charnn.plots.canvas import Look, blank, label_ends, panel

MOSTLY_KNOWN = 0.95
"""As the highest sensible temperature the title names the last one with so many known words."""


@dataclass(frozen=True)
class AtTemperature:
    """What the samples of one temperature are like."""

    temperature: float
    bits_per_character: float
    """How surprising the model finds them."""
    known_words: float
    """The fraction of words that stand in what the model learned from."""
    copied: float
    """The fraction of characters in long runs that stand there, too."""


def draw_temperature(found: Sequence[AtTemperature], look: Look, *, at_least: int) -> Figure:
    """Two panels over temperature; `at_least` is the length of a run that counts as copied."""
    figure = blank((8.0, 5.6))
    temperatures = [one.temperature for one in found]
    upper = panel(figure, finding(found), "", "% of the samples", 211)
    known, copied = [100 * one.known_words for one in found], [100 * one.copied for one in found]
    upper.plot(temperatures, known, color=look.lines[0], linewidth=2.2, marker="o")
    upper.plot(temperatures, copied, color=look.lines[1], linewidth=2.2, marker="s")
    upper.set_ylim(-3, 103)
    upper.tick_params(labelbottom=False)
    lower = panel(figure, "", "temperature", "bits per character", 212)
    lower.plot(temperatures, [one.bits_per_character for one in found], color=look.lines[2], linewidth=2.2, marker="^")
    lower.set_ylim(bottom=0)
    for axes in (upper, lower):
        axes.set_xticks(temperatures)
    last = temperatures[-1]
    label_ends(
        upper,
        [
            (last, known[-1], "words that the text has", look.lines[0]),
            (last, copied[-1], f"copied, {at_least} characters on end", look.lines[1]),
        ],
    )
    label_ends(lower, [(last, found[-1].bits_per_character, "their surprise for the model", look.lines[2])])
    return figure


def finding(found: Sequence[AtTemperature]) -> str:
    """What the picture shows, in a sentence."""
    known = [one for one in found if one.known_words >= MOSTLY_KNOWN]
    if not known:
        best = max(found, key=lambda one: one.known_words)
        return f"At no temperature are {MOSTLY_KNOWN:.0%} of the words known; most are at {best.temperature:g}"
    top = known[-1]
    return (
        f"Up to temperature {top.temperature:g} at least {MOSTLY_KNOWN:.0%} of the words are known; "
        f"{top.copied:.0%} is copied there, and {found[0].copied:.0%} at {found[0].temperature:g}"
    )
