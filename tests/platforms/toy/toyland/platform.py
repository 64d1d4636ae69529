"""Rows of boxes on a shelf: what each step does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from daemon.clock import Clock
from daemon.engine.context import Step, StepContext
from daemon.engine.effects import Effect
from daemon.engine.objects import Disposal, Found, Want
from daemon.errors.tree import NxdError
from daemon.life import gate, installs, join, release, undo
from daemon.life.members import FORMED
from daemon.life.replacing import GENERATION, UNWANTED, Changes, generation_of
from daemon.life.vetoes import Vetoes
from daemon.memory.looks import Looks
from daemon.memory.mirror import Mirror
from daemon.platforms.base import Check, Climb, Finding, Picture, Planned, Platform, Seed, Seen, Shown, Sign
from daemon.settings.reading import Settings
from daemon.store.ops import Resource
from pxe.book import Guest
from pxe.identity import plain_mac
from state_machines.outcome import Done, Outcome, Problem, Wait
from state_machines.record import Record
from toyland import exchange, machine, tables
from toyland.shelf import Shelf

POLL = 0.5
VETOES = Vetoes(tables.NODE, tables.CLUSTER, waits=("gathering", "lining_up"), member="box")


class Toyland(Platform):
    """The platform of the name `toyland`."""

    node = tables.NODE
    cluster = tables.CLUSTER

    def __init__(self, shelf: Shelf, environment: str, most: int, boot_url: str) -> None:
        self._shelf = shelf
        self._boot_url = boot_url
        self._environment = environment
        self._name = exchange.namer(environment)
        self._replacing = exchange.replacing(self._name)
        self._most = most
        self.steps: Mapping[str, Step] = {
            "making": self.make,
            "powering": self.switch_on,
            "filling": self.fill,
            "folding": self.fold,
            "gathering": self.gather,
            "lining_up": self.line_up,
            "sorting_out": self.sort_out,
        }
        self.undo: Mapping[str, Step] = {
            "switch_off": self.switch_off,
            "unmake": self.unmake,
            "release_nodes": release.stage(POLL, self.clear),
        }

    def seeds(self, spec: Mapping[str, Any]) -> Sequence[Seed]:
        nodes = [str(node["name"]) for node in spec["nodes"]]
        return [
            Seed(spec["cluster"], tables.CLUSTER, {**spec, "nodes": nodes}),
            *(
                Seed(node["name"], tables.NODE, {"colour": spec["colour"], "mac": node["mac"]})
                for node in spec["nodes"]
            ),
        ]

    def planned(self, spec: Mapping[str, Any]) -> Sequence[Planned]:
        nodes = [str(node["name"]) for node in spec["nodes"]]
        return [Planned(name, "box", self._name(name, 1), about={"colour": spec["colour"]}) for name in nodes]

    async def preflight(self, spec: Mapping[str, Any], mirror: Mirror) -> Sequence[Check]:
        try:
            await self._shelf.boxes()
        except NxdError as error:
            return [Check("shelf", "failed", error.message, "See that toyland.url leads to the shelf.")]
        return [Check("shelf", "passed", "it answers")]

    async def make(self, ctx: StepContext) -> Outcome:
        """The box stands on the shelf, and one that it replaces is gone."""
        colour, name = str(ctx.record.spec["colour"]), self._name(ctx.record.name, generation_of(ctx.record))
        row = ctx.resource("box", name)
        if row is not None and exchange.must_go(ctx.record, row):
            return await self._exchange(ctx, row)
        mac = str(ctx.record.spec["mac"])
        token = await ctx.secret(machine.TOKEN, ctx.clock.new_token)
        url = machine.url_of(self._boot_url, ctx.record.name, token)

        async def create() -> Found:
            made = await self._shelf.put(name, colour, mac, url, await ctx.reveal(ctx.cluster.spec["key"]))
            return Found(made["id"], {"colour": colour})

        await ctx.claim("mac", plain_mac(mac) or mac)
        async with ctx.lock("installs"):
            waiting = installs.full(ctx, self._most, POLL)
            if waiting is not None:
                return waiting
            await ctx.remember(**{installs.FACT: True})
        await ctx.ensure(
            Want(
                "box",
                name,
                lambda: self._named(name),
                create,
                lambda found: found.data["colour"] == colour,
                {"attempt": ctx.record.attempt},
            )
        )
        return Done()

    async def _exchange(self, ctx: StepContext, row: Resource) -> Wait:
        """The box goes, switched off first; then the next one comes, and nothing that this one had or told counts."""
        if UNWANTED not in row.data:  # so it stays, also when this fails and is tried again
            row = await ctx.update(row, **{UNWANTED: True})
        off = await self.switch_off(ctx)
        if isinstance(off, Wait):
            return off
        if row.state != "gone" and not await ctx.remove(row, self._disposal(ctx)):
            return Wait(f"the old box {row.name} to be gone", "it is being taken away", POLL)
        await ctx.forget_secrets()
        number = generation_of(ctx.record) + 1
        await ctx.remember(**{GENERATION: number, **machine.forgotten(ctx.record)})
        return Wait("another box", "the old one is gone", poll=0)

    def _disposal(self, ctx: StepContext) -> Disposal:
        async def removed(row: Resource) -> None:
            await self._shelf.remove(str(row.cloud_id), await ctx.reveal(ctx.cluster.spec["key"]))

        return Disposal(lambda row: self._named(row.name), self._got, removed)

    async def _named(self, name: str) -> Found | None:
        for box in await self._shelf.boxes():
            if box["name"] == name:
                return Found(box["id"], {"colour": box["colour"]})
        return None

    async def switch_on(self, ctx: StepContext) -> Outcome:
        """The box is on, and its lamp has blinked if somebody asked for that."""
        (row,) = ctx.resources("box")
        if ctx.record.facts.get("blink"):
            await self._shelf.blink(str(row.cloud_id), await ctx.reveal(ctx.cluster.spec["key"]))
            await ctx.remember(blink=None)
        on = await ctx.bring(self._power(ctx, str(row.cloud_id)))
        return Done() if on else Wait("the box to be on", "it is off", POLL)

    async def switch_off(self, ctx: StepContext) -> Outcome:
        """The box stands as it did before, and no order to switch it on is on its way."""
        for row in ctx.resources("power"):
            if not await ctx.take_back(row, self._power(ctx, row.name)):
                return Wait("the box to be off", "it may still go on", POLL)
        return Done()

    def _power(self, ctx: StepContext, id_: str) -> Effect:
        async def look() -> str:
            box = await self._shelf.box(id_)
            return "off" if box is None else str(box["power"])

        async def send(state: str) -> None:
            await self._shelf.switch(id_, state, await ctx.reveal(ctx.cluster.spec["key"]))

        return Effect("power", id_, "on", look, send)

    async def fill(self, ctx: StepContext) -> Outcome:
        """The shelf has filled the box."""
        (row,) = ctx.resources("box")
        box = await self._shelf.box(str(row.cloud_id))
        if box is None:
            raise NxdError("vanished", f"The box {row.name} is gone.")
        if box["state"] == "broken":
            raise NxdError("server_failed", f"The box {row.name} is broken.", evidence=str(box))
        if box["state"] == "full":
            return Done()
        return Wait("the shelf to fill the box", f"it is {box['state']}", POLL)

    async def fold(self, ctx: StepContext) -> Outcome:
        """The box folded itself, and gives its place back."""
        outcome = await machine.fold(ctx)
        return Done({**outcome.facts, installs.FACT: None}) if isinstance(outcome, Done) else outcome

    def guest(self, mirror: Mirror, record: Record, secret: Callable[[str], str | None]) -> Guest | None:
        return machine.guest(self._boot_url, mirror, record, secret(machine.TOKEN))

    async def unmake(self, ctx: StepContext) -> Outcome:
        """The box was seen to be gone."""
        outcome = await undo.stage("box", "boxes", {"box": self._disposal(ctx)}, poll=POLL)(ctx)
        for row in ctx.resources("mac") if isinstance(outcome, Done) else ():
            await ctx.give_back(row)
        if isinstance(outcome, Done):
            await ctx.forget_secrets()
            await ctx.remember(**machine.forgotten(ctx.record))
        return outcome

    async def _got(self, row: Resource) -> Found | None:
        box = await self._shelf.box(str(row.cloud_id))
        return None if box is None else Found(box["id"], {"colour": box["colour"]})

    async def gather(self, ctx: StepContext) -> Outcome:
        """As many boxes are full as the gate asks for."""
        await gate.send_out(ctx, tables.NODE, {})
        return gate.closed(ctx, tables.NODE, POLL) or Done()

    async def line_up(self, ctx: StepContext) -> Outcome:
        """Every full box belongs to the row; one after the other, for a shelf is narrow."""
        return await join.join(ctx, tables.NODE, self._take_in, self._let_go, POLL)

    async def _take_in(self, ctx: StepContext, member: Record) -> Wait | None:
        return await join.tell(ctx, tables.NODE, [member], POLL)

    async def _let_go(self, ctx: StepContext, member: Record) -> Wait | None:
        return None  # a row keeps nothing of a box

    async def sort_out(self, ctx: StepContext) -> Outcome:
        """Boxes that the spec names no more are taken away."""
        outcome = await release.remove(ctx, self._let_go, POLL)
        return Done({FORMED: True}) if isinstance(outcome, Done) else outcome

    async def clear(self, ctx: StepContext) -> Outcome:
        """A row without boxes is none."""
        return Done({FORMED: None})

    def veto(self, verb: str, record: Record, cluster: Record) -> str | None:
        return VETOES(verb, record, cluster)

    def climb(self, record: Record, cluster: Record, problem: Problem) -> Climb | None:
        return exchange.LADDER.following(record, str(cluster.spec["climb_to"]), problem)

    def replacement(self, record: Record, rows: Sequence[Resource]) -> Changes:
        return self._replacing.replacement(record, rows)

    def renewal(self, record: Record, rows: Sequence[Resource]) -> Changes:
        return self._replacing.renewal(record, rows)

    def picture(self, cluster: Record, members: Sequence[Record], mirror: Mirror, looks: Looks) -> Picture:
        boxes = []
        for member in members:
            row = next((row for row in mirror.resources(member.name) if row.kind == "box"), None)
            look = None if row is None else looks.of(row.cloud_id)
            sign: Sign = "unasked" if look is None else "ok" if look.well else "failed"
            value = "not made" if row is None else row.state
            seen = Seen(sign, "box", value, None if look is None else look.time, fresh=3 * POLL)
            boxes.append(Shown(member.name, [seen], str(member.spec["colour"]), ("shelf",)))
        return Picture(
            {"shelf": "every box stands on it"}, boxes, notes={"colour": str(cluster.spec["colour"])}
        )

    def may_change(self, setting: str) -> bool:
        return setting.split(".")[0] in ("gate", "climb_to", "key")

    def waits_for_nodes(self, step: str) -> bool:
        return step in VETOES.waits

    async def audit(self, mirror: Mirror) -> Sequence[Finding]:
        known = {row.cloud_id for row in mirror.all_resources() if row.kind == "box" and row.state != "gone"}
        return [
            Finding("unknown", "box", box["name"], box["id"], None, f"shelf rm {box['id']}")
            for box in await self._shelf.boxes()
            if box["name"].startswith(f"{self._environment}-") and box["id"] not in known
        ]

    async def close(self) -> None:
        await self._shelf.close()


def load(settings: Settings, clock: Clock) -> Toyland:
    """The platform, ready to work."""
    return Toyland(
        Shelf(settings.own["toyland_url"]), settings.environment, settings.limits_installs, settings.boot_url
    )
