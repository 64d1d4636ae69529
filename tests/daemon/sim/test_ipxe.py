"""Boot scripts run by the rules of iPXE: what fails without an alternative ends the script."""

from __future__ import annotations

import pytest

from daemon.sim.machines.ipxe import FetchError, Outcome, Script


class Bench:
    """Firmware on a work bench: two files, a clock that only counts, a network card that fails as told."""

    def __init__(self, disk: bool = False, dhcp_failures: int = 0) -> None:
        self.settings = {"net0/ip": "10.0.0.5", "net0/mac": "02:00:04:00:c4:6a", "product": "bx 2"}
        self.disk_boots = disk
        self.said: list[str] = []
        self.slept = 0.0
        self.fetched: list[tuple[str, float | None]] = []
        self.texts = {"http://boot/next": "#!ipxe\necho chained\nexit 1\n"}
        self.images = {"http://boot/vmlinuz": 10, "http://boot/initrd": 20}
        self._dhcp_failures = dhcp_failures

    def say(self, text: str) -> None:
        self.said.append(text)

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds

    async def dhcp(self) -> bool:
        self._dhcp_failures -= 1
        return self._dhcp_failures < 0

    async def fetch_text(self, url: str, idle: float | None) -> str:
        if url not in self.texts:
            raise FetchError("HTTP status 404")
        return self.texts[url]

    async def fetch_image(self, url: str, idle: float | None) -> int:
        self.fetched.append((url, idle))
        if url not in self.images:
            raise FetchError("HTTP status 404")
        return self.images[url]


async def run(bench: Bench, *lines: str) -> Outcome:
    return await Script(bench, "\n".join(["#!ipxe", *lines]), "http://boot/script").run()


async def test_a_kernel_boots_with_its_arguments_and_its_initrd() -> None:
    bench = Bench(dhcp_failures=2)
    outcome = await run(
        bench,
        ":retry_dhcp",
        "dhcp || goto retry_dhcp",
        "set base-url http://boot",
        "kernel --timeout 60000 ${base-url}/vmlinuz ip=${net0/ip} mac=${net0/mac:hexhyp} || goto error",
        "initrd initrd || goto error",
        "boot || goto error",
        ":error",
        "shell",
    )
    assert outcome.kind == "boot"
    assert outcome.kernel is not None
    assert outcome.kernel.args == "ip=10.0.0.5 mac=02-00-04-00-c4-6a"
    assert [image.name for image in outcome.initrds] == ["initrd"]
    assert bench.fetched == [("http://boot/vmlinuz", 60.0), ("http://boot/initrd", None)]


async def test_imgargs_replaces_the_arguments_of_the_kernel_line() -> None:
    outcome = await run(Bench(), "kernel vmlinuz console=ttyS0", "imgargs vmlinuz node_id=n1", "boot")
    assert outcome.kernel is not None
    assert outcome.kernel.args == "node_id=n1"


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (["kernel nowhere", "echo unreached"], "failed"),
        (["kernel nowhere || exit"], "exit"),
        (["kernel nowhere || goto no-such-label"], "failed"),
        (["boot"], "failed"),
        (["frobnicate"], "failed"),
        (["frobnicate || shell"], "shell"),
        (["exit 1"], "failed"),
        (["exit"], "exit"),
        ([], "exit"),
        (["# nothing", "echo ok && reboot"], "reboot"),
        (["iseq a b && reboot || poweroff"], "poweroff"),
        (["iseq ${net0/ip} 10.0.0.5 || shell", "isset ${absent} || reboot"], "reboot"),
        (["chain next || shell"], "shell"),
        (["chain nowhere || shell"], "shell"),
        (["sanboot --no-describe --drive 0x80 || exit"], "exit"),
    ],
)
async def test_failing_commands_follow_their_alternatives(lines: list[str], kind: str) -> None:
    bench = Bench()
    assert (await run(bench, *lines)).kind == kind
    assert "unreached" not in bench.said


async def test_a_disk_boots_if_there_is_something_on_it() -> None:
    assert (await run(Bench(disk=True), "sanboot --drive 0x80 || exit")).kind == "disk"


async def test_on_uefi_no_drive_has_a_number() -> None:
    bench = Bench(disk=True)
    bench.settings["platform"] = "efi"
    assert (await run(bench, "sanboot --no-describe --drive 0x80 || exit 1")).kind == "failed"
    assert bench.said == ["Boot from SAN device failed: No such device"]


async def test_a_text_without_its_mark_is_no_script() -> None:
    assert (await Script(Bench(), "echo hello").run()).kind == "failed"


async def test_settings_are_expanded_and_encoded() -> None:
    bench = Bench()
    await run(bench, "set a b", "set b-x ${net0/ip}", "echo ${${a}-x} ${product:uristring} [${absent}]")
    assert bench.said == ["10.0.0.5 bx%202 []"]


async def test_an_endless_loop_takes_time() -> None:
    bench = Bench(dhcp_failures=50)
    await run(bench, ":again", "dhcp || goto again")
    assert bench.slept >= 50


async def test_freed_images_do_not_boot() -> None:
    assert (await run(Bench(), "kernel vmlinuz", "imgfree", "boot || shell")).kind == "shell"
