"""The command ``nxtui-captive``: the shell of an SSH account that may run clusters and do nothing else.

It starts itself anew at once, unless it was started so: isolated from whatever the person who logs in may have set or
written. Python reads no variable and no directory of theirs and writes nothing, and of the environment only what
describes the terminal and the login is left.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

_KEPT = ("TERM", "COLORTERM", "LANG", "SSH_CONNECTION", "SSH_ORIGINAL_COMMAND", "SSH_USER_AUTH")
"""What is taken over from the login, beside ``LC_*``."""
_FIXED = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}


def reduced(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of the session: what describes the terminal and the login, and nothing that a program obeys."""
    kept = {name: value for name, value in environment.items() if name in _KEPT or name.startswith("LC_")}
    return {**kept, **_FIXED}


def main() -> None:
    """The entry point. It takes the words that stand in sshd's configuration: ``--settings FILE``, or none. A Python
    that is isolated already (``python -IB nxtui-captive``) goes on as it is."""
    if sys.flags.isolated and sys.flags.dont_write_bytecode:
        kept = reduced(os.environ)
        os.environ.clear()
        os.environ.update(kept)
        from nxtui.captive import session as isolated

        isolated.main()
    session = [sys.executable, "-I", "-B", "-m", "nxtui.captive.session", *sys.argv[1:]]
    os.execve(session[0], session, reduced(os.environ))


if __name__ == "__main__":
    main()
