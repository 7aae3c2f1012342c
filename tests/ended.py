"""Dates the end of a model's training, for tests in which one model must have ended before another."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

LATEST = datetime(2026, 1, 1, tzinfo=UTC)


def end_before(model: Path, seconds: float) -> None:
    """The training of `model` has ended so many seconds before a fixed moment."""
    ended = LATEST - timedelta(seconds=seconds)
    (model / "ended.json").write_text(json.dumps({"ended": ended.isoformat()}))
