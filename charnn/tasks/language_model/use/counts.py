"""All that stands beside a language model's network: n-grams of what it learned and of what it has read since, and what
it has read just now."""

from __future__ import annotations

from functools import cached_property

from charnn.generation.model import NextTokenModel
from charnn.ngrams.matches import NOTHING, remembered
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.labelled_ngrams import LabelledNgrams
from charnn.tasks.language_model.matching import LearnedMatches
from charnn.tasks.language_model.mixing import MixedNgrams
from charnn.tasks.language_model.recently import Recently
from charnn.tasks.language_model.use.matched import MatchedScorer
from charnn.tasks.language_model.use.mixed import MixedLanguageModel, Network
from charnn.tasks.language_model.use.mixed_labelled import LabelledLanguageModel
from charnn.tasks.language_model.use.mixed_lengths import ForetellingLanguageModel
from charnn.tasks.language_model.use.mixed_recently import RecentLanguageModel
from charnn.tasks.language_model.use.scores import Scorer


class Counts:
    """The counts of a model directory. Each of its files is read where it is first needed."""

    def __init__(self, directory: LanguageModelDirectory) -> None:
        self._directory = directory

    @cached_property
    def ngrams(self) -> MixedNgrams | LabelledNgrams | None:
        """The n-grams of the text that was learned; None for a model without them. Raises ModelFormatError where their
        file is damaged."""
        return self._directory.ngrams()

    def beside(self, network: Network) -> Network:
        """The network with the n-grams of the text beside it, and those of what the model has read since; alone, for a
        model without them. Beside a network that learns from what it scores they do so, too."""
        if self.ngrams is None:
            return network
        recently = self._read if network.segment is None else self._learning
        if recently is None or not isinstance(self.ngrams, MixedNgrams) or counts_down(network):
            return beside_ngrams(network, self.ngrams)
        return RecentLanguageModel(network, self.ngrams, recently)

    def learning(self, network: Network) -> Scorer:
        """The network, which learns from what it scores, with all that is beside it where it does so: it expects what
        it has read to come again, too. A model that foretells lengths is as `beside` gives it."""
        model, segment = self.beside(network), network.segment
        if segment is None or counts_down(network):
            return model
        return MatchedScorer(model, self._matches, segment=segment)

    @cached_property
    def _matches(self) -> LearnedMatches:
        before = NOTHING if self._learning is None else remembered(self._learning.counts.ids)
        return LearnedMatches(self._directory.tokenizer().spellings(), before)

    @cached_property
    def _read(self) -> Recently | None:
        """What `charnn sample --adapt --save` had read."""
        return None if self.ngrams is None else self._directory.recently(self.ngrams)

    @cached_property
    def _learning(self) -> Recently | None:
        """What goes on being counted as the model learns. What the directory has stays as it is."""
        if not isinstance(self.ngrams, MixedNgrams):
            return None
        return self._directory.recently(self.ngrams) or Recently(self.ngrams)


def beside_ngrams(network: Network, ngrams: MixedNgrams | LabelledNgrams) -> MixedLanguageModel | LabelledLanguageModel:
    """The network with these n-grams beside it."""
    if isinstance(ngrams, LabelledNgrams):
        return LabelledLanguageModel(network, ngrams)
    return ForetellingLanguageModel(network, ngrams) if counts_down(network) else MixedLanguageModel(network, ngrams)


def counts_down(network: NextTokenModel) -> bool:
    """Whether the network ends a text by its conditions: it has foretold the length."""
    return not (network.draws_stop or network.halts)
