"""The tagger: a treebank as batches of sentences, its sizes, its graphs, its run."""

from charnn.training.tagger.plan import TaggerWishes
from charnn.training.tagger.session import TaggerSession
from charnn.training.tagger.task import TaggerTask

__all__ = ["TaggerSession", "TaggerTask", "TaggerWishes"]
