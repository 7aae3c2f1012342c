"""A stream of sentences, tagged: in order, lazily, and nothing held back where the input pauses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charnn.errors import CorpusError, ModelError
from charnn.streaming import CHUNKS_AHEAD
from charnn.tasks.tagger.formats.sentence import Sentence
from charnn.tasks.tagger.use import stream
from charnn.tasks.tagger.use.sentence_tagger import TagOptions
from charnn.tasks.tagger.use.stream import tag_stream


def sentence(words: list[str], line: int = 1, error: CorpusError | None = None) -> Sentence:
    return Sentence("tokens", "x", line, " ".join(words) + "\n", [] if error else words, error)


def broken(line: int) -> Sentence:
    return sentence(["?"], line, CorpusError(f"x:{line}: broken"))


words = st.lists(st.sampled_from(["a", "bc", "xyz"]), max_size=12)
reads = st.lists(st.lists(words.map(sentence), max_size=4), max_size=12)
"""What is read, at times nothing."""


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "CHUNK_WORDS", 10)
        yield


def names(tagged) -> list[list[list[str]] | None]:
    return [None if tags is None else [column.tags for column in tags] for _, tags in tagged]


@given(read=reads)
@settings(max_examples=80)
def test_all_sentences_come_out_in_order_with_their_own_tags(make_tagger, tags_of, read) -> None:
    flat = [sentence for sentences in read for sentence in sentences]
    tagged = [pair for block in tag_stream(read, make_tagger(threads=2)) for pair in block]
    assert [id(sentence) for sentence, _ in tagged] == list(map(id, flat))
    assert names(tagged) == [tags_of(sentence.words) for sentence in flat]


@given(read=reads)
@settings(max_examples=80)
def test_at_a_pause_everything_that_was_read_has_been_given(make_tagger, read) -> None:
    given_out = 0
    came = 0

    def source() -> Iterator[list[Sentence]]:
        nonlocal came
        for sentences in read:
            came += len(sentences)
            yield sentences
            if not sentences:
                assert given_out == came

    for block in tag_stream(source(), make_tagger()):
        given_out += len(block)
    assert given_out == came == sum(map(len, read))


def test_an_endless_stream_is_read_no_further_ahead_than_a_few_blocks(make_tagger) -> None:
    came = 0

    def endless() -> Iterator[list[Sentence]]:
        nonlocal came
        for _ in range(1000):
            came += 1
            yield [sentence(["a"] * 3)]
        pytest.fail("everything is read before anything is given")

    given_out = 0
    blocks = tag_stream(endless(), make_tagger())
    for _ in range(50):
        given_out += len(next(blocks))
        assert came - given_out <= (1 + CHUNKS_AHEAD) * stream.CHUNK_WORDS // 3 + 1
    blocks.close()


@pytest.mark.parametrize("read", [sentence([]), broken(1)], ids=["without words", "malformed"])
def test_sentences_with_nothing_to_tag_do_not_pile_up(make_tagger, read) -> None:
    came = 0

    def endless() -> Iterator[list[Sentence]]:
        nonlocal came
        for _ in range(1000):
            came += 1
            yield [read]
        pytest.fail("everything is read before anything is given")

    blocks = tag_stream(endless(), make_tagger(), skip=lambda sentence: None)
    assert len(next(blocks)) <= stream.CHUNK_WORDS
    assert came <= (2 + CHUNKS_AHEAD) * stream.CHUNK_WORDS
    blocks.close()


def test_a_sentence_larger_than_a_block_is_a_block_of_its_own(make_tagger) -> None:
    read = [[sentence(["a"]), sentence(["b"] * 25), sentence(["c"]), sentence(["d"] * 9), sentence(["e"])]]
    assert [[len(s) for s, _ in block] for block in tag_stream(read, make_tagger())] == [[1], [25], [1, 9], [1]]


@pytest.mark.parametrize("before", [0, 1, 7, 100])
def test_a_malformed_sentence_ends_the_stream_once_all_before_it_was_given(make_tagger, tags_of, before) -> None:
    good = [sentence(["a", "b", "c"]) for _ in range(before)]
    given_out = []
    blocks = tag_stream([[*good, broken(9), sentence(["z"])]], make_tagger())
    with pytest.raises(CorpusError, match="x:9: broken"):
        given_out.extend(pair for block in blocks for pair in block)
    assert names(given_out) == [tags_of(["a", "b", "c"])] * before


def test_an_error_of_the_input_comes_after_all_that_was_read_before_it(make_tagger) -> None:
    def source() -> Iterator[list[Sentence]]:
        for _ in range(30):
            yield [sentence(["a", "b"])]
        raise CorpusError("gone")

    given_out = []
    with pytest.raises(CorpusError, match="gone"):
        given_out.extend(pair for block in tag_stream(source(), make_tagger()) for pair in block)
    assert len(given_out) == 30


def test_with_skip_malformed_sentences_keep_their_places(make_tagger, tags_of) -> None:
    read = [[broken(1), sentence(["a"])], [broken(3)], [sentence(["b", "c"]), broken(5), broken(6)]]
    told = []
    tagged = [pair for block in tag_stream(read, make_tagger(), skip=told.append) for pair in block]
    assert names(tagged) == [None, tags_of(["a"]), None, tags_of(["b", "c"]), None, None]
    assert [sentence.line for sentence in told] == [1, 3, 5, 6]


def test_a_fault_of_the_model_ends_the_stream_and_nothing_after_it_is_given(make_tagger, make_network) -> None:
    network = make_network()
    read = network.scores
    network.scores = lambda *arguments: (
        read(*arguments) if len(network.shapes) < 2 else [read(*arguments)[0] * float("nan")] * 2
    )
    lengths = []
    blocks = tag_stream([[sentence(["a"] * 9) for _ in range(9)]], make_tagger(network))
    with pytest.raises(ModelError):
        lengths.extend(map(len, blocks))
    assert lengths == [1, 1]


def test_what_is_wanted_is_what_comes(make_tagger) -> None:
    ((_, tags),) = next(iter(tag_stream([[sentence(["a", "b"])]], make_tagger(), TagOptions(["xpos"], True, 2))))
    (xpos,) = tags
    assert len(xpos.probabilities) == len(xpos.alternatives) == 2
