"""What a machine sends, as text that drives no terminal."""

from __future__ import annotations

import random

import pytest

from daemon.display.plain import LONGEST_LINE, PlainText, last_lines


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (b"plain\r\n", "plain\n"),
        (b"\x1b[1;31mred\x1b[0m\x1b[2J\x1b[H\n", "red\n"),
        (b"\x1b]0;title\x07x\x1b]52;c;ZWNobw==\x1b\\y\n", "xy\n"),
        (b"\x1bP+q544e\x1b\\z\x1b(B\x1b7\x1b8\x1bc\n", "z\n"),
        (b"10%\r20%\r\n", "10%\n20%\n"),
        (b"bell\x07 null\x00\n", "bell· null·\n"),
        ("ein Häkchen ✓ \u202e\n".encode(), "ein Häkchen ✓ ·\n"),
        (b"\xff\xfe\n", "\ufffd\ufffd\n"),
        (b"\x9b31m\n", "\ufffd31m\n"),
    ],
)
def test_control_sequences_are_left_out_wherever_the_bytes_are_cut(sent: bytes, shown: str) -> None:
    assert PlainText().feed(sent) == shown
    for cut in range(len(sent)):
        text = PlainText()
        assert text.feed(sent[:cut]) + text.feed(sent[cut:]) == shown, cut


def test_nothing_that_drives_a_terminal_comes_out_of_any_bytes() -> None:
    chance = random.Random(7)
    for _ in range(300):
        text = PlainText()
        pieces = [bytes(chance.choices(range(256), k=chance.randrange(60))) for _ in range(6)]
        assert "".join(map(text.feed, pieces)).replace("\n", "").isprintable()


def test_a_sequence_without_an_end_and_a_line_without_one_are_bounded() -> None:
    text = PlainText()
    shown = "".join(text.feed(b"\x1b]" + b"a" * 700) for _ in range(20))
    assert len(shown) > 5000
    assert max(map(len, PlainText().feed(b"x" * 20000).split("\n"))) <= LONGEST_LINE


def test_the_last_lines_are_those_that_say_something() -> None:
    sent = b"\r\n".join(b"line %d" % number for number in range(100)) + b"\r\n\r\n\x1b[K"
    assert last_lines(sent, 2, 6) == "line 9\nline 9"
    assert last_lines(b"", 40, 80) == ""
