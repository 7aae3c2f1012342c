"""Training: the loop, what it needs of a task, and the model directory that comes out; a folder a task. The only room
beside network/ that knows PyTorch."""

from charnn.training.language_model import LanguageModelSession, Wishes
from charnn.training.listeners import Observer
from charnn.training.loop import Outcome
from charnn.training.processes import Processes
from charnn.training.report import Report
from charnn.training.session import Session
from charnn.training.tagger import TaggerSession, TaggerWishes
from charnn.training.task import Scores

__all__ = [
    "LanguageModelSession",
    "Observer",
    "Outcome",
    "Processes",
    "Report",
    "Scores",
    "Session",
    "TaggerSession",
    "TaggerWishes",
    "Wishes",
]
