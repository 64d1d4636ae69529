"""A machine that is not given what it asks for: its node says so, where a person looks."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.store.ops import PutSecret


async def token(bay: Any, word: str) -> None:
    """What the script hands the installer; a word with a blank has no place in one."""
    await bay.journal.commit(PutSecret("n01/install_token.1", "bay", bay.box.seal(word)))


@pytest.mark.parametrize("restart", [False, True], ids=["", "restart"])
async def test_a_script_that_cannot_be_made_is_what_the_node_waits_for_until_it_can(
    bay: Any, restart: bool
) -> None:
    bay.runs()
    await token(bay, "not a token")
    for _ in range(3):
        assert (await bay.script())[0] == 500
    wait = bay.node.wait
    assert bay.node.state == "awaiting_boot" and wait["attention"]
    assert "the server is running; The boot script of n01 cannot be made" in wait["evidence"]
    assert 'The value "install_token"' in wait["evidence"]
    assert "start nxd again" in wait["remedies"][0]["text"]
    assert len([one for one in await bay.log() if "waits in vain" in one.message]) == 1
    if restart:
        await bay.stop()
        await bay.start()
        assert "cannot be made" in bay.node.wait["evidence"]
    await token(bay, "install-token")
    assert (await bay.script())[0] == 200
    assert bay.node.state == "awaiting_config"
    assert "cannot be made" not in bay.node.wait["evidence"] and not bay.node.wait["attention"]


async def test_asking_in_vain_is_no_boot(bay: Any, read: Any) -> None:
    await token(bay, "not a token")
    await bay.script()
    await bay.wait(60)
    assert bay.node.state == "awaiting_boot"
    await token(bay, "install-token")
    _, script = await bay.script()
    assert read(script)["nxd_boot"] == "1"
