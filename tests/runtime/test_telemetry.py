"""What charnn runs keeps to itself: ONNX Runtime's reports to its makers, which are on by default, are off."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "golden" / "format-1"
QUIETENS = ("ORT_", "CI", "TF_BUILD", "GITHUB_ACTIONS", "CHARNN_CACHE", "XDG_CACHE_HOME")
"""Beginnings of the names of variables that would switch the reports off by themselves, or keep files elsewhere."""


def test_using_a_model_leaves_no_files_of_a_reporter_in_the_home_directory(tmp_path: Path) -> None:
    model = next(path.parent for path in sorted(GOLDEN.rglob("config.json")))
    code = f"import charnn; print(''.join(charnn.load({str(model)!r}).sample(length=5, seed=1)))"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(QUIETENS)}
    environment |= {"HOME": str(tmp_path), "CHARNN_CACHE": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)
    assert {path.name for path in tmp_path.iterdir()} == {"cache"}
