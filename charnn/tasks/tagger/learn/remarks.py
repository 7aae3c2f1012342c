"""What a run says of its treebank before it begins: what there is to learn from, and what may not be as was meant."""

from __future__ import annotations

from collections import Counter

from charnn.readable import counted, first_few
from charnn.tasks.tagger.lexicon import Lexicon
from charnn.tasks.tagger.treebank import Treebank

SHOWN_TAGS = 5
"""The most tags that a line names."""
FEW_SENTENCES = 20
"""Fewer training sentences than this teach little."""


def remarks(treebank: Treebank, lexicon: Lexicon, *, holds_out: bool) -> list[str]:
    """The lines, each of a name in ten columns, or of as many spaces where it belongs to the one before, and a
    sentence."""
    corpus = treebank.config
    tags = ", ".join(
        f"{len(known)} {column}" + (f" ({scheme} entities)" if (scheme := corpus.scheme(number)) else "")
        for number, (column, known) in enumerate(zip(corpus.columns, lexicon.tags.values(), strict=True))
    )
    validated = f"{corpus.validation_sentences:,} of {corpus.validation_words:,} to validate with"
    few = corpus.training_sentences < FEW_SENTENCES and holds_out
    alike = [name for name, known in zip(corpus.columns, lexicon.tags.values(), strict=True) if len(known) == 1]
    same = f"every word has the same {first_few(alike, SHOWN_TAGS)}, which teaches nothing; see --columns"
    return [
        f"treebank  {counted(corpus.training_sentences, 'sentence')} of "
        f"{counted(corpus.training_words, corpus.level)} to train on, "
        f"{validated if holds_out else 'none held out'}; tags: {tags}",
        *(["          so few sentences teach little; --valid none learns all of them"] if few else []),
        *([f"          {same}"] if alike else []),
        *([f"left out  {corpus.left_out}"] if corpus.left_out else []),
        *([f"unseen    {unseen}"] if (unseen := _unseen_tags(treebank, lexicon)) else []),
    ]


def _unseen_tags(treebank: Treebank, lexicon: Lexicon) -> str:
    """The tags of the validation data that training never sees, with the words that have them; "" without any."""
    found = []
    for number, (column, tags) in enumerate(lexicon.tags.items()):
        every = Counter(tag for sentence in treebank.validation for tag in sentence.tags[number] if tag)
        if unseen := sorted((every.keys() - set(tags)), key=lambda tag: (-every[tag], tag)):
            words = counted(sum(every[tag] for tag in unseen), treebank.config.level)
            found.append(f"{len(unseen):,} {column} of {words} ({first_few(unseen, SHOWN_TAGS)})")
    return f"tags of the validation data that training never sees: {'; '.join(found)}" if found else ""
