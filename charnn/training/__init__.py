"""Training: windows of truncated BPTT, the loop, and the model directory that comes out. The only room beside network/
that knows PyTorch."""

from charnn.training.loop import Observer, Outcome
from charnn.training.plan import Wishes
from charnn.training.report import Report
from charnn.training.session import Session

__all__ = ["Observer", "Outcome", "Report", "Session", "Wishes"]
