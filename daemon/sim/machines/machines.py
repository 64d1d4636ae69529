"""The machines behind the servers, by the power buttons and by name."""

from __future__ import annotations

from pathlib import Path

from daemon.sim.machines.machine import Machine, Run
from daemon.sim.machines.serial_line import SerialLine
from daemon.sim.nutanix.fleet import NutanixFleet
from daemon.sim.refusals import Json
from daemon.sim.world.consoles import SerialConsole
from daemon.sim.world.objects import Server
from daemon.sim.world.world import World


class Machines:
    """Every machine, by the id of its server; it is the ``Hardware`` of the world. Without ``simulated`` they stand
    elsewhere, and whoever has them lets the current in."""

    def __init__(self, world: World, fleet: NutanixFleet, simulated: bool = True) -> None:
        self._world = world
        self.simulated = simulated
        self._fleet = fleet
        self._machines: dict[str, Machine] = {}
        self.installs: dict[str, int] = {}

    def machine(self, name: str) -> Machine | None:
        """The machine of the server with this name, or of the only one whose name holds it as a word."""
        exact = [m for m in self._machines.values() if m.server.name == name]
        loose = [m for m in self._machines.values() if f"-{name}-" in f"-{m.server.name}-"]
        found = exact or loose
        return found[0] if len(found) == 1 else None

    def view(self) -> list[Json]:
        return [
            {
                "server": m.server.name,
                "id": m.server.id,
                "user_data": m.server.user_data,
                "doing": m.doing,
                "boots": m.boots,
                "scripts": m.scripts,
                "installs": m.installs,
                "cvm": m.cvm.address if m.cvm is not None else None,
                "console": list(m.console),
            }
            for m in self._machines.values()
        ]

    # the power buttons

    def power_on(self, server: Server) -> None:
        machine = self._machines.setdefault(server.id, Machine(server))
        self.power_off(server)
        if not self.simulated:
            machine.doing = "stands elsewhere"
            return
        run = Run(self._world, self._fleet, machine, self.installs)
        machine.task = self._world.spawn(run.power_on(), f"machine {server.name}")

    def power_off(self, server: Server) -> None:
        machine = self._machines.get(server.id)
        if machine is None:
            return
        if machine.task is not None:
            machine.task.cancel()
            machine.task = None
        if machine.cvm is not None:
            self._fleet.switch_off(machine.cvm)
        machine.doing = "off"

    def connect(self, machine: Machine, path: Path) -> None:
        """The serial line of a machine that stands elsewhere is behind this Unix socket from now on."""
        self._unplug(machine)
        line = SerialLine(self._world.clock, path, machine.console)
        machine.line = self._world.spawn(line.run(), f"serial line of {machine.server.name}")

    def _unplug(self, machine: Machine) -> None:
        if machine.line is not None:
            machine.line.cancel()
            machine.line = None

    def wipe(self, server: Server) -> None:
        self.power_off(server)
        machine = self._machines.get(server.id)
        if machine is None:
            return
        if machine.cvm is not None:
            self._fleet.lose(machine.cvm)
        machine.installed, machine.cvm, machine.booted_before = None, None, False

    def console(self, server: Server) -> SerialConsole | None:
        machine = self._machines.get(server.id)
        return None if machine is None else machine.console

    def scrap(self, server: Server) -> None:
        self.wipe(server)
        if (machine := self._machines.pop(server.id, None)) is not None:
            self._unplug(machine)

    def revive(self, machine: Machine) -> None:
        """Boot a machine again a minute from now, as if somebody had pressed reset."""

        def reset() -> None:
            if machine.server.status == "running":
                self.power_on(machine.server)

        self._world.later("machine.revive", reset)
