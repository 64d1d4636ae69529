"""Reports belong to a boot: the newest one counts, the end is never lost, and nobody is installed twice by itself."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from pxe.book import BookClosed, Report

SOURCE = "127.35.0.10"
TOKEN = "install-token"


async def boots(bay: Any, read: Any) -> int:
    """The machine fetches its install script and its configuration; the number of its boot."""
    status, script = await bay.script()
    assert status == 200
    given = read(script)
    assert given["nxd_token"] == TOKEN
    _, config = await bay.config(TOKEN)
    assert config["boot"] == int(given["nxd_boot"])
    return int(config["boot"])


async def is_told_to_boot_from_disk(bay: Any, read: Any) -> bool:
    status, script = await bay.script()
    return status == 200 and not read(script)


async def lines(bay: Any, *kinds: str) -> list[str]:
    return [event.message for event in await bay.log() if event.kind in kinds]


@pytest.mark.parametrize("named", [False, True], ids=["stock", "by-its-boot"])
async def test_a_machine_that_lost_its_power_ends_with_a_number_it_used_before(
    bay: Any, read: Any, named: bool
) -> None:
    first = await boots(bay, read)
    assert await bay.say(TOKEN, seq=8, phase=5, **({"boot": first} if named else {})) == 204
    second = await boots(bay, read)
    assert second > first
    assert await bay.say(TOKEN, seq=8, phase=8, **({"boot": second} if named else {})) == 204
    assert await is_told_to_boot_from_disk(bay, read)
    assert bay.node.state == "awaiting_cvm"
    assert "started over: it had been in phase 5" in await lines(bay, "boot")


async def test_an_end_without_a_script_of_this_daemon_counts_as_well(bay: Any, read: Any) -> None:
    await bay.say(TOKEN, seq=8, phase=5)
    await boots(bay, read)
    assert "started over: it had been in phase 5" in await lines(bay, "boot")
    await bay.say(TOKEN, seq=8, phase=8)
    assert await is_told_to_boot_from_disk(bay, read)
    assert bay.node.state == "awaiting_cvm"


async def test_the_furthest_phase_of_the_newest_boot_is_where_the_node_stands(bay: Any, read: Any) -> None:
    first = await boots(bay, read)
    await bay.say(TOKEN, boot=first, seq=90, phase=7)
    second = await boots(bay, read)
    assert bay.node.wait["for"] == "the installer's first report"
    await bay.say(TOKEN, boot=second, seq=5, phase=4, percent=40)
    await bay.say(TOKEN, boot=second, seq=4, phase=3)
    await bay.say(TOKEN, boot=first, seq=91, phase=7, percent=99)
    assert bay.node.wait["evidence"] == "phase 4 of 8: said"
    assert bay.node.wait["progress"] == (3 + 0.4) / 8
    assert "late, of boot 1: phase 7 99%: said" in await lines(bay, "log")


@pytest.mark.parametrize("state", ["before", "after"])
async def test_a_late_error_of_an_older_boot_fails_nobody(bay: Any, read: Any, state: str) -> None:
    first = await boots(bay, read)
    status, script = await bay.script()
    assert status == 200
    second = int(read(script)["nxd_boot"])
    if state == "after":
        await bay.say(TOKEN, boot=second, seq=1, phase=1)
    assert await bay.say(TOKEN, boot=first, seq=9, phase="error", message="no disk") == 204
    assert bay.node.state in ("awaiting_config", "installing")
    assert "late, of boot 1: the installer reports an error: no disk" in await lines(bay, "log")
    await bay.say(TOKEN, boot=second, seq=2, phase=8)
    assert bay.node.state == "awaiting_cvm"


async def test_an_error_before_the_configuration_was_read_fails_the_node_at_once(bay: Any, read: Any) -> None:
    _, script = await bay.script()
    boot = int(read(script)["nxd_boot"])
    assert await bay.say(TOKEN, boot=boot, seq=1, phase="error", message="no memory") == 204
    assert (bay.node.state, bay.node.error["code"]) == ("failed", "install_failed")
    assert "no memory" in bay.node.error["message"]


async def test_an_installer_that_has_its_configuration_from_elsewhere_goes_on(bay: Any, read: Any) -> None:
    await bay.script()
    await bay.say(TOKEN, seq=1, phase=1)
    assert bay.node.state == "awaiting_config"
    await bay.say(TOKEN, seq=2, phase=2)
    assert bay.node.state == "installing"


async def test_after_the_end_nothing_that_is_heard_moves_anything(bay: Any, read: Any) -> None:
    boot = await boots(bay, read)
    await bay.say(TOKEN, boot=boot, seq=9, phase=8)
    for late in (
        {"boot": boot, "seq": 8, "phase": 7},
        {"boot": boot, "seq": 10, "phase": "error"},
        {"seq": 1, "phase": "error"},
        {"boot": boot, "seq": 9, "phase": 8},
    ):
        assert await bay.say(TOKEN, **late) == 204
        assert bay.node.state == "awaiting_cvm"
        assert await is_told_to_boot_from_disk(bay, read)
    assert (await bay.config(TOKEN))[0] == 404


@pytest.mark.parametrize("later", ["at once", "when the node is long past it", "by a boot after it"])
async def test_an_error_that_comes_after_the_end_is_told_as_that_and_alarms_nobody(
    bay: Any, read: Any, later: str
) -> None:
    boot = await boots(bay, read)
    if later == "by a boot after it":
        _, script = await bay.script()
        await bay.say(TOKEN, boot=boot, seq=1, phase=8)
        boot = int(read(script)["nxd_boot"])
    else:
        await bay.say(TOKEN, boot=boot, seq=1, phase=8)
    if later == "when the node is long past it":
        await bay.tell("hold")
    await bay.say(TOKEN, boot=boot, seq=2, phase="error", message="no disk")
    await bay.say(TOKEN, boot=boot, seq=3, phase=4)
    told = {event.message: event.level for event in await bay.log()}
    over = "after the end of the installation, which this does not change: "
    assert told[f"{over}the installer reports an error: no disk"] == "warning"
    assert told[f"{over}phase 4: said"] == "info"
    assert "error" not in told.values()


async def test_an_end_counts_while_no_later_boot_was_heard_of_and_not_once_one_installs(
    bay: Any, read: Any
) -> None:
    first = await boots(bay, read)
    second = await boots(bay, read)
    assert await bay.say(TOKEN, boot=first, seq=20, phase=8) == 204
    assert bay.node.state == "installing"
    assert "late, of boot 1: phase 8: said" in await lines(bay, "log")
    await bay.script()  # asked for, and nothing came of it
    assert await bay.say(TOKEN, boot=second, seq=20, phase=8) == 204
    assert bay.node.state == "awaiting_cvm"
    assert await is_told_to_boot_from_disk(bay, read)


@pytest.mark.parametrize("held", [False, True])
async def test_the_end_of_an_older_boot_is_not_undone_by_the_newer_one(
    bay: Any, read: Any, held: bool
) -> None:
    first = await boots(bay, read)
    _, script = await bay.script()
    second = int(read(script)["nxd_boot"])
    if held:
        await bay.tell("hold")
    await bay.say(TOKEN, boot=first, seq=20, phase=8)
    assert (await bay.config(TOKEN))[0] == 404
    for phase in (1, 2, "error"):
        await bay.say(TOKEN, boot=second, seq=1, phase=phase)
        assert bay.node.state == ("held" if held else "awaiting_cvm")
        assert await is_told_to_boot_from_disk(bay, read)


async def test_an_end_that_comes_among_others_at_once_is_kept(bay: Any, read: Any) -> None:
    boot = await boots(bay, read)
    await bay.tell("hold")
    said = [
        Report("phase", SOURCE, n, phase, None, "said", boot)
        for n, phase in enumerate((5, 6, 8, 7, 7, 6, 5), start=1)
    ]
    await asyncio.gather(*(bay.book.report(bay.book.guest("n01"), report) for report in said))
    assert await is_told_to_boot_from_disk(bay, read)


async def test_a_script_or_configuration_that_was_asked_for_as_the_end_came_is_not_given(
    bay: Any, read: Any
) -> None:
    boot = await boots(bay, read)
    await bay.tell("hold")
    asked = [
        Report("phase", SOURCE, 1, 8, None, "done", boot),
        Report("script_fetched", SOURCE, message="boot", boot=boot + 1),
        Report("document_fetched", SOURCE, message="config"),
    ]
    answers = await asyncio.gather(
        *(bay.book.report(bay.book.guest("n01"), report) for report in asked), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [type(None), BookClosed, BookClosed]
    assert await is_told_to_boot_from_disk(bay, read)


async def test_a_machine_whose_power_is_cycled_gets_nothing_before_it_was_off(bay: Any, read: Any) -> None:
    boot = await boots(bay, read)
    await bay.say(TOKEN, boot=boot, seq=1, phase="error")
    await bay.tell("retry")
    assert bay.node.facts["cycling"] == "off"
    assert (await bay.script())[0] == 404
    assert await bay.say(TOKEN, boot=boot, seq=2, phase=8) == 404
    await bay.wait(60)
    assert bay.node.facts["cycling"] == "on"
    status, script = await bay.script()  # it boots before the cloud says that it runs
    assert (status, read(script)["nxd_boot"]) == (200, str(boot + 1))
    bay.runs()
    await bay.wait(60)
    assert bay.node.state == "awaiting_config"


async def test_a_report_that_was_let_in_before_a_retry_does_not_count_for_what_comes_after_it(
    bay: Any, read: Any
) -> None:
    boot = await boots(bay, read)
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", urlsplit(bay.config_url).port, local_addr=(SOURCE, 0)
    )
    body = json.dumps({"seq": 9, "phase": 8, "message": "done"}).encode()
    head = f"POST /server-status HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode())
    await asyncio.sleep(0.05)
    await bay.say(TOKEN, boot=boot, seq=1, phase="error")
    await bay.tell("retry")
    writer.write(body)
    assert b" 503 " in await reader.readline()
    writer.close()
    assert bay.node.facts["round"] == 2
    await bay.wait(60)
    assert read((await bay.script())[1])["nxd_boot"] == str(boot + 1)


async def test_a_machine_that_is_restarted_to_find_its_controller_vm_boots_from_its_disk(
    bay: Any, read: Any
) -> None:
    boot = await boots(bay, read)
    await bay.say(TOKEN, boot=boot, seq=1, phase=8)
    await bay.tell("hold")
    await bay.tell("retry", step="awaiting_cvm")
    assert (bay.node.state, bay.node.facts["cycling"]) == ("awaiting_cvm", "off")
    assert await is_told_to_boot_from_disk(bay, read)
    await bay.tell("hold")
    assert await is_told_to_boot_from_disk(bay, read)


async def test_a_boot_that_was_never_opened_counts_as_the_newest(bay: Any, read: Any) -> None:
    await boots(bay, read)
    await bay.say(TOKEN, boot=2**53, seq=1, phase=8)
    assert bay.node.state == "awaiting_cvm"


async def test_one_report_is_one_line_however_often_it_comes(bay: Any, read: Any) -> None:
    boot = await boots(bay, read)
    for _ in range(3):
        await bay.say(TOKEN, boot=boot, seq=1, phase=3)
        await bay.say(TOKEN, boot=boot, seq=2, phase=-1, message="a line")
    await bay.say(TOKEN, boot=boot, seq=3, phase=-1, message="a line")
    said = await lines(bay, "boot", "log")
    assert (said.count("phase 3: said"), said.count("a line")) == (1, 2)


async def test_what_was_reported_is_known_to_the_next_daemon(bay: Any, read: Any) -> None:
    boot = await boots(bay, read)
    await bay.say(TOKEN, boot=boot, seq=5, phase=5, percent=60)
    await bay.stop()
    await bay.start()
    assert bay.node.wait["progress"] == (4 + 0.6) / 8
    await bay.say(TOKEN, boot=boot, seq=5, phase=5, percent=60)
    assert (await lines(bay, "boot")).count("phase 5 60%: said") == 1
    assert await boots(bay, read) == boot + 1
    await bay.say(TOKEN, boot=boot + 1, seq=5, phase=8)
    await bay.stop()
    await bay.start()
    assert await is_told_to_boot_from_disk(bay, read)


async def test_the_end_of_a_node_that_was_given_up_is_kept_and_a_retry_takes_it(bay: Any, read: Any) -> None:
    boot = await boots(bay, read)
    await bay.say(TOKEN, boot=boot, seq=1, phase=5)
    await bay.wait(3601)
    assert (bay.node.state, bay.node.error["code"]) == ("failed", "deadline")
    assert (await bay.script())[0] == 404
    assert await bay.say(TOKEN, boot=boot, seq=2, phase=8) == 204
    assert bay.node.state == "failed"
    assert "the machine came to its end after all: a retry goes on with what it installed" in await lines(
        bay, "boot"
    )
    assert await is_told_to_boot_from_disk(bay, read)
    await bay.tell("retry")
    assert (bay.node.state, bay.node.facts["round"]) == ("awaiting_cvm", 1)
    assert await is_told_to_boot_from_disk(bay, read)


async def test_a_node_that_is_held_keeps_what_its_machine_says(bay: Any, read: Any) -> None:
    boot = await boots(bay, read)
    await bay.tell("hold")
    await bay.say(TOKEN, boot=boot, seq=1, phase="error")
    again = await boots(bay, read)
    await bay.say(TOKEN, boot=again, seq=1, phase=8)
    assert bay.node.state == "held"
    assert await is_told_to_boot_from_disk(bay, read)
    await bay.tell("resume")
    assert bay.node.state == "awaiting_cvm"


async def test_a_person_who_wants_it_installed_again_has_it_installed_again(bay: Any, read: Any) -> None:
    boot = await boots(bay, read)
    await bay.say(TOKEN, boot=boot, seq=1, phase=8)
    await bay.tell("hold")
    assert await is_told_to_boot_from_disk(bay, read)
    await bay.tell("retry", step="awaiting_boot")
    assert bay.node.facts["round"] == 2
    assert (await bay.say(TOKEN, boot=boot, seq=1, phase=8)) == 404
