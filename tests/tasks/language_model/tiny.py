"""A language model that is trained in a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import charnn
from charnn.tasks.language_model.directory import LanguageModelDirectory


def tiny_model(folder: Path, text: str, *, steps: int, **options: Any) -> LanguageModelDirectory:
    """A model of this text, in a new directory in `folder`."""
    (folder / "text.txt").write_text(text, encoding="utf-8")
    sizes = {"layers": 1, "hidden": 16, "embedding": 8, "dropout": 0.0, "seed": 1}
    return LanguageModelDirectory(
        charnn.train(folder / "text.txt", out=folder / "model", steps=steps, **sizes, **options).path
    )
