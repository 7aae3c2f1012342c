"""Warns where the columns of a treebank may be taken for what they are not: a header for a word with tags, or tags for
the words that they belong to."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from itertools import chain, islice

from charnn.errors import CharnnWarning
from charnn.tasks.tagger.formats.sentence import TaggedSentence
from charnn.tasks.tagger.formats.tags import is_known, usual_name

TELLING_SENTENCES = 1_000
"""So many sentences tell what the columns are."""
FEWEST_WORDS = 100
"""Among fewer words every tag may come once."""
MOST_RARE = 0.2
"""Where a larger part of the tags come once, one more that does tells nothing."""
OF_KNOWN_SETS = ("upos", "xpos")


def warn_of_doubtful_columns(name: str, training: Sequence[TaggedSentence]) -> None:
    """Warns of what the file `name`, which has columns, may be misread in. `training` is its sentences."""
    telling = list(islice(training, TELLING_SENTENCES))
    words = list(chain.from_iterable(sentence.words for sentence in telling))
    columns = [list(chain.from_iterable(of_sentences)) for of_sentences in zip(*(s.tags for s in telling), strict=True)]
    if len(words) < FEWEST_WORDS:
        return
    if usual_name(words) in OF_KNOWN_SETS and not any(usual_name(tags) in OF_KNOWN_SETS for tags in columns):
        _warn(
            f"{name}: what is taken for the words looks like tags, such as {words[0]!r} with the tag "
            rf"{columns[0][0]!r}; the words come first: awk -F'\t' -v OFS='\t' '{{ print $2, $1 }}' FILE changes two"
        )
    elif all(map(_begins_with_a_name, columns)):
        cells = " ".join([words[0], *(tags[0] for tags in columns)])
        _warn(
            f"{name}: the first row ({cells}) is learned as a word, and its tag comes nowhere else; if it has the "
            "names of the columns, take it out: tail -n +2 FILE"
        )


def _begins_with_a_name(tags: Sequence[str]) -> bool:
    """Whether the first one of these tags comes once, is of no known set, and hardly another one comes once."""
    counts = Counter(tags)
    rare = sum(count == 1 for count in counts.values())
    return counts[tags[0]] == 1 and not is_known(tags[0]) and rare <= max(1, MOST_RARE * len(counts))


def _warn(message: str) -> None:
    warnings.warn(message, CharnnWarning, stacklevel=3)
