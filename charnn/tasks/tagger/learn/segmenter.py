"""Plans a segmenter, which learns to find the words and sentences of raw text: a small tagger of characters.

It learns from the raw text of a treebank, whose sentences run on to the end of their paragraph. It also sees where
rules would have words begin, as they would in text that is new to them: for each part of the treebank, the rules know
only the forms of the other parts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, count, cycle, repeat

from charnn.config.training import Budget, TrainingConfig
from charnn.errors import UsageError
from charnn.segmentation.boundaries import BEGIN, END, INSIDE, Characters, SegmentedText
from charnn.segmentation.sentences import SentencesByRule, paragraphs, running_text
from charnn.segmentation.spacing import closed_up, stands_apart
from charnn.segmentation.words import WordSplitter
from charnn.tasks.tagger.config import TaggerConfig, TaggerNetworkConfig, TreebankConfig, WordFinding
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.tagger.formats.sentence import TaggedSentence
from charnn.tasks.tagger.lexicon import Lexicon
from charnn.tasks.tagger.treebank import Treebank
from charnn.tasks.tagger.use.figures import Finders, SegmentationFigures
from charnn.tasks.tagger.use.model import Tagger
from charnn.tasks.tagger.use.segmenter import SENTENCES, WORDS
from charnn.training.planning import new_record

Passage = list[SegmentedText]
"""Sentences of one paragraph that follow each other."""

SHARE = 0.25
"""The part of a budget that the segmenter takes."""
ENOUGH_BY_RULES = 0.95
"""The word F1 of the rules from which on a segmenter is learned only if it is asked for. On English-EWT, where rules
have 0.990, a segmenter finds no more words than they do; on Vietnamese-VTB, where they have 0.845, it does."""
FEWEST_SENTENCES = 100
"""A segmenter is learned from fewer sentences only if it is asked for."""
COLUMNS = WORDS, SENTENCES
PARTS = 5
"""The parts of the training text, of which the rules know all but one."""
PASSAGE_SENTENCES = 4
"""The most sentences that the rules read together, all of one paragraph."""
CLOSED_TOGETHER = 4
"""So many passages in a row are closed up, where punctuation stands apart, and as many are left as they are."""
LEAST_COUNT = 2
"""A character that is seen less often is read as its kind, as characters are that were never seen."""
LONGEST_TEXT = 128
"""Longer paragraphs are cut. With 256 and 512 a step has text from fewer places: on Vietnamese-VTB word F1 was 0.2 and
0.6 lower."""
LEARNING_RATE = 6e-3
MOST_VALIDATION = 500
"""The most sentences that the segmenter is validated with."""


def word_finding(treebank: Treebank, wanted: bool | None) -> WordFinding | None:
    """How well rules find the words of the treebank's held-out text, where a segmenter is to be learned; else None.

    Where it is not said whether it is `wanted`, it is learned where rules find few words. Raises UsageError where it is
    wanted and there is no text to learn from.
    """
    if wanted is False or (not wanted and treebank.config.level != "word"):
        return None
    training, validation = _texts(treebank.training), _texts(treebank.validation)
    if wanted and (not training or not validation or treebank.config.level != "word"):
        raise UsageError(
            "--segment: there is no raw text with words in it to learn from",
            hint="CoNLL-U has it, in lines of # text or with SpaceAfter=No",
        )
    if not wanted and (len(training) < FEWEST_SENTENCES or not validation):
        return None
    known = frozenset(chain.from_iterable(text.words for text in training))
    rules = WordSplitter(known)
    words, sentences = _measured(Finders(rules, SentencesByRule(known, rules)), validation)
    return WordFinding(words, rules_sentence_f1=sentences) if wanted or words < ENOUGH_BY_RULES else None


def tagger_budget(budget: Budget) -> Budget:
    """What is left of a budget for the tagger: of a time, what the segmenter does not take."""
    return budget if budget.seconds is None else replace(budget, seconds=budget.seconds * (1 - SHARE))


def segmenter_budget(budget: Budget) -> Budget:
    """What the segmenter of a tagger with this budget has."""
    if budget.seconds is not None:
        return Budget(seconds=budget.seconds * SHARE / (1 - SHARE))
    if budget.epochs is not None:
        return Budget(epochs=budget.epochs * SHARE)
    return Budget(steps=max(1, int((budget.steps or 0) * SHARE)))


def characters_of(treebank: Treebank) -> Treebank:
    """The characters of the treebank's raw text, with marks where words begin and sentences end, as a treebank of
    characters whose sentences are paragraphs, or parts of those."""
    texts, validation = _texts(treebank.training), _texts(treebank.validation)[:MOST_VALIDATION]
    counts = Counter(chain.from_iterable(Characters(text.text).clusters for text in texts))
    common = {character for character, count in counts.items() if count >= LEAST_COUNT}
    training, held_out = _passages(texts), _passages(validation)
    parts = [
        WordSplitter(_forms(passage for n, passage in enumerate(chain(*training)) if n % PARTS != part))
        for part in range(PARTS)
    ]
    every = WordSplitter(_forms(chain(*training)))
    if stands_apart(texts):  # half of it is read as people type, since that is what is to be segmented
        number = count()
        training = [
            [
                passage if next(number) // CLOSED_TOGETHER % 2 else list(map(_closed_up, passage))
                for passage in paragraph
            ]
            for paragraph in training
        ]
    of_part = cycle(parts)
    learned = [part for passages in training for part in _marked(passages, of_part, common)]
    validated = [part for passages in held_out for part in _marked(passages, repeat(every), common)]
    characters = sum(map(len, learned))
    config = TreebankConfig(
        sources=(),
        format="conllu",
        columns=COLUMNS,
        level="character",
        training_sentences=len(learned),
        training_words=characters,
        training_characters=characters,
        validation_sentences=len(validated),
        validation_words=sum(map(len, validated)),
    )
    return Treebank(learned, validated, config)


def segmenter_lexicon(characters: Treebank) -> Lexicon:
    symbols = chain.from_iterable(sentence.words for sentence in characters.training)
    return Lexicon.of(symbols, {WORDS: (BEGIN, INSIDE), SENTENCES: (END, INSIDE)})


def configure_segmenter(characters: Treebank, lexicon: Lexicon, of: TrainingConfig, budget: Budget) -> TaggerConfig:
    """The configuration of the segmenter of a tagger that is trained with the configuration `of`. A step has as many
    sentences as one of a tagger, in fewer parts."""
    sentences = max(1, sum(part.tags[COLUMNS.index(SENTENCES)].count(END) for part in characters.training))
    network = TaggerNetworkConfig(
        words=lexicon.word_ids,
        characters=lexicon.character_ids,
        tags=tuple(map(len, lexicon.tags.values())),
        hidden_size=64,
        word_size=32,
        character_size=16,
        reader_size=16,
        affix_size=32,
        shape_size=8,
        neighbour_size=64,
        dropout=0.2,
        input_dropout=0.1,
    )
    training = TrainingConfig(
        budget=budget,
        batch_size=max(1, round(min(32, sentences / 80) * len(characters.training) / sentences)),
        window_length=LONGEST_TEXT,
        learning_rate=LEARNING_RATE,
        precision=of.precision,
        device=of.device,
        seed=of.seed,
        patience=0,
    )
    return TaggerConfig("tagger", network, training, characters.config, new_record())


def measured(directory: TaggerDirectory, treebank: Treebank) -> tuple[float, float]:
    """The F1 of words and of sentences that the segmenter in a model's directory has on the treebank's held-out text,
    as it is used."""
    with Tagger(directory) as model:
        return _measured(model.means()["segmenter"], _texts(treebank.validation))


def _measured(means: Finders, texts: Sequence[SegmentedText]) -> tuple[float, float]:
    figures = SegmentationFigures({"": means})
    figures.add(texts)
    figures.finish()
    return round(figures.words[""].f1, 6), round(figures.sentences[""].f1, 6)


def _texts(sentences: Sequence[TaggedSentence]) -> list[SegmentedText]:
    return [sentence.text for sentence in sentences if sentence.text is not None]


def _passages(texts: Sequence[SegmentedText]) -> list[list[Passage]]:
    """Each paragraph of the texts, as passages of a few sentences."""
    return [
        [paragraph[start : start + PASSAGE_SENTENCES] for start in range(0, len(paragraph), PASSAGE_SENTENCES)]
        for paragraph in paragraphs(texts)
    ]


def _forms(passages: Iterable[Passage]) -> frozenset[str]:
    return frozenset(word for passage in passages for text in passage for word in text.words)


def _closed_up(text: SegmentedText) -> SegmentedText:
    return text._replace(text=closed_up(text.words).text.strip())


def _marked(passages: Sequence[Passage], rules: Iterator[WordSplitter], common: set[str]) -> Iterator[TaggedSentence]:
    """The characters of a paragraph with their marks, in parts. Each passage is read with the next of the `rules`."""
    symbols: list[str] = []
    begins: list[str] = []
    ends: list[str] = []
    spaced = True
    for passage in passages:
        text = running_text(passage).strip()
        characters = Characters(text, after_space=spaced)
        symbols += characters.symbols(next(rules).split(text)[0], common)
        words = chain.from_iterable(sentence.words for sentence in passage)
        begins += [BEGIN if mark else INSIDE for mark in characters.begins(words)]
        ends += [END if mark else INSIDE for mark in characters.ends(sentence.text for sentence in passage)]
        spaced = passage[-1].spaced
    for start in range(0, len(symbols), LONGEST_TEXT):
        end = start + LONGEST_TEXT
        yield TaggedSentence(symbols[start:end], (begins[start:end], ends[start:end]))
