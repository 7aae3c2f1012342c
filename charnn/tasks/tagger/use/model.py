"""A tagger for its user: sentences in, their tags out."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from charnn.corpora.given import given_sentences, given_text, given_texts
from charnn.errors import ModelFormatError, UsageError
from charnn.segmentation.boundaries import Splitter
from charnn.segmentation.sentences import SentenceFinder, SentencesByRule
from charnn.segmentation.words import WordSplitter
from charnn.tasks.model import Model
from charnn.tasks.tagger.config import TaggerConfig
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.tagger.lexicon import Lexicon

if TYPE_CHECKING:
    from charnn.tasks.tagger.formats.sentence import Annotation
    from charnn.tasks.tagger.use.figures import Finders
    from charnn.tasks.tagger.use.segmenter import Segmenter
    from charnn.tasks.tagger.use.sentence_tagger import SentenceTagger


class Tagger(Model[TaggerDirectory, TaggerConfig]):
    """A tagger, as `charnn.load` gives it: it finds words and sentences in raw text, and their tags.

    tagger = charnn.Tagger.load("treebank")
    (sentence,) = tagger.tag([["the", "cat", "sat"]])
    tags = sentence["upos"].tags
    words = tagger.sentences("The cat sat. It slept.")
    """

    directory_class = TaggerDirectory

    @cached_property
    def lexicon(self) -> Lexicon:
        """Raises ModelFormatError where its file is missing or damaged."""
        return self.directory.lexicon()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns of tags."""
        return self.config.corpus.columns

    def tag(
        self,
        sentences: Iterable[Iterable[str]],
        *,
        columns: Sequence[str] | None = None,
        probabilities: bool = False,
        alternatives: int = 0,
        keep: Sequence[Mapping[str, Sequence[str]]] | None = None,
        lexicon: str | os.PathLike[str] | Mapping[str, Collection[str]] | None = None,
    ) -> list[dict[str, Annotation]]:
        """For each sentence, a list of words, what each column has: `result["upos"].tags` is a tag for each word.

        With `probabilities`, that of each tag too; with `alternatives`, so many of the likeliest tags of each word.
        `keep` has for each sentence the tags that are given, by column, one for each word, `""` or `_` for a word
        without one: these stay, and only the other words are tagged. `lexicon` is the path of a list or a mapping from
        forms to the tags that they may have. The precision is what `charnn tag` takes (`auto`) unless another was
        asked for. Raises UsageError for a column that the model does not have, for tags that are not as many as words,
        and for a tag of the lexicon that no column has.
        """
        from charnn.tasks.tagger.use.constraints import Constraints, checked_forms, given_tags, read_forms
        from charnn.tasks.tagger.use.sentence_tagger import TagOptions

        words = given_sentences(sentences, "tag")
        names = check_columns(self.columns if columns is None else columns, self.columns)
        wanted = TagOptions(names, probabilities or alternatives > 0, alternatives)
        if keep is None and lexicon is None:
            tagged = self.sentence_tagger.tag(words, wanted)
            return [dict(zip(names, columns, strict=True)) for columns in tagged]
        tags = {column: self.lexicon.tags[column] for column in names}
        forms = None
        if lexicon is not None:
            forms = (
                checked_forms(lexicon, tags) if isinstance(lexicon, Mapping) else read_forms(os.fspath(lexicon), tags)
            )
        if other := next((name for one in keep or () for name in one if name not in self.columns), None):
            raise UsageError(f"keep: no column {other!r}", hint=f"the model has {','.join(self.columns)}")
        given = given_tags(words, keep, names)
        constraints = Constraints(tags, keep is not None, forms)
        tagged = self.sentence_tagger.tag(words, wanted, [constraints.of(sentence) for sentence in given])
        tagged = [constraints.kept(*one) for one in zip(given, tagged, strict=True)]
        return [dict(zip(names, columns, strict=True)) for columns in tagged]

    @cached_property
    def sentence_tagger(self) -> SentenceTagger:
        """The object that tags many sentences at once, with `threads` of its own, which `close` ends.

        Raises UsageError where int8 is asked for and the model has no int8 graph, ModelFormatError where the graphs
        are not those of this model.
        """
        from charnn.checkpoint.members import each_own
        from charnn.tasks.tagger.decoding.saved import decoder_of_members, saved_arrays
        from charnn.tasks.tagger.entities import rules
        from charnn.tasks.tagger.use.runtime import RuntimeTaggerNetwork
        from charnn.tasks.tagger.use.sentence_tagger import SentenceTagger

        network, directory = self.config.network, self.directory
        is_int8 = self.is_quantized(self.precision or "auto")
        lexicon, graph = self.lexicon, directory.graph(quantized=is_int8)
        weights = {} if network.decoder == "independent" else directory.weights()
        decoders = [
            decoder_of_members(
                network.decoder,
                [saved_arrays(network.decoder, own, f"heads.{column}") for own in each_own(weights, network.members)],
                tags=tags,
                rule=rule,
            )
            for column, (tags, rule) in enumerate(zip(network.tags, rules(self.config.corpus, lexicon), strict=True))
        ]
        runtime = RuntimeTaggerNetwork(directory.word_graph(), graph, states_size=network.states_size)
        if runtime.score_sizes != [decoder.score_size for decoder in decoders]:
            raise ModelFormatError(f"{directory.path}: its weights are not those of its lexicon")
        states = None
        if network.readers:
            from charnn.readers.states import SentenceStates

            states = SentenceStates(
                (
                    (one, directory.reader_tokenizer(one.direction), directory.reader_graph(one, quantized=is_int8))
                    for one in network.readers
                ),
                spaced=self.config.corpus.level == "word",
            )
        return SentenceTagger(
            lexicon, runtime, decoders, threads=self.threads, states=states, linear=directory.linear()
        )

    @cached_property
    def splitter(self) -> Splitter:
        """What finds the words of raw text: the model's segmenter where it has one that finds more than rules do."""
        return self.segmenter if self.config.words is not None and self.config.words.used else self.rules

    @cached_property
    def rules(self) -> WordSplitter:
        """The rules that find the words of raw text, with the forms of the training treebank."""
        return WordSplitter(self.lexicon.counts)

    @cached_property
    def segmenter(self) -> Segmenter:
        """Raises ModelFormatError where the model should have a segmenter and it is missing or damaged."""
        from charnn.tasks.tagger.use.segmenter import Segmenter

        self._nested = Tagger(self.directory.segmenter(), precision=self.precision, threads=self.threads)
        return Segmenter(self._nested.sentence_tagger, self.rules)

    def sentence_finder(self) -> SentenceFinder:
        """What finds the sentences of running text: the segmenter where it finds more of them than rules do."""
        if self.config.words is None or not self.config.words.sentences_used:
            return SentencesByRule(self.lexicon.counts, self.splitter)
        from charnn.tasks.tagger.use.segmenter import LearnedSentences

        return LearnedSentences(self.segmenter, None if self.config.words.used else self.rules)

    def means(self) -> dict[str, Finders]:
        """What finds words and sentences, by name: the segmenter, and the rules as far as it does what they do."""
        from charnn.tasks.tagger.use.figures import Finders
        from charnn.tasks.tagger.use.segmenter import LearnedSentences

        if not self.segmenter.finds_sentences:
            return {"segmenter": Finders(self.segmenter, None), "rules": Finders(self.rules, None)}
        return {
            "segmenter": Finders(self.segmenter, LearnedSentences(self.segmenter)),
            "rules": Finders(self.rules, SentencesByRule(self.lexicon.counts, self.rules)),
        }

    def words(self, texts: Iterable[str]) -> list[list[str]]:
        """For each raw text the words in it, found as `charnn tag` finds them."""
        return [words for words, _ in self.splitter.split_all(list(given_texts(texts, "words")))]

    def sentences(self, text: str) -> list[list[str]]:
        """The sentences of running text, each as its words, found as `charnn tag --format text` finds them."""
        text, finder = given_text(text, "sentences"), self.sentence_finder()
        return [found.words for found in [*finder.push(text), *finder.flush()] if found.words]

    def close(self) -> None:
        if "sentence_tagger" in self.__dict__:
            self.sentence_tagger.close()
            del self.sentence_tagger
        if "segmenter" in self.__dict__:
            self._nested.close()
            del self.segmenter
            self.__dict__.pop("splitter", None)


def check_columns(names: Sequence[str], columns: Sequence[str]) -> list[str]:
    """The names, each once. Raises UsageError for one that is none of the model's columns."""
    chosen = list(dict.fromkeys(name.strip() for name in names))
    if unknown := [name for name in chosen if name not in columns]:
        raise UsageError(
            f"--columns {','.join(names)}: no column {unknown[0]!r}", hint=f"the model has {','.join(columns)}"
        )
    return chosen
