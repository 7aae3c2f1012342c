"""Pictures of Hopfield networks: what they draw and what their titles find."""

from __future__ import annotations

import numpy as np

from charnn.memory.hopfield import LoadResult, capacity
from charnn.memory.memory import Memory, Recalled
from charnn.plots.canvas import LIGHT, rendered
from charnn.plots.memories import capacity_finding, draw_capacity, draw_energy, energy_finding


def recalled(*energies: float) -> Recalled:
    return Recalled("Yorc", "York", 0, 0.9, 1.0, energies, False)


def test_the_title_of_energies_says_whether_they_fall() -> None:
    assert energy_finding([recalled(3, 1), recalled(3, 2, 1)]) == (
        "The energy falls at every step until the line has settled, 2 at most"
    )
    assert energy_finding([recalled(3, 1), recalled(3, 4, 1)]).startswith("The energy can rise")
    assert energy_finding([recalled(1)]) == "Nothing moves: the lines are memories already"


def test_every_line_has_its_energies_and_names_what_it_is_put_back_to() -> None:
    found = [one for one in Memory(["York", "Leeds"], units=256).recall(["Yorc", "Leds"]) if one]
    figure = draw_energy(found, LIGHT, step="units that have changed")
    (axes,) = figure.axes
    assert [line.get_ydata().tolist() for line in axes.lines[::2]] == [list(one.energies) for one in found]
    assert {text.get_text() for text in axes.texts} == {"Yorc → York", "Leds → Leeds"}
    assert len(rendered(lambda look: draw_energy(found, look, step="units"))) < 1_000_000


def test_the_title_of_the_capacity_names_the_highest_load_that_comes_back() -> None:
    found = [
        LoadResult("hebbian", 0.1, 1.0, 1.0),
        LoadResult("hebbian", 0.2, 0.0, 0.4),
        LoadResult("pseudo-inverse", 0.2, 1, 1),
    ]
    said = "90% of the patterns come back up to 0.10 N by hebbian learning, up to 0.20 N by pseudo-inverse learning"
    assert capacity_finding(found) == said
    figure = draw_capacity(found, LIGHT, garbled=0.1)
    assert figure.axes[0].lines[0].get_ydata().tolist() == [100, 0]


def test_hebbian_learning_holds_fourteen_patterns_for_a_hundred_units_and_the_pseudo_inverse_more() -> None:
    hebbian = list(capacity((0.08, 0.3), "hebbian", units=300, garbled=0.1))
    assert hebbian[0].recalled > 0.9 > 0.1 > hebbian[1].recalled
    (inverse,) = capacity((0.3,), "pseudo-inverse", units=300, garbled=0.1)
    assert inverse.recalled > 0.9
    assert np.isclose(inverse.overlap, 1, atol=0.05)
