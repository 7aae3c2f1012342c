"""Plans a segmenter, which learns to find the words of raw text: a small tagger of characters.

It learns from the raw text of a treebank. It also sees where rules would have words begin, as they would in text that
is new to them: for each part of the treebank, the rules know only the forms of the other parts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from charnn.config.training import Budget, TrainingConfig
from charnn.errors import UsageError
from charnn.segmentation.boundaries import BEGIN, INSIDE, Characters, SegmentedText, word_score
from charnn.segmentation.typography import closed_up, stands_apart
from charnn.segmentation.words import WordSplitter
from charnn.tasks.tagger.config import TaggerConfig, TaggerNetworkConfig, TreebankConfig, WordFinding
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.tagger.formats.sentence import TaggedSentence
from charnn.tasks.tagger.lexicon import Lexicon
from charnn.tasks.tagger.treebank import Treebank
from charnn.tasks.tagger.use.model import Tagger
from charnn.training.session import new_record

SHARE = 0.25
"""The part of a budget that the segmenter takes."""
ENOUGH_BY_RULES = 0.95
"""The word F1 of the rules from which on a segmenter is learned only if it is asked for. On English-EWT, where rules
have 0.990, a segmenter finds no more words than they do; on Vietnamese-VTB, where they have 0.845, it does."""
FEWEST_SENTENCES = 100
"""A segmenter is learned from fewer sentences only if it is asked for."""
COLUMN = "words"
PARTS = 5
"""The parts of the training sentences, of which the rules know all but one."""
LEAST_COUNT = 2
"""A character that is seen less often is read as its kind, as characters are that were never seen."""
LONGEST_TEXT = 512
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
    rules = WordSplitter(frozenset(chain.from_iterable(text.words for text in training)))
    by_rule = rules.split_all([text.text for text in validation])
    f1 = word_score((words, text.words) for (words, _), text in zip(by_rule, validation, strict=True)).f1
    return WordFinding(rules_f1=round(f1, 6)) if wanted or f1 < ENOUGH_BY_RULES else None


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
    """The characters of the treebank's raw text, and marks where words begin, as a treebank of characters."""
    training, validation = _texts(treebank.training), _texts(treebank.validation)[:MOST_VALIDATION]
    counts = Counter(chain.from_iterable(Characters(text.text).clusters for text in training))
    common = {character for character, count in counts.items() if count >= LEAST_COUNT}
    parts = [
        WordSplitter(frozenset(chain.from_iterable(t.words for n, t in enumerate(training) if n % PARTS != part)))
        for part in range(PARTS)
    ]
    every = WordSplitter(frozenset(chain.from_iterable(text.words for text in training)))
    if stands_apart(training):  # half of it is read as people type, since that is what is to be segmented
        training = [text if number % 2 else closed_up(text.words) for number, text in enumerate(training)]
    learned = [_marked(text, parts[number % PARTS], common) for number, text in enumerate(training)]
    held_out = [_marked(text, every, common) for text in validation]
    characters = sum(map(len, learned))
    config = TreebankConfig(
        sources=(),
        format="conllu",
        columns=(COLUMN,),
        level="character",
        training_sentences=len(learned),
        training_words=characters,
        training_characters=characters,
        validation_sentences=len(held_out),
        validation_words=sum(map(len, held_out)),
    )
    return Treebank(learned, held_out, config)


def segmenter_lexicon(characters: Treebank) -> Lexicon:
    symbols = chain.from_iterable(sentence.words for sentence in characters.training)
    return Lexicon.of(symbols, {COLUMN: (BEGIN, INSIDE)})


def configure_segmenter(characters: Treebank, lexicon: Lexicon, of: TrainingConfig, budget: Budget) -> TaggerConfig:
    """The configuration of the segmenter of a tagger that is trained with the configuration `of`."""
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
        batch_size=min(32, max(1, len(characters.training) // 80)),
        window_length=LONGEST_TEXT,
        learning_rate=LEARNING_RATE,
        precision=of.precision,
        device=of.device,
        seed=of.seed,
        patience=0,
    )
    return TaggerConfig("tagger", network, training, characters.config, new_record())


def measured_f1(directory: TaggerDirectory, treebank: Treebank) -> float:
    """The word F1 of the segmenter in a model's directory on the treebank's held-out text, as it is used."""
    texts = _texts(treebank.validation)
    with Tagger(directory) as model:
        found = model.segmenter.split_all([text.text for text in texts])
    return round(word_score((words, text.words) for (words, _), text in zip(found, texts, strict=True)).f1, 6)


def _texts(sentences: Sequence[TaggedSentence]) -> list[SegmentedText]:
    return [sentence.text for sentence in sentences if sentence.text is not None]


def _marked(text: SegmentedText, rules: WordSplitter, common: set[str]) -> TaggedSentence:
    characters = Characters(text.text)
    marks = [BEGIN if begins else INSIDE for begins in characters.begins(text.words)]
    return TaggedSentence(characters.symbols(rules.split(text.text)[0], common), (marks,))
