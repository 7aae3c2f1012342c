"""Sentences as they are read to tagged sentences: each as soon as it is done where the input pauses, many at once where
it does not, in order and in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from charnn.tasks.tagger.formats.sentence import Sentence
from charnn.tasks.tagger.use.tagger import SentenceTagger
from charnn.tasks.tagger.use.tags import JUST_TAGS, TagOptions, Tags

BLOCK_WORDS = 8192
"""Words that are tagged together, at most, no words counted as one; a longer sentence is a block of its own."""
BLOCKS_AHEAD = 2
"""Blocks that are read while others are tagged."""

Tagged = list[tuple[Sentence, list[Tags] | None]]
"""Sentences with their tags of each column; None for a malformed one, which is to be passed on as it is."""


def tag_stream(
    read: Iterable[list[Sentence]],
    tagger: SentenceTagger,
    wanted: TagOptions = JUST_TAGS,
    *,
    skip: Callable[[Sentence], None] | None = None,
) -> Iterator[Tagged]:
    """Blocks of tagged sentences, in the order of the input. When one is given, it should be written and flushed.

    `read` gives the sentences that are complete by now, and none at a pause of the input: then all that it gave before
    is tagged and given. A malformed sentence raises its CorpusError, once everything before it has been given; with
    `skip` it is told to that and passed on. So does an error that `read` raises.
    """
    begun: deque[Callable[[], Tagged]] = deque()
    for block, pauses in _blocks(read, skip):
        if block:
            begun.append(_begin(block, tagger, wanted))
        while begun and (pauses or len(begun) > BLOCKS_AHEAD):
            yield begun.popleft()()


def _begin(block: list[Sentence], tagger: SentenceTagger, wanted: TagOptions) -> Callable[[], Tagged]:
    result = tagger.begin([sentence.words for sentence in block if sentence.error is None], wanted)

    def wait() -> Tagged:
        tags = iter(result())
        return [(sentence, next(tags) if sentence.error is None else None) for sentence in block]

    return wait


def _blocks(
    read: Iterable[list[Sentence]], skip: Callable[[Sentence], None] | None
) -> Iterator[tuple[list[Sentence], bool]]:
    """Blocks of sentences, and whether the input pauses, ends or fails after them."""
    block: list[Sentence] = []
    size = 0
    try:
        for sentences in read:
            for sentence in sentences:
                if sentence.error is not None:
                    if skip is None:
                        raise sentence.error
                    skip(sentence)
                words = len(sentence.words) or 1
                if block and size + words > BLOCK_WORDS:
                    yield block, False
                    block, size = [], 0
                block.append(sentence)
                size += words
            if not sentences:
                yield block, True
                block, size = [], 0
    except Exception:
        yield block, True
        raise
    yield block, True
