"""Where tests find what the repository has beside them."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden"
SHARED_DATA = ROOT.parent / "shared" / "data"
"""Treebanks and texts that are too large for the repository; not everyone has them."""
