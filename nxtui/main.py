"""The command ``nxtui``: find the daemon's socket, make sure there is a terminal, open the window."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daemon.display.encodings import SETTINGS_LIMIT, NotText, text_in
from nxtui.terminal import control as terminal

if TYPE_CHECKING:
    from nxtui.app import NxTui

DEFAULT_SOCKET = Path("/run/nxd/nxd.sock")
THEME_NAMES = ("dark", "light", "contrast")
DEFAULT_CONFIG = Path("/etc/nxd/nxd.yaml")


class BadSettings(Exception):
    """The settings file cannot be used; the text is one sentence for a person."""


def parser() -> argparse.ArgumentParser:
    """What the command line takes."""
    made = argparse.ArgumentParser(
        prog="nxtui",
        description="The terminal window on nxd: what is being deployed, what failed, what to press.",
    )
    made.add_argument("--socket", type=Path, metavar="PATH", help="the daemon's socket")
    made.add_argument("--config", type=Path, metavar="FILE", help="the nxd.yaml that names the socket")
    made.add_argument("--read-only", action="store_true", help="look, but change nothing")
    made.add_argument(
        "--no-mouse", action="store_true", help="leave the mouse to the terminal, to select text"
    )
    made.add_argument("--ascii", action="store_true", help="draw with plain ASCII signs")
    made.add_argument("--theme", choices=THEME_NAMES, help="the colours")
    made.add_argument("--no-news", action="store_true", help="no message when something fails or is done")
    made.add_argument("--no-bell", action="store_true", help="no bell")
    made.add_argument("--no-desktop", action="store_true", help="no desktop notification")
    made.add_argument("--replay", type=Path, metavar="FILE", help="play a recorded deployment back")
    made.add_argument("--serve", action="store_true", help="open it in a browser of this machine")
    made.add_argument("--port", type=_port, default=8099, metavar="N", help="the port of --serve [8099]")
    return made


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and 0 < int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 65535.")
    return int(text)


def find_socket(socket: Path | None, config: Path | None, environment: Mapping[str, str]) -> Path:
    """The socket that was named: by option, by ``$NXD_SOCKET``, by the settings file, else the usual one.

    Raises BadSettings if the settings file was named and cannot be read, or is no YAML mapping.
    """
    if socket is not None:
        return socket
    if environment.get("NXD_SOCKET"):
        return Path(environment["NXD_SOCKET"])
    named = config or (Path(environment["NXD_CONFIG"]) if environment.get("NXD_CONFIG") else None)
    if named is None and not DEFAULT_CONFIG.is_file():
        return DEFAULT_SOCKET
    return _socket_in(named or DEFAULT_CONFIG)


def _socket_in(file: Path) -> Path:
    import yaml

    try:
        settings = yaml.safe_load(text_in(file, SETTINGS_LIMIT, "settings")) or {}
    except NotText as cause:
        raise BadSettings(f"The settings file {file} {cause}") from cause
    except OSError as cause:
        raise BadSettings(f"The settings {file} cannot be read ({cause.strerror}).") from cause
    except yaml.YAMLError as cause:
        raise BadSettings(f"The settings {file} are not YAML; `nxd status` shows where.") from cause
    if not isinstance(settings, dict):
        raise BadSettings(f"The settings {file} are not a list of keys and values.")
    return Path(settings.get("socket") or DEFAULT_SOCKET)


def why_no_window(environment: Mapping[str, str]) -> str | None:
    """Why this is no terminal to draw on, with what to use instead; None if it is one."""
    if environment.get("TEXTUAL_DRIVER"):
        return None
    instead = "use `nxd status` for the state and `nxd events` to follow it."
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return f"nxtui draws on a terminal and this is none: {instead}"
    if environment.get("TERM", "") in ("", "dumb"):
        return (
            f"nxtui cannot draw on a terminal of the type {environment.get('TERM') or 'unknown'!r}: {instead}"
        )
    return None


def ascii_only(environment: Mapping[str, str]) -> bool:
    """Whether this terminal has no more than ASCII signs."""
    from daemon.client.signs import asks_for_ascii

    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    return encoding != "utf8" or environment.get("TERM") == "linux" or asks_for_ascii(environment)


def collect_rarely() -> None:
    """Look for garbage rarely, and never among what was made until now: that lives as long as the window, and
    log lines by the thousand are none either. Each look costs a stutter."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


def run(
    socket: Path,
    read_only: bool = False,
    mouse: bool = True,
    ascii_signs: bool = False,
    replay: Path | None = None,
    **wanted: Any,
) -> int:
    """Open the window and stay until a person leaves it; returns the exit code.

    ``wanted`` are preferences that the command line gives (see ``nxtui.preferences``).
    """
    if reason := why_no_window(os.environ):
        print(reason, file=sys.stderr)
        return 2
    if sys.stdin.isatty():
        terminal.end_with(sys.stdin.fileno())
    gc.disable()
    from nxtui import preferences
    from nxtui.acts import keymap

    chosen = preferences.over(preferences.load(os.environ, THEME_NAMES), **wanted)
    recording = None
    if replay is not None:
        from nxtui.model.recording import BadRecording, load

        try:
            recording = load(replay)
        except BadRecording as cause:
            print(cause, file=sys.stderr)
            return 2
    from nxtui.app import NxTui

    app = NxTui(
        socket,
        read_only=read_only,
        ascii_only=ascii_signs or chosen.ascii or ascii_only(os.environ),
        preferences=chosen,
        keymap=keymap.load(os.environ),
        recording=recording,
        colours=terminal.colours(os.environ),
    )
    app.after_first_frame = collect_rarely
    return show(app, mouse and (terminal.mouse_fits(os.environ) if chosen.mouse is None else chosen.mouse))


def show(app: NxTui, mouse: bool) -> int:
    """Show the window until it ends; returns the exit code. What the terminal itself refuses is said too."""
    try:
        app.run(mouse=mouse)
    except Exception as error:
        from nxtui.faults import farewell

        print(farewell(error, app.keep), file=sys.stderr)
        return 1
    return app.return_code or 0


def serve_in_browser(arguments: Sequence[str], port: int) -> int:
    """Serve the same window to a browser; returns the exit code."""
    from nxtui.terminal.serve import NoBrowserMode, serve

    try:
        serve([word for word in arguments if word != "--serve"], port)
    except NoBrowserMode as cause:
        print(cause, file=sys.stderr)
        return 2
    except OSError as cause:
        print(
            f"Port {port} cannot be used ({cause.strerror}): name another one with --port.", file=sys.stderr
        )
        return 2
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The entry point."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    given = parser().parse_args(words)
    if given.serve:
        return serve_in_browser(words, given.port)
    try:
        socket = find_socket(given.socket, given.config, os.environ)
    except BadSettings as cause:
        print(cause, file=sys.stderr)
        return 2
    return run(
        socket,
        given.read_only,
        not given.no_mouse,
        given.ascii,
        given.replay,
        theme=given.theme,
        news=False if given.no_news else None,
        bell=False if given.no_bell else None,
        desktop=False if given.no_desktop else None,
    )


if __name__ == "__main__":
    sys.exit(main())
