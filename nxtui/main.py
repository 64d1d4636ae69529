"""The command ``nxtui``: find the daemon's socket, make sure there is a terminal, open the window."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

DEFAULT_SOCKET = Path("/run/nxd/nxd.sock")
DEFAULT_CONFIG = Path("/etc/nxd/nxd.yaml")


class BadSettings(Exception):
    """The settings file cannot be used; the text is one sentence for a person."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nxtui",
        description="The terminal window on nxd: what is being deployed, what failed, what to press.",
    )
    parser.add_argument("--socket", type=Path, metavar="PATH", help="the daemon's socket")
    parser.add_argument("--config", type=Path, metavar="FILE", help="the nxd.yaml that names the socket")
    parser.add_argument("--read-only", action="store_true", help="look, but change nothing")
    parser.add_argument(
        "--no-mouse", action="store_true", help="leave the mouse to the terminal, to select text"
    )
    parser.add_argument("--ascii", action="store_true", help="draw with plain ASCII signs")
    return parser


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
        settings = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except OSError as cause:
        raise BadSettings(f"The settings {file} cannot be read ({cause.strerror}).") from cause
    except (yaml.YAMLError, UnicodeDecodeError) as cause:
        raise BadSettings(f"The settings {file} are not YAML; `nxd doctor` shows where.") from cause
    if not isinstance(settings, dict):
        raise BadSettings(f"The settings {file} are not a list of keys and values.")
    return Path(settings.get("socket") or DEFAULT_SOCKET)


def why_no_window(environment: Mapping[str, str]) -> str | None:
    """Why this is no terminal to draw on, with what to use instead; None if it is one."""
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
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    return encoding != "utf8" or environment.get("TERM") == "linux"


def run(socket: Path, read_only: bool = False, mouse: bool = True, ascii_signs: bool = False) -> int:
    """Open the window and stay until a person leaves it; returns the exit code."""
    if reason := why_no_window(os.environ):
        print(reason, file=sys.stderr)
        return 2
    from nxtui.app import NxTui

    app = NxTui(socket, read_only=read_only, ascii_only=ascii_signs or ascii_only(os.environ))
    app.run(mouse=mouse)
    return app.return_code or 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The entry point."""
    given = _parser().parse_args(arguments)
    try:
        socket = find_socket(given.socket, given.config, os.environ)
    except BadSettings as cause:
        print(cause, file=sys.stderr)
        return 2
    return run(socket, given.read_only, not given.no_mouse, given.ascii)


if __name__ == "__main__":
    sys.exit(main())
