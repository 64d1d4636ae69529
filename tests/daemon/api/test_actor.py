"""Who asked stands in the log: the account, with the key of SSH that opened the session."""

from __future__ import annotations

import os
import pwd
from typing import Any

import pytest

from daemon.wire.actor import KEY_FIELD

ME = pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.parametrize(
    ("said", "actor"),
    [
        (f"SHA256:{'Qm' * 21}0", f"{ME} (SHA256:{'Qm' * 21}0)"),
        *((strange, ME) for strange in ("root", "SHA256:x", f"SHA256:{'x' * 44}", f"MD5:{'x' * 43}", "")),
    ],
)
async def test_the_actor_is_the_account_with_the_key_that_its_session_names(
    house: Any, failed: Any, door: Any, said: str, actor: str
) -> None:
    body = {"verb": "retry", "target": "node01", "meant": True}
    answer = await door.raw.post("/v1/verbs", json=body, headers={KEY_FIELD: said})
    assert answer.status_code == 200, answer.text
    (asked,) = await house.log(kind="verb")
    assert asked.actor == actor
