"""The shades in which a terminal shows how much a part of a text weighs."""

from __future__ import annotations

SHADES = ("", "38;5;16;48;5;230", "38;5;16;48;5;222", "38;5;16;48;5;214", "38;5;16;48;5;202", "38;5;231;48;5;160")
"""The terminal codes of the shades, which are among xterm's 256 colours and go from pale yellow to dark red. Each code
sets both text and background, so that it can be read whatever the terminal's own colours are. The first shade, for
text that is no surprise, keeps those."""
