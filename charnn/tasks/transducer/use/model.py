"""A transducer for its user: lines in, their targets out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from charnn.corpora.given import given_number, given_text, given_texts
from charnn.tasks.model import Model
from charnn.tasks.transducer.config import DEFAULT_BEAM, TransducerConfig
from charnn.tasks.transducer.directory import TransducerDirectory
from charnn.tasks.transducer.lookup import Lookup
from charnn.tasks.transducer.pair_model import PairModel
from charnn.tasks.transducer.symbols import Symbols
from charnn.tasks.transducer.use.ctc import FramedDecoder
from charnn.tasks.transducer.use.decoding import Attention, SteppedDecoder
from charnn.tasks.transducer.use.line_transducer import (
    LineTransducer,
    Source,
    Target,
    TransduceOptions,
)
from charnn.tasks.transducer.use.ranking import TrustedNgrams
from charnn.tasks.transducer.use.stream import source_of


class Transducer(Model[TransducerDirectory, TransducerConfig]):
    """A transducer, as `charnn.load` gives it: it writes the target of a line, such as the sound of a spelling.

    transducer = charnn.Transducer.load("words")
    (target,) = transducer.transduce(["cab"])
    readings = [(one.text, one.log_probability) for one in transducer.targets(["cab"])[0]]
    """

    directory_class = TransducerDirectory

    @cached_property
    def symbols(self) -> Symbols:
        """Raises ModelFormatError where the file is missing or damaged."""
        return self.directory.symbols()

    @cached_property
    def lookup(self) -> Lookup:
        """The sources that training had. Raises ModelFormatError where the file is missing or damaged."""
        return self.directory.lookup()

    @cached_property
    def ngrams(self) -> PairModel | None:
        """The n-grams of aligned pairs, the edits or the words in lines that rank what a beam finds; None for a model
        without them. Raises ModelFormatError where the file is missing or damaged."""
        return self.directory.ngrams()

    def transduce(self, lines: Iterable[str], *, beam: int = DEFAULT_BEAM, pattern: str | None = None) -> list[str]:
        """The target of each line, the best that `beam` hypotheses find; 1 is greedy.

        A model that learned features wants them after a tab. With `pattern`, a regular expression, each target matches
        it as a whole. The precision is what `charnn transduce` takes (`auto`) unless another was asked for.

        Raises UsageError where a line has no features and should, or where no target matches the pattern.
        """
        found = self.targets(lines, TransduceOptions(beam, pattern=pattern))
        return [targets[0].text if targets else "" for targets in found]

    def targets(self, lines: Iterable[str], options: TransduceOptions | None = None) -> list[list[Target]]:
        """For each line its likeliest targets, the best first, with their log-probabilities."""
        sources = [
            source_of(line, number, has_features=self.config.corpus.has_features, place=f"line {number + 1}")
            for number, line in enumerate(given_texts(lines, "transduce"))
        ]
        return self.transduce_sources(sources, TransduceOptions() if options is None else options)

    def attention(self, line: str, *, beam: int = DEFAULT_BEAM) -> Attention:
        """Where the network looks for each symbol of the line's target, which is the best that `beam` hypotheses find.

        Raises UsageError where the model has no attention, or where the line has no features and should.
        """
        source = source_of(
            given_text(line, "attention"), 0, has_features=self.config.corpus.has_features, place="line 1"
        )
        ((target,),) = self.transduce_sources([source], TransduceOptions(beam))
        return self.line_transducer.attention(source, target.text)

    def transduce_sources(self, sources: Sequence[Source], options: TransduceOptions) -> list[list[Target]]:
        """What `targets` does, of sources and features apart."""
        given_number(options.beam, "beam", "transduce", least=1)
        given_number(options.nbest, "nbest", "transduce", least=1)
        if options.pattern is not None:
            given_text(options.pattern, "transduce: pattern")
        return self.line_transducer.transduce(sources, options)

    @cached_property
    def line_transducer(self) -> LineTransducer:
        """The object that transduces many lines at once, with `threads` of its own, which `close` ends.

        Raises UsageError where int8 is asked for and the model has no int8 graph, ModelFormatError where the graphs
        are not those of this model.
        """
        from charnn.tasks.transducer.use.ensemble import SteppedEnsemble
        from charnn.tasks.transducer.use.runtime import RuntimeFramedNetwork, RuntimeTransducerNetwork

        config, directory = self.config, self.directory
        quantized = self.is_quantized(self.precision or "auto")
        decoder: FramedDecoder | SteppedDecoder
        if config.network.decoder == "ctc":
            decoder = RuntimeFramedNetwork(config.network, directory.graph(quantized=quantized))
        else:
            each = [
                RuntimeTransducerNetwork(config.network, encoder, steps)
                for encoder, steps in directory.member_graphs(quantized=quantized)
            ]
            decoder = SteppedEnsemble(each) if len(each) > 1 else each[0]
        lookup, ngrams, trusted = self.lookup if config.looks_up else None, self.ngrams, None
        if ngrams is not None and config.ngrams is not None:
            known = self.lookup.targets if config.ngrams.known_weight else frozenset()
            trusted = TrustedNgrams(ngrams, config.ngrams, self.symbols, known)
        return LineTransducer(
            self.symbols, decoder, config.network, config.corpus, lookup, trusted, threads=self.threads
        )

    def close(self) -> None:
        if "line_transducer" in self.__dict__:
            self.line_transducer.close()
            del self.line_transducer
