"""Whatever a machine boots, says, loses and repeats, in whatever order: the end is kept, and installed is installed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from daemon.sim.machines.installer_run import InstallerRun

TOKEN = "install-token"
LAST = 8
BEFORE = ("awaiting_boot", "awaiting_config", "installing")

fates = st.sampled_from(["arrives", "arrives", "twice", "late", "lost"])
phases = st.one_of(st.integers(1, LAST), st.just(LAST), st.sampled_from(["error", -1]))
acts = st.lists(
    st.one_of(
        st.just(("boot",)),
        st.just(("config",)),
        st.tuples(st.just("say"), phases, fates),
        st.tuples(st.just("deliver"), st.integers(0, 5)),
        st.tuples(st.just("repeat"), st.integers(0, 5)),
        st.just(("restart",)),
    ),
    min_size=3,
    max_size=14,
)


class Machine:
    """A machine before the boot server, and what must be true of its node by all that was acknowledged."""

    def __init__(self, bay: Any, read: Any, named: bool) -> None:
        self._bay = bay
        self._read = read
        self._named = named
        self._boot = 0
        """The boot in whose installer it is."""
        self._seq = 0
        self._newest = 0
        self._heard = 0
        self._furthest = 0
        self._late: list[dict[str, Any]] = []
        self._sent: list[dict[str, Any]] = []
        self.ended = False
        self.failed = False
        self.installs = 0

    async def boot(self) -> None:
        """The power comes, again or for the first time."""
        status, script = await self._bay.script()
        given = self._read(script)
        expected = (200, "disk") if self.ended else (404, "disk") if self.failed else (200, "installer")
        assert (status, "installer" if given else "disk") == expected
        if given:
            assert int(given["nxd_boot"]) > self._newest
            self._boot = self._newest = int(given["nxd_boot"])
            self._seq = self._furthest = 0
            self.installs += 1

    async def config(self) -> None:
        status, config = await self._bay.config(TOKEN)
        assert status == (404 if self.ended or self.failed else 200)
        if config is not None:
            assert config["boot"] == self._newest
            self._heard = self._newest

    async def say(self, phase: int | str, delivery: str, **more: Any) -> None:
        """The installer numbers a report; what becomes of it on the way is its fate."""
        self._seq += 1
        report = {"seq": self._seq, "phase": phase, **more}
        if self._named:
            report["boot"] = self._boot
        if delivery == "late":
            self._late.append(report)
        elif delivery != "lost":
            for _ in range(2 if delivery == "twice" else 1):
                await self._post(report)

    async def deliver(self, which: int) -> None:
        """A report that was under way arrives."""
        if self._late:
            await self._post(self._late.pop(which % len(self._late)))

    async def repeat(self, which: int) -> None:
        """A report that arrived comes again, for its answer was lost."""
        if self._sent:
            await self._post(self._sent[which % len(self._sent)])

    async def restart(self) -> None:
        """The daemon dies, and another one takes up its store."""
        await self._bay.stop()
        await self._bay.start()

    async def _post(self, report: dict[str, Any]) -> None:
        assert await self._bay.say(TOKEN, **report) == 204
        self._sent.append(report)
        boot, phase = report.get("boot", self._newest), report["phase"]
        if self.ended or phase == -1:
            return
        if phase == "error":
            self.failed = self.failed or boot == self._newest
        elif phase == LAST:
            self.ended = boot >= self._heard
        elif boot == self._newest:
            self._furthest = max(self._furthest, phase)
        if boot == self._newest:
            self._heard = boot

    def check(self) -> None:
        """The node stands where it has to."""
        node = self._bay.node
        if self.failed:
            assert (node.state, node.error["code"]) == ("failed", "install_failed")
        elif self.ended:
            assert node.state == "awaiting_cvm"
        else:
            assert node.state in BEFORE
        if node.state == "installing" and self._furthest:
            assert node.wait["evidence"].startswith(f"phase {self._furthest} of")


def play(build: Any, read: Any, named: bool, plan: Sequence[Any]) -> None:
    async def run() -> None:
        async with build() as bay:
            machine = Machine(bay, read, named)
            for act, *more in (("boot",), *plan, ("boot",)):
                await getattr(machine, act)(*more)
                machine.check()

    asyncio.run(run())


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(named=st.booleans(), plan=acts)
@example(
    True, [("say", 8, "late"), ("boot",), ("deliver", 0), ("say", 1, "arrives"), ("say", "error", "arrives")]
)
@example(False, [("say", 5, "arrives"), ("boot",), ("config",), ("say", 8, "arrives")])
def test_no_sequence_loses_the_end_or_installs_a_machine_that_reported_it(
    build: Any, read: Any, named: bool, plan: Sequence[Any]
) -> None:
    play(build, read, named, plan)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), named=st.booleans(), losses=st.lists(st.integers(1, 45), max_size=3))
def test_an_erratic_installer_that_loses_its_power_again_and_again_comes_to_one_end(
    build: Any, read: Any, seed: int, named: bool, losses: list[int]
) -> None:
    """The simulator's own runs, each another one, each cut at some report; the last one goes through."""

    async def run() -> None:
        async with build() as bay:
            machine = Machine(bay, read, named)
            for number, cut in enumerate([*losses, None], start=1):
                await one_run(machine, InstallerRun(seed, "m", number, "erratic"), cut)
            assert machine.ended and not machine.failed
            for _ in range(30):
                await machine.deliver(0)
            await machine.boot()
            machine.check()
            assert machine.installs <= len(losses) + 1

    asyncio.run(run())


async def one_run(machine: Machine, manner: InstallerRun, cut: int | None) -> None:
    """One power-on, until the report with the number ``cut``, or to its end."""
    await machine.boot()
    if machine.ended:
        return
    said = 0
    for phase in range(1, LAST + 1):
        if phase == 2:
            await machine.config()
        percents = manner.percents() if phase in (4, 5, 6) else (None,)
        words: list[tuple[int, Any]] = [(-1, None)] * len(manner.lines(phase))
        for about, percent in [*words, *((phase, percent) for percent in percents)]:
            said += 1
            if said == cut:
                return
            delivery = manner.delivery(about == LAST)
            word = "late" if delivery.late else "twice" if delivery.twice else "arrives"
            await machine.say(about, word, percent=percent)
            if said % 3 == 0:
                await machine.deliver(said)
            machine.check()
