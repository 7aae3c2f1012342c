"""What a run tells while it goes on, and that showing it takes no PyTorch."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from charnn.training.report import Meter


def test_what_shows_a_run_needs_no_pytorch() -> None:
    """Nor does what says which tasks, options and configurations there are."""
    script = "import sys, charnn.training.report, charnn.config.model; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_reading_is_the_loss_per_target_since_the_last_one() -> None:
    meter = Meter()
    meter.add(torch.tensor(6.0), 4)
    meter.add(torch.tensor(1.0), 1)
    assert meter.read()[0] == pytest.approx(7 / 5)
    meter.add(torch.tensor(3.0), 2)
    assert meter.read()[0] == pytest.approx(3 / 2)


def test_speed_is_in_targets_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [10.0]
    monkeypatch.setattr("time.perf_counter", lambda: clock[0])
    meter = Meter()
    meter.add(torch.tensor(1.0), 30)
    clock[0] += 2.0
    assert meter.is_due
    assert meter.read()[1] == pytest.approx(15)
    assert not meter.is_due
