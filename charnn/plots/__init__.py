"""Pictures: what a run and its model look like. They are drawn from plain numbers, by matplotlib.

canvas.py has what all share: PNG or SVG, light or dark, and colours that the colour-blind can tell apart.
"""

from __future__ import annotations

import logging


def _import_quietly() -> None:
    """Imports matplotlib, which says on stderr where it has no directory of its own to keep its list of fonts in, as
    without a home that can be written. It draws all the same."""
    log = logging.getLogger("matplotlib")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        import matplotlib  # noqa: F401 - by itself, since it is what is missing where it is not installed
        from matplotlib import font_manager  # noqa: F401
    finally:
        log.setLevel(level)


_import_quietly()
