"""A captive session, from its first line on: shut in, then one command or the window."""

from __future__ import annotations

import argparse
import ctypes
import os
import resource
import signal
import sys
from pathlib import Path
from typing import NoReturn

from daemon.wire.actor import KEY_VARIABLE
from nxtui.captive import settings as captive_settings
from nxtui.captive.login_key import key_of
from nxtui.captive.settings import BadCaptiveSettings, CaptiveSettings

TERMINALS = (
    *("xterm", "screen", "tmux", "linux", "vt100", "vt220", "rxvt"),
    *("alacritty", "foot", "ghostty", "kitty", "wezterm"),
)
"""Kinds of terminals that are drawn on, each with what follows a hyphen."""
_NO_NEW_PRIVILEGES = 38
"""PR_SET_NO_NEW_PRIVS of prctl(2)."""


def main() -> NoReturn:
    """The entry point of the isolated process."""
    _shut_in()
    try:
        code = _session()
    except Exception as error:
        from nxtui.captive.window import tell_the_host

        print(f"This session met a fault of its own and had to end. {tell_the_host(error)}", file=sys.stderr)
        code = 1
    sys.exit(code)


def _shut_in() -> None:
    """No new privileges, no core dumps, files for nobody else, and no signal of the keyboard that stops or dumps."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    signal.signal(signal.SIGQUIT, signal.SIG_IGN)
    os.chdir("/")


def _session() -> int:
    words = argparse.ArgumentParser(prog="nxtui-captive", description=__doc__, allow_abbrev=False)
    words.add_argument("--settings", type=Path, default=captive_settings.DEFAULT, metavar="FILE")
    try:
        settings = captive_settings.read(words.parse_args().settings)
    except BadCaptiveSettings as cause:
        print(cause, file=sys.stderr)
        return 2
    key = key_of(os.environ.pop("SSH_USER_AUTH", ""))
    if key is not None:
        os.environ[KEY_VARIABLE] = key  # each request names it
    said = os.environ.pop("SSH_ORIGINAL_COMMAND", None)
    return _window(settings) if said is None else _command(said, settings)


def _command(said: str, settings: CaptiveSettings) -> int:
    from nxtui.captive import commands

    try:
        words = commands.words_of(said)
    except commands.NotAllowed as cause:
        print(cause, file=sys.stderr)
        return 2
    commands.run(words, settings.socket)


def _window(settings: CaptiveSettings) -> int:
    kind = os.environ.get("TERM", "")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("The window needs a terminal: ssh -t HOST, or ssh HOST status.", file=sys.stderr)
        return 2
    if kind.partition("-")[0] not in TERMINALS or "/" in kind:
        print(
            f"A terminal of the type {kind[:40]!r} is not drawn on here: ssh HOST status tells.",
            file=sys.stderr,
        )
        return 2
    from nxtui.captive.window import CaptiveNxTui
    from nxtui.main import ascii_only, collect_rarely, show
    from nxtui.terminal import control

    control.end_with(sys.stdin.fileno())
    app = CaptiveNxTui(
        settings, settings.ascii or ascii_only(os.environ), colours=control.colours(os.environ)
    )
    app.after_first_frame = collect_rarely
    return show(app, control.mouse_fits(os.environ))


if __name__ == "__main__":
    main()
