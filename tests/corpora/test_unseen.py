"""What a warning says of characters that a model has never seen."""

from __future__ import annotations

from charnn.corpora.unseen import SHOWN, UnseenCharacters, known_writing, shown


def unknown_but(known: str):
    return lambda text: tuple(dict.fromkeys(character for character in text if character not in known))


def test_the_first_of_many_are_named_and_the_rest_counted() -> None:
    many = [chr(0x4E00 + number) for number in range(SHOWN + 3)]
    assert shown(many).count("'") == 2 * SHOWN
    assert shown(many).endswith(" and 3 more")


def test_line_ends_that_a_model_does_not_know_are_told_of_with_what_mends_them() -> None:
    unknown = unknown_but("ab\n")
    assert known_writing("a\r\nb\r\n", unknown).endswith(r"in \r\n, and in \n where it learned: tr -d '\r'")
    assert known_writing("a\rb\r", unknown).endswith(r"in \r, and in \n where it learned: tr '\r' '\n'")
    assert known_writing("a\nb\n", unknown) == ""
    assert known_writing("a\r\nb\r\n", unknown_but("ab")) == ""
    assert known_writing("a\r\nb\r\n", unknown_but("ab\r\n")) == ""


def test_pieces_are_counted_together() -> None:
    unseen = UnseenCharacters(unknown_but("ab"))
    for piece in ("abc", "ccd", "ab"):
        unseen.see(piece)
    assert dict(unseen.counts) == {"c": 3, "d": 1}
    assert unseen.known_writing == ""
