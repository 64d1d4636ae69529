"""The agent, run by the shells that it may meet, against the real boot server: it reports, looks, and hands over."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from pxe.agent.archive import agent_initrd
from pxe.book import BookClosed, Document, Guest, Report
from tests.pxe.agent_root import HERE, MAC, NEEDS, AgentRoot, kernel_arguments, put, unpacked
from tests.pxe.conftest import KERNEL, RecordingBook, a_guest

pytestmark = pytest.mark.e2e

SHELLS = [shell for shell in ("dash", "busybox") if shutil.which(shell)]
asking = pytest.mark.parametrize("shell", [*SHELLS, *(["wget"] if shutil.which("wget") else [])])
"""Whatever the agent asks with: curl, which dash finds, the wget of busybox, and GNU's."""
CONFIG = {
    "node_id": "lab-node01",
    "boot": 3,
    "node_config": {"node_name": 'the "first" one\'s', "cvm_ip": "10.240.0.101"},
    "hardware_config": NEEDS,
}


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def book() -> SlowBook:
    return SlowBook(a_guest(source=HERE, documents={"config": document(CONFIG)}))


class SlowBook(RecordingBook):
    """Cannot take anything down at some of the first times."""

    def __init__(self, guest: Guest) -> None:
        super().__init__(guest)
        self.closed_for: list[int] = []
        self._asked = 0

    async def report(self, guest: Guest, report: Report) -> None:
        self._asked += 1
        if self._asked in self.closed_for:
            raise BookClosed
        await super().report(guest, report)


def document(config: Any) -> Document:
    return Document(lambda: json.dumps(config), "application/json")


Make = Callable[..., AgentRoot]


@pytest.fixture
def make(tmp_path: Path, shell: str, server: Any) -> Make:
    """Makes a machine that boots from the server."""

    def one(**changes: str) -> AgentRoot:
        arguments = kernel_arguments(f"http://{HERE}:{server.config_port}", **changes)
        return AgentRoot(tmp_path / "machine", shell, arguments)

    return one


def said(book: RecordingBook) -> list[tuple[str, int | None, str]]:
    return [(report.kind, report.phase, report.message) for _, report in book.reports]


@asking
async def test_a_machine_that_is_as_it_has_to_be_is_handed_over_after_its_third_phase(
    make: Make, book: RecordingBook
) -> None:
    machine = make()
    machine.has_disk("nvme1n1", 960, partitions=3)
    status, console = await machine.run("agent")
    assert (status, book.refusals) == (0, []), console
    disks = "nvme0n1 960 GB, nvme1n1 960 GB (with 3 partitions, which an installation overwrites)"
    assert said(book) == [
        ("phase", 1, "Installer started"),
        ("document_fetched", None, "config"),
        ("phase", 2, "Configuration read"),
        ("log", None, f"disks: {disks}, nvme2n1 3200 GB, nvme3n1 3200 GB"),
        ("log", None, f"network cards: eth0 {MAC} (link)"),
        ("log", None, "memory: 380 GiB"),
        ("log", None, "virtualization: VT-x (vmx)"),
        ("phase", 3, "Hardware checked"),
    ]
    told = [report for _, report in book.reports if report.seq]
    assert [report.seq for report in told] == list(range(1, 8))
    assert {report.boot for report in told} == {3}
    assert json.loads(machine.kept("config.json")) == CONFIG
    shown = machine.environment("$NXD_NODE_CONFIG_NODE_NAME|$node_id|$nxd_boot")
    assert shown == 'the "first" one\'s|lab-node01|3\n'


WRONG: list[Any] = [
    pytest.param(lambda m: shutil.rmtree(m.root / "sys/block/nvme2n1"), "the data drive /dev/nvme2n1 is not there: "
                 "this machine has nvme0n1 960 GB, nvme1n1 960 GB, nvme3n1 3200 GB", id="missing"),
    pytest.param(lambda m: m.has_disk("nvme0n1", 16), "the boot drive /dev/nvme0n1 has 16 GB, and 32 are needed",
                 id="small"),
    pytest.param(lambda m: put(m.has_disk("nvme0n1", 960) / "ro", "1\n"), "the boot drive /dev/nvme0n1 is read-only",
                 id="read-only"),
    pytest.param(lambda m: (m.has_disk("nvme3n1", 3200) / "holders" / "md127").mkdir(),
                 "the data drive /dev/nvme3n1 is in use by md127", id="held"),
    pytest.param(lambda m: put(m.root / "proc/mounts", "/dev/nvme0n1p2 /mnt ext4 rw 0 0\n"),
                 "the boot drive /dev/nvme0n1 is in use: /dev/nvme0n1p2 is mounted at /mnt", id="mounted"),
    pytest.param(lambda m: put(m.root / "proc/meminfo", "MemTotal: 16384000 kB\n"),
                 "it has 16000 MiB of memory, and 32 GiB are needed", id="memory"),
    pytest.param(lambda m: m.has_processor("fpu sse2"), "the processor offers neither VT-x (vmx) nor AMD-V (svm): "
                 "switch virtualization on in its firmware", id="virtualization"),
    pytest.param(lambda m: put(m.root / "sys/class/net/eth0/address", "52:54:00:99:99:99\n"),
                 f"the network card {MAC}, which it booted from, is not seen: this machine has eth0 "
                 "52:54:00:99:99:99 (link)", id="card"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "reason"), WRONG)
async def test_a_machine_that_is_not_as_it_has_to_be_says_so_and_is_not_handed_over(
    spoil: Callable[[AgentRoot], object], reason: str, make: Make, book: RecordingBook
) -> None:
    machine = make()
    spoil(machine)
    status, console = await machine.run("agent")
    assert status == 1, console
    assert said(book)[-1] == ("install_error", None, reason)
    assert 3 not in [phase for _, phase, _ in said(book)]


async def test_everything_that_is_wrong_is_said_at_once(make: Make, book: RecordingBook) -> None:
    machine = make()
    machine.has_disk("nvme0n1", 16)
    machine.has_processor("fpu")
    await machine.run("agent")
    assert "has 16 GB" in said(book)[-1][2] and "; the processor offers neither" in said(book)[-1][2]


@asking
async def test_a_server_that_does_not_answer_is_asked_again_until_it_does(make: Make, book: SlowBook) -> None:
    book.closed_for = [1, 2, 5]
    status, console = await make().run("agent")
    assert status == 0
    assert console.count("is not taken: ") + console.count("no configuration yet") == 3
    assert [report.seq for _, report in book.reports if report.seq] == list(range(1, 8))


async def test_an_installer_reports_through_the_agent_and_reboots_when_it_is_taken(
    make: Make, book: RecordingBook
) -> None:
    machine = make()
    assert (await machine.run("agent"))[0] == 0
    book.reports.clear()
    assert (await machine.run("report", "4", "Packages downloaded", "50"))[0] == 0
    assert (await machine.run("report", "log", 'a "quoted" \\ line\nwith ünicode'))[0] == 0
    ((_, phase), (_, log)) = book.reports
    assert (phase.kind, phase.seq, phase.phase, phase.percent, phase.boot) == ("phase", 8, 4, 50.0, 3)
    assert (log.kind, log.seq, log.message) == ("log", 9, 'a "quoted" \\ line with ??nicode')
    assert (await machine.run("report", "what"))[0] == 2


@asking
async def test_a_report_that_makes_no_sense_is_left_out_and_not_repeated_for_ever(
    make: Make, book: RecordingBook
) -> None:
    machine = make()
    await machine.run("agent")
    status, console = await machine.run("report", "99", "?")
    assert status == 1 and "makes no sense to nxd and is left out" in console


async def test_an_installer_that_fails_is_an_error_with_the_last_lines_that_it_said(
    make: Make, book: RecordingBook
) -> None:
    machine = make()
    await machine.run("agent")
    book.reports.clear()
    script = put(
        machine.root / "installer", "for n in $(seq 30); do echo line $n; done; echo disk broke >&2; exit 7\n"
    )
    status, console = await machine.run("run", "sh", str(script))
    assert status == 7 and "line 1\n" in console, console
    lines = [("log", None, f"line {number}") for number in range(12, 31)]
    error = ("install_error", None, "the installer ended with the status 7")
    assert said(book) == [*lines, ("log", None, "disk broke"), error]


async def test_a_heartbeat_says_that_the_machine_is_alive(make: Make, book: RecordingBook) -> None:
    machine = make()
    await machine.run("agent")
    book.reports.clear()
    with pytest.raises(TimeoutError):
        await machine.run("heartbeat", seconds=3, NXD_HEARTBEAT="0.5")
    assert len(book.reports) >= 2
    assert {(report.kind, report.boot) for _, report in book.reports} == {("heartbeat", 3)}


@asking
async def test_what_is_downloaded_has_the_checksum_that_nxd_pinned(
    make: Make, server: Any, book: Any
) -> None:
    machine = make()
    await machine.run("agent")
    target = machine.root / "kernel"
    url = f"http://{HERE}:{server.boot_port}/pxe/images/vmlinuz-foundation"
    assert (await machine.run("fetch", url, str(target)))[0] == 0
    assert target.read_bytes() == KERNEL
    pinned = hashlib.sha256(KERNEL).hexdigest()
    assert (await machine.run("fetch", url, str(target), pinned))[0] == 0
    status, console = await machine.run("fetch", url, str(target), "0" * 64)
    assert status == 1 and f"has the checksum {pinned} and not {'0' * 64}" in console


@asking
async def test_a_download_in_which_nothing_comes_any_more_is_ended_and_begun_again(
    make: Make, book: Any
) -> None:
    machine, asked = make(), 0
    await machine.run("agent")
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(KERNEL)}\r\nConnection: close\r\n\r\n".encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + KERNEL[:9000] if asked == 1 else head + KERNEL)
        await writer.drain()
        if asked == 1:
            await reader.read()  # until the other side has had enough
        writer.close()

    async with await asyncio.start_server(answer, HERE, 0) as stalling:
        url = f"http://{HERE}:{stalling.sockets[0].getsockname()[1]}/kernel"
        target, pinned = machine.root / "kernel", hashlib.sha256(KERNEL).hexdigest()
        status, console = await machine.run("fetch", url, str(target), pinned, NXD_STALLED_SECONDS="2")
    assert (status, asked, target.read_bytes() == KERNEL) == (0, 2, True), console


async def test_what_is_written_is_read_back(make: Make, tmp_path: Path) -> None:
    machine = make()
    await machine.run("agent")
    source, disk = tmp_path / "source", tmp_path / "disk"
    source.write_bytes(KERNEL + b"odd")
    disk.write_bytes(bytes(4 << 20))
    assert (await machine.run("write", str(source), str(disk), "1"))[0] == 0
    assert disk.read_bytes()[1 << 20 :].startswith(KERNEL + b"odd\0")
    status, console = await machine.run("write", str(source), "/dev/full", "0")
    assert status == 1 and "/dev/full cannot be written" in console
    status, console = await machine.run("write", str(source), "/dev/null", "0")
    assert status == 1, "it took every byte, and holds none"


HANDED = 'echo "init of the vendor: $*"; "$NXD_ROOT/nxd/report" 4 "Packages downloaded"\n'


async def test_the_first_program_becomes_the_installers_own_with_the_arguments_of_the_kernel(
    make: Make, book: RecordingBook
) -> None:
    machine = make()
    put(machine.root / "init", f"#!/bin/sh\n{HANDED}", 0o755)
    status, console = await machine.run("init", "quiet", "splash")
    assert status == 0 and "init of the vendor: quiet splash" in console, console
    assert said(book)[-2:] == [("phase", 3, "Hardware checked"), ("phase", 4, "Packages downloaded")]


async def test_another_program_can_be_named_to_hand_over_to(make: Make, book: RecordingBook) -> None:
    machine = make(nxd_handover="/ce_installer")
    for name in ("init", "ce_installer"):
        put(machine.root / name, f"#!/bin/sh\necho this is {name}\n", 0o755)
    _, console = await machine.run("init")
    assert "this is ce_installer" in console and "this is init" not in console


async def test_an_installer_is_not_stopped_by_an_initrd_in_which_the_agent_cannot_work(
    make: Make, book: RecordingBook
) -> None:
    machine = make(nxd_token="")
    put(machine.root / "init", "#!/bin/sh\necho this is init\n", 0o755)
    _, console = await machine.run("init")
    assert "the kernel arguments lack nxd_token: handing over without" in console
    assert console.endswith("this is init\n")
    assert book.reports == []


STRANGE: list[Any] = [
    pytest.param("<html>log in first</html>\n", id="another page"),
    pytest.param("NXD_NODE_ID='x'\n", id="cut short"),
    pytest.param("NXD_NODE_ID=$(touch $NXD_ROOT/was-here)\nNXD_END='yes'\n", id="a command"),
    pytest.param(
        "NXD_NODE_ID='x';touch $NXD_ROOT/was-here;'x'\nNXD_END='yes'\n", id="a command between quotes"
    ),
    pytest.param("NXD_A='x'\\''';touch $NXD_ROOT/was-here;'\nNXD_END='yes'\n", id="a command behind a quote"),
    pytest.param("PATH='/tmp'\nNXD_END='yes'\n", id="another name"),
    pytest.param("NXD_CONFIG='{}'\nNXD_CONFIG_SHA256='0'\nNXD_END='yes'\n", id="altered"),
]


@pytest.mark.parametrize("text", STRANGE)
async def test_what_is_no_whole_configuration_is_never_run(
    text: str, make: Make, book: RecordingBook
) -> None:
    book.known = a_guest(source=HERE, documents={"config": Document(lambda: text, "text/plain")})
    machine = make()
    with pytest.raises(TimeoutError):
        await machine.run("agent", seconds=2)
    assert "what was received is not a configuration of nxd, or was cut short" in machine.kept("log")
    assert not machine.has("was-here")
    assert 2 not in [phase for _, phase, _ in said(book)]


def test_the_kernel_and_cpio_read_the_archive_and_its_bytes_are_always_the_same(tmp_path: Path) -> None:
    names = [name for name, _, _ in unpacked(agent_initrd().content)]
    assert names[0] == "nxd" and "nxd/init" in names
    assert {mode for name, mode, _ in unpacked(agent_initrd().content) if name == "nxd/init"} == {0o100755}
    agent_initrd.cache_clear()
    assert agent_initrd().sha256 == hashlib.sha256(agent_initrd().content).hexdigest()
    if cpio := shutil.which("busybox"):
        packed = gzip.decompress(agent_initrd().content)
        listed = subprocess.run([cpio, "cpio", "-t"], input=packed, capture_output=True, check=True).stdout
        assert listed.decode().split() == names


async def test_the_agent_is_served_to_a_machine_that_installs_and_to_nobody_else(
    server: Any, book: RecordingBook, serve: Callable[..., Awaitable[Any]]
) -> None:
    answer = await server.ask("/pxe/nxd-agent.img", source=HERE)
    assert (answer.status, answer.body) == (200, agent_initrd().content)
    assert answer.headers["Etag"] == f'"{agent_initrd().sha256}"'
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert said(book) == [("image_fetched", None, "nxd-agent.img")]
    assert (await server.ask("/pxe/nxd-agent.img", source="127.33.0.66")).status == 404
    book.known = a_guest(source=HERE, stage="installed")
    assert (await server.ask("/pxe/nxd-agent.img", source=HERE)).status == 404


def test_shellcheck_finds_nothing() -> None:
    root, program = Path(__file__).parents[2], Path(sys.executable).with_name("shellcheck")
    scripts = sorted(str(path) for path in (root / "pxe" / "agent").glob("*.sh"))
    command = [program, "-x", "-s", "sh", *scripts]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stdout
