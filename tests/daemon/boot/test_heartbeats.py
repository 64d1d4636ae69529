"""A machine that says it is alive moves nothing; one that is silent is told of, with since when, and fails nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

TOKEN = "install-token"


def at(bay: Any) -> str:
    return f"{datetime.fromtimestamp(bay.clock.now(), UTC):%H:%M:%S} UTC"


async def installs(bay: Any) -> None:
    """The machine is in phase 4 of its first boot."""
    bay.runs()
    await bay.script()
    await bay.config(TOKEN)
    await bay.say(TOKEN, boot=1, seq=1, phase=4)
    assert bay.node.wait["evidence"] == "phase 4 of 8: said"


async def test_a_heartbeat_is_no_line_of_the_log_and_moves_nothing(bay: Any) -> None:
    await installs(bay)
    before, lines = bay.node, len(await bay.log())
    assert await bay.say(TOKEN, boot=1, seq=2, phase="heartbeat") == 204
    assert (bay.node, len(await bay.log())) == (before, lines)


async def test_a_machine_is_silent_since_its_last_word_and_no_longer_when_it_speaks_again(bay: Any) -> None:
    await installs(bay)
    for seq in range(2, 8):
        await bay.wait(100)
        await bay.say(TOKEN, boot=1, seq=seq, phase="heartbeat")
    assert bay.node.wait["evidence"] == "phase 4 of 8: said"
    since = at(bay)
    await bay.wait(200)
    await bay.wait(100)
    assert bay.node.wait["evidence"] == f"phase 4 of 8: said; silent since {since}"
    assert bay.node.state == "installing"
    await bay.say(TOKEN, boot=1, seq=9, phase="heartbeat")
    await bay.wait(100)
    assert bay.node.wait["evidence"] == "phase 4 of 8: said"


async def test_a_heartbeat_of_an_older_boot_is_nobodys(bay: Any) -> None:
    await installs(bay)
    await bay.script()
    await bay.say(TOKEN, boot=2, seq=1, phase=1)
    await bay.wait(100)
    await bay.say(TOKEN, boot=2, seq=2, phase="heartbeat")
    since = at(bay)
    await bay.wait(50)
    await bay.say(TOKEN, boot=1, seq=5, phase="heartbeat")
    await bay.wait(200)
    assert bay.node.wait["evidence"].endswith(f"silent since {since}")


async def test_the_time_in_which_no_daemon_listened_is_no_silence(bay: Any) -> None:
    await installs(bay)
    await bay.stop()
    bay.clock.advance(900)
    await bay.start()
    await bay.wait(100)
    started = f"{datetime.fromtimestamp(bay.clock.now() - 100, UTC):%H:%M:%S} UTC"
    assert bay.node.wait["evidence"] == "phase 4 of 8: said"
    await bay.wait(150)
    assert bay.node.wait["evidence"] == f"phase 4 of 8: said; silent since nxd started at {started}"
