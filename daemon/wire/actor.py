"""Who asks over the socket: the account, by the kernel's word, and by which key of SSH it was entered."""

from __future__ import annotations

import re

KEY_FIELD = "Login-Key"
"""The field of a request in which a session names the key that opened it."""
KEY_VARIABLE = "NXD_LOGIN_KEY"
"""The variable of the environment by which a session tells the clients it starts."""
_KEY = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")


def is_key(text: str) -> bool:
    """Whether it is the fingerprint of a key, as OpenSSH writes one."""
    return _KEY.fullmatch(text) is not None
