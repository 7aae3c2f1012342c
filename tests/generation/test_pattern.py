from __future__ import annotations

import re
import tracemalloc
from collections.abc import Iterator
from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charnn.config.model import TokenizerConfig, TokenizerKind
from charnn.errors import UsageError
from charnn.generation.pattern.automaton import Automaton
from charnn.generation.pattern.pattern import CACHED_STATES, Pattern, PatternState, character_sets
from charnn.tokenizers import train
from charnn.tokenizers.base import STOP_ID, Tokenizer
from charnn.tokenizers.characters import CharacterTokenizer

ALPHABET = "aB\né"
KINDS: tuple[TokenizerKind, ...] = ("characters", "bytes", "bpe")
STRINGS = ["".join(letters) for n in range(6) for letters in product(ALPHABET, repeat=n)]
"""All over the alphabet up to a length of 5."""


@cache
def tokenizer(kind: TokenizerKind) -> Tokenizer:
    """One that knows the alphabet; of bpe, with pieces of several of its letters, é among them."""
    return train(TokenizerConfig(kind=kind, vocabulary_size=280), ["aBéaBaéa aaBB éé" * 20 + "\n" + ALPHABET])


def characters(text: str) -> Tokenizer:
    return CharacterTokenizer("".join(sorted(text)))


def compiled(expression: str, vocabulary: Tokenizer) -> Pattern | None:
    """None where the vocabulary can write nothing that matches."""
    try:
        return Pattern(expression, vocabulary)
    except UsageError as error:
        if "can write nothing" not in str(error):
            raise
        return None


def walk(pattern: Pattern, vocabulary: Tokenizer, rng: np.random.Generator, length: int) -> str | None:
    """A text of tokens drawn from all that are allowed, as generation does; None where none is long enough."""
    if length < pattern.shortest:
        return None
    state, decoder, text = pattern.start, vocabulary.decoder(), ""
    while True:
        mask = pattern.allowed(state, length - len(text))
        assert mask.any()
        token = int(rng.choice(np.flatnonzero(mask)))
        if token == STOP_ID:
            assert decoder.flush() == ""
            return text
        text += decoder.decode(token)
        state = pattern.advance(state, token)


def texts_of(pattern: Pattern, vocabulary: Tokenizer, length: int, alphabet: str) -> set[str]:
    """Every text of up to `length` characters of `alphabet` that tokens, all of them allowed, spell."""
    within = frozenset(alphabet.encode())
    tokens = {t: s for t, s in enumerate(vocabulary.spellings()) if s and within.issuperset(s)}
    found, seen, left = set(), set(), [(b"", pattern.start)]
    while left:
        spelt, state = left.pop()
        remaining = length - len(spelt.decode(errors="ignore"))
        assert pattern.allowed(state, pattern.needed(state)).any()
        assert not pattern.allowed(state, pattern.needed(state) - 1).any()
        mask = pattern.allowed(state, remaining)
        if mask[STOP_ID]:
            found.add(spelt.decode())
        for token, spelling in tokens.items():
            if mask[token] and spelt + spelling not in seen:
                seen.add(spelt + spelling)
                left.append((spelt + spelling, pattern.advance(state, token)))
    return found


def matching(expression: str, strings: list[str]) -> set[str]:
    return {string for string in strings if re.fullmatch(expression, string)}


SINGLES = [*"aBé", ".", "[aé]", "[^a]", r"\w", r"\W", r"\s", r"\n", "[B-é]", r"[^\w\n]", r"[^\s\S]", r"\d"]
FLAGGED = [
    "(?i:b)",
    "(?i:[^b])",
    "(?i:É)",
    "(?s:.)",
    r"(?a:\w)",
    r"(?a:\W)",
    "(?ai:É)",
    "(?i:[A-C])",
    "(?i:b(?-i:a))",
    "()",
]


def combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    repetition = st.sampled_from(["*", "+", "?", "*?", "+?", "??", "{2}", "{,2}", "{1,3}", "{2,}?", "{0}"])
    return (
        st.tuples(inner, inner).map("".join)
        | st.tuples(inner, inner).map("|".join)
        | st.tuples(inner, inner).map(lambda pair: "(" + "|".join(pair) + ")")
        | st.tuples(inner, repetition).map(lambda pair: f"(?:{pair[0]}){pair[1]}")
    )


expressions = st.recursive(st.sampled_from(SINGLES + FLAGGED), combined, max_leaves=6)
anchored = st.tuples(st.sampled_from(["", "^", r"\A"]), expressions, st.sampled_from(["", "$", r"\Z"])).map(
    lambda parts: f"{parts[0]}(?:{parts[1]}){parts[2]}"
)


@pytest.mark.parametrize("kind", KINDS)
@given(expression=anchored, length=st.integers(0, 5))
@settings(max_examples=40)
def test_tokens_spell_exactly_the_texts_that_fullmatch_up_to_the_length(kind, expression, length):
    expected = matching(expression, [string for string in STRINGS if len(string) <= length])
    pattern = compiled(expression, tokenizer(kind))
    if pattern is None:
        assert not matching(expression, STRINGS)
        return
    assert texts_of(pattern, tokenizer(kind), length, ALPHABET) == expected


@pytest.mark.parametrize("kind", KINDS)
@given(expression=anchored, seed=st.integers(0, 99), more=st.integers(0, 8))
@settings(max_examples=40)
def test_whatever_is_drawn_matches_and_is_not_too_long(kind, expression, seed, more):
    pattern = compiled(expression, tokenizer(kind))
    if pattern is None:
        return
    length = pattern.shortest + more
    text = walk(pattern, tokenizer(kind), np.random.default_rng(seed), length)
    assert text is not None
    assert re.fullmatch(expression, text)
    assert len(text) <= length


@pytest.mark.parametrize("kind", KINDS)
@given(expression=anchored)
@settings(max_examples=20)
def test_a_prompt_is_read_exactly_where_a_match_begins_with_it(kind, expression):
    pattern = compiled(expression, tokenizer(kind))
    if pattern is None:
        return
    matches = matching(expression, STRINGS)
    for prompt in STRINGS[:85]:
        state = pattern.read(prompt)
        if state is None:
            assert not any(string.startswith(prompt) for string in matches)
        else:
            rest = walk_from(pattern, tokenizer(kind), state)
            assert re.fullmatch(expression, prompt + rest)
            assert len(rest) == pattern.needed(state)


def walk_from(pattern: Pattern, vocabulary: Tokenizer, state: PatternState) -> str:
    """The shortest text that makes a match from `state`."""
    tokens: list[int] = []
    while True:
        remaining = pattern.needed(state)
        mask = pattern.allowed(state, remaining)
        if mask[STOP_ID]:
            return vocabulary.decode(tokens)
        tokens.append(int(np.flatnonzero(mask)[0]))
        state = pattern.advance(state, tokens[-1])


@pytest.mark.parametrize(
    "expression",
    [
        r"(\w+ ){20}",
        r".{10}\n.{12}\n",
        r"[A-Z][a-z]{2,9}( [A-Z][a-z]{2,9})?",
        r"(19|20)\d{2}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])",
        r"[a-zé ]{0,40}love[a-z ]{0,40}",
        r"(?i)the (fox|crow)(?# which\?)[.!?]",
        r"(?x) \d{1,2} \s  (?P<month> Jan | Feb ) \s \d{4} # a date",
        r"[^\W\d_]{3}-\u00e9\x41\101\t[\]\-^]{2}",
        r"(?m)^a+$",
        r"(^a|^b)c$",
        r"[[a]{2}[]a-]",
        "Zoë 日本 👩‍👩‍👧 ﬁ",
    ],
)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore:Possible nested set")
def test_expressions_as_people_write_them(kind, expression):
    known = "".join(map(chr, range(9, 11))) + "".join(map(chr, range(32, 127))) + "é" + expression
    vocabulary = characters("".join(set(known))) if kind == "characters" else tokenizer(kind)
    pattern = Pattern(expression, vocabulary)
    for seed in range(5):
        text = walk(pattern, vocabulary, np.random.default_rng(seed), pattern.shortest + 20)
        assert text is not None
        assert re.fullmatch(expression, text)


@pytest.mark.parametrize(
    "expression", [r"\w", r"\d", r"\s", r"[^\w\s]", ".", "(?i:[a-z])", "(?i:[^k])", "(?ai:[k-\u017f])"]
)
def test_a_class_has_the_characters_that_re_gives_it_in_all_of_unicode(expression):
    every = np.arange(0x110000, dtype=np.int32)
    text = every.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    expected = np.zeros(len(every), np.bool_)
    for match in re.finditer(f"(?:{expression})+", text):
        expected[slice(*match.span())] = True
    automaton = Automaton(expression, np.zeros(1, np.int32))
    kinds = automaton.kinds(text)
    matches = [automaton.needed(automaton.step(automaton.start, kind)) == 0 for kind in range(kinds.max() + 1)]
    np.testing.assert_array_equal(np.array(matches)[kinds], expected)


def test_no_letter_digit_or_space_lies_beyond_what_is_searched_for_them():
    beyond = "".join(map(chr, range(character_sets.LETTERS_END, 0x110000)))
    assert re.search(r"[\w\s]", beyond) is None
    beyond = "".join(map(chr, range(character_sets.CASES_END, character_sets.LETTERS_END))) + beyond
    assert beyond.lower() == beyond.upper() == beyond


def test_stop_is_allowed_exactly_where_the_text_matches():
    vocabulary = characters("ab")
    pattern = Pattern("a(bb)*", vocabulary)
    state, stops = pattern.start, []
    for token in vocabulary.encode("abbbb").tolist():
        stops.append(bool(pattern.allowed(state, None)[STOP_ID]))
        state = pattern.advance(state, token)
    assert stops == [False, True, False, True, False]


def test_nothing_but_stop_is_allowed_after_a_match_that_nothing_can_lengthen():
    pattern = Pattern("a(b|c)?", characters("ab"))
    after_a, after_ab = pattern.read("a"), pattern.read("ab")
    assert after_a is not None
    assert after_ab is not None
    assert not pattern.allowed(pattern.start, None)[STOP_ID]
    assert np.count_nonzero(pattern.allowed(after_a, None)) == 2
    assert np.flatnonzero(pattern.allowed(after_ab, None)).tolist() == [STOP_ID]


@pytest.mark.parametrize("kind", KINDS)
def test_the_unknown_token_is_never_allowed(kind):
    vocabulary = tokenizer(kind)
    pattern = Pattern("(?s).*|\ufffd*", vocabulary)
    if vocabulary.unknown_id is not None:
        assert not pattern.allowed(pattern.start, None)[vocabulary.unknown_id]
    assert pattern.allowed(pattern.start, None)[STOP_ID]


def test_a_way_that_ends_at_a_character_the_vocabulary_lacks_is_not_taken():
    vocabulary = characters("abc")
    pattern = Pattern("a(b{3}é|ca)|b[^abc]", vocabulary)
    assert texts_of(pattern, vocabulary, 9, "abc") == {"aca"}
    assert pattern.read("ab") is None


def test_a_token_that_would_run_over_the_length_is_not_allowed():
    vocabulary = tokenizer("bpe")
    pieces = {spelling.decode(): token for token, spelling in enumerate(vocabulary.spellings()) if spelling < b"\x80"}
    assert "aB" in pieces
    pattern = Pattern("(aB)*", vocabulary)
    assert pattern.allowed(pattern.start, 2)[pieces["aB"]]
    assert not pattern.allowed(pattern.start, 1)[pieces["aB"]]
    assert not pattern.allowed(pattern.start, 1)[pieces["a"]]
    assert pattern.allowed(pattern.start, 0)[STOP_ID]


def test_length_counts_characters_and_half_a_character_counts_none():
    vocabulary = tokenizer("bytes")
    pattern = Pattern("é.", vocabulary)
    assert pattern.shortest == 2
    first, second = vocabulary.encode("é").tolist()
    assert pattern.allowed(pattern.start, 2)[first]
    assert not pattern.allowed(pattern.start, 1)[first]
    half = pattern.advance(pattern.start, first)
    assert pattern.needed(half) == 2
    assert np.flatnonzero(pattern.allowed(half, 2)).tolist() == [second]
    assert pattern.needed(pattern.advance(half, second)) == 1


def test_a_byte_that_begins_no_character_of_the_class_is_not_allowed():
    pattern = Pattern("[à-ã日]", tokenizer("bytes"))
    assert np.flatnonzero(pattern.allowed(pattern.start, None)).tolist() == [0xC3 + 1, 0xE6 + 1]
    half = pattern.advance(pattern.start, 0xC3 + 1)
    assert np.flatnonzero(pattern.allowed(half, None)).tolist() == [byte + 1 for byte in (0xA0, 0xA1, 0xA2, 0xA3)]


def byte_sequences(pattern: Pattern, state: PatternState, before: bytes = b"") -> Iterator[bytes]:
    mask = pattern.allowed(state, None)
    if mask[STOP_ID]:
        yield before
        return
    allowed = (np.flatnonzero(mask) - 1).tolist()
    # The edges of what UTF-8 allows are at the second byte; beyond it, the first and last will do.
    for byte in allowed if len(before) < 2 else (allowed[0], allowed[-1]):
        yield from byte_sequences(pattern, pattern.advance(state, byte + 1), before + bytes([byte]))


def test_a_dot_in_bytes_is_one_character_of_valid_utf_8():
    pattern = Pattern(".", tokenizer("bytes"))
    found = {text.decode() for text in byte_sequences(pattern, pattern.start)}
    assert all(len(text) == 1 for text in found)
    assert {*map(chr, range(0x80))} - {"\n"} <= found
    assert {"\x80", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff"} <= found


def test_bytes_that_are_no_utf_8_are_never_written():
    vocabulary = characters("aé\udcc3\udca9")
    pattern = Pattern("(?s).+", vocabulary)
    assert np.flatnonzero(pattern.allowed(pattern.start, None)).tolist() == vocabulary.encode("aé").tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_banned_characters_are_never_written_nor_counted_on(kind):
    vocabulary = tokenizer(kind)
    pattern = Pattern("é?a+|B{3}|éa{0,3}", vocabulary, banned="aé")
    assert pattern.shortest == 3
    assert texts_of(pattern, vocabulary, 5, ALPHABET) == {"BBB"}
    assert texts_of(Pattern("(é|á|B)*", vocabulary, banned="é"), vocabulary, 2, ALPHABET) == {"", "B", "BB"}


def test_a_prompt_may_have_characters_that_the_vocabulary_lacks():
    pattern = Pattern(r"Zo\wa|Zab|日.", characters("Zoab"))
    state = pattern.read("Zoë")
    assert state is not None
    assert pattern.needed(state) == 1
    assert pattern.read("日") is not None
    assert pattern.read("Zo!") is None


def test_the_shortest_text_is_known_before_anything_is_written():
    assert Pattern("a{3,}b|c{9}", characters("abc")).shortest == 4
    assert Pattern("a{3,}b|c{9}", characters("ac")).shortest == 9
    assert Pattern("a*", characters("a")).shortest == 0


def test_without_a_way_to_write_a_match_it_says_what_the_vocabulary_lacks():
    with pytest.raises(UsageError, match=re.escape("nothing that matches the pattern: it lacks 'ë'")):
        Pattern("Zoë|.ë", characters("Zo"))
    with pytest.raises(UsageError, match=r"nothing that matches the pattern$"):
        Pattern(r"a[^\s\S]", characters("a"))


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        (r"a(?=b)", "lookahead"),
        (r"(?!b)a", "lookahead"),
        (r"a|(?!)", "lookahead"),
        (r"(?<=b)a", "lookbehind"),
        (r"(?<!b)a", "lookbehind"),
        (r"\ba", "word boundary"),
        (r"a\B", r"\B"),
        (r"(a)\1", "back reference"),
        (r"(?P<x>a)(?P=x)", "back reference"),
        (r"(a)?(?(1)b|c)", "conditional"),
        (r"(?>a)", "atomic"),
        (r"a*+", "possessive"),
        (r"a^b", "^ anywhere but at the start"),
        (r"a*^b", "^ anywhere but at the start"),
        (r"(^a){2}", "^ anywhere but at the start"),
        (r"a\Ab", r"\A anywhere but at the start"),
        (r"a$\n", "$ anywhere but at the end"),
        (r"(?m)(a$\n)+", "$ anywhere but at the end"),
        (r"a\Z|b\Zc", r"\Z anywhere but at the end"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(expression, reason):
    re.compile(expression)
    with pytest.raises(UsageError, match=re.escape(reason)):
        Pattern(expression, characters("abc\n"))


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("a(b", "missing ), unterminated subpattern, at character 2"),
        ("ab[", "unterminated character set, at character 3"),
        ("a**", "multiple repeat, at character 3"),
        ("a{3,2}", "min repeat greater than max repeat, at character 3"),
        ("[b-a]", "bad character range b-a, at character 2"),
        (r"a\p{L}", r"bad escape \p, at character 2"),
        ("a{99999999999}", "the repetition number is too large"),
        ("a{10001}", "more than 10,000 characters"),
        ("((a{100}){100}){100}", "more than 10,000 characters"),
        ("(a|){4000000000}", "more than 10,000 characters"),
        ("(" * 3000 + "a" + ")" * 3000, "too deep"),
    ],
)
def test_what_is_no_expression_or_too_large_is_refused_with_the_place(expression, reason):
    with pytest.raises(UsageError, match=re.escape(reason)):
        Pattern(expression, characters("ab"))


@pytest.mark.parametrize(
    ("expression", "text", "needed"),
    [
        ("[a-z ]{0,40}love[a-z ]{0,40}", "love " * 8, 0),
        ("(a|b)*a(a|b){60}", "b" * 100 + "a" + "b" * 30, 30),
        ("((a?b?)*|(ab){0,50}){3}c", "ab" * 100, 1),
        ("(a?" * 50 + ")*" * 50 + "b", "a" * 100, 1),
        ("(){4000000000}(a{0}|^){9}b{2000}", "b", 1999),
    ],
)
def test_an_expression_whose_automaton_would_not_fit_is_followed_all_the_same(expression, text, needed):
    pattern = Pattern(expression, characters("abcelov "))
    state = pattern.read(text)
    assert state is not None
    assert pattern.needed(state) == needed


def test_the_masks_of_all_states_that_were_visited_are_not_kept():
    symbols = characters("".join(map(chr, range(0x4E00, 0x5800))) + "a")  # so many that the masks weigh most
    pattern = Pattern(f"a{{{3 * CACHED_STATES}}}", symbols)
    (letter,) = symbols.encode("a").tolist()
    state, sizes = pattern.start, []
    tracemalloc.start()
    for visited in range(1, 3 * CACHED_STATES):
        assert pattern.allowed(state, None)[letter]
        state = pattern.advance(state, letter)
        if visited % CACHED_STATES == 0:
            sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert sizes[1] < 1.2 * sizes[0]


def test_a_mask_is_the_callers_own():
    pattern = Pattern("a", characters("a"))
    pattern.allowed(pattern.start, None)[:] = False
    assert pattern.allowed(pattern.start, None).any()
