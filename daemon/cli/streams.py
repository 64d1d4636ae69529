"""Where a command's words go: an encoding that may lack a sign, a reader who may have left, a disk that may be full."""

from __future__ import annotations

import codecs
import io
import os
import select
import sys
from typing import Any

from daemon.display.signs import IN_ASCII

SIGNS = {
    **IN_ASCII,
    "→": "->",
    "←": "<-",
    "…": "...",
    "–": "-",
    "—": "-",
    "·": ".",
    "×": "x",
    "≤": "<=",
    "≥": ">=",
    "•": "*",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "\u00a0": " ",
}
"""What stands for a sign that an encoding lacks; any other one is told by its code point."""


class NotWritten(Exception):
    """Standard output takes nothing more; the text is why."""


class _Output(io.FileIO):
    """Standard output; what hinders it is told apart from every other trouble with files."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as cause:
            raise NotWritten(cause.strerror or str(cause)) from cause


def prepare() -> None:
    """Let every text be printed whatever the encoding, and whatever was closed before we began."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, open(nowhere, "w", closefd=False))  # noqa: SIM115 (open as long as the process is)
    codecs.register_error("nxd.signs", _other_sign)
    plain = _plain()
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(_Output(sys.stdout.fileno(), "w", closefd=False)),
        encoding="ascii" if plain else sys.stdout.encoding,
        errors="nxd.signs",
        line_buffering=sys.stdout.isatty(),
        write_through=getattr(sys.stdout, "write_through", False),
    )
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="nxd.signs", encoding="ascii" if plain else None)


def say_beside(text: str, end: str = "\n") -> None:
    """Say something on standard error, after all that was printed before, also where both are one file."""
    sys.stdout.flush()
    print(text, end=end, file=sys.stderr, flush=True)


def _plain() -> bool:
    """Whether only ASCII is wanted. The client, which has the rule, is loaded only where the answer may be yes."""
    if not {"C", "POSIX"} & set(os.environ.values()):
        return False
    from daemon.client.signs import asks_for_ascii

    return asks_for_ascii(os.environ)


def _other_sign(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(SIGNS.get(char) or _code_point(char) for char in lacking), error.end


def _code_point(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def takes_every_sign() -> bool:
    """Whether standard output is written in UTF-8."""
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def reader_left() -> bool:
    """Whether standard output is a pipe that nobody reads any more; seen without writing to it."""
    poll = select.poll()
    try:
        poll.register(sys.stdout.fileno(), 0)
        return any(events & select.POLLERR for _, events in poll.poll(0))
    except (OSError, ValueError):
        return False


def forget() -> None:
    """What waits to be written, and what will be, goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
