"""Asks a person, one question at a time: keys that are typed ahead of an open one start no other."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from daemon.display.sorting import natural
from daemon.wire import EntityView
from nxtui.terminal import programs

if TYPE_CHECKING:
    from nxtui.app import NxTui
    from nxtui.screens.dialog import Dialog
    from nxtui.screens.pick import PickList

Answer = TypeVar("Answer")

_CONSOLE, _COPY, _SHOW = "its console", "copy its password", "show its password"
"""What is chosen in place of an address; no address has a blank."""


class Questions:
    """Opens what asks something, and waits for the answer."""

    def __init__(self, nx: NxTui) -> None:
        self._nx = nx
        self._is_open = False
        self._folder: Path | None = None
        """Where a spec was looked for last."""

    def begin(self, work: Coroutine[Any, Any, object]) -> None:
        """Run work that may ask a person something before it acts, unless another question is still open."""
        if self._is_open:
            work.close()
            self._nx.say("Another question is open: answer it first.", "warning")
            return
        self._is_open = True
        self._nx.run_worker(self._until_asked(work))

    async def _until_asked(self, work: Coroutine[Any, Any, object]) -> None:
        try:
            await work
        finally:
            self._is_open = False

    async def ask(self, dialog: Dialog[Answer]) -> Answer | None:
        """The answer, or None for none; with it the next question may come."""
        self._is_open = True
        try:
            return await self._nx.push_screen_wait(dialog)
        finally:
            self._is_open = False

    def spare(self) -> None:
        """Nothing is asked this time: what is left to do leaves room for another question."""
        self._is_open = False

    async def pick(self, listed: PickList) -> str | None:
        """What a person chooses from a list."""
        from nxtui.screens.pick import Pick

        return await self.ask(Pick(self._nx.renderer, listed))

    async def choose_spec(self) -> None:
        """Let a person choose a spec, and show it with what is wrong with it."""
        from nxtui.screens.files import FilePicker

        picker = FilePicker(self._nx.renderer, self._folder or Path.cwd())
        chosen = await self.ask(picker)
        self._folder = picker.directory
        if chosen is not None:
            self._folder = Path(chosen).parent
            self._nx.open_spec(Path(chosen))

    async def save(self, stem: str, suffix: str, text: str) -> None:
        """Let a person name a file, write it if there is none yet, and say where it is."""
        from nxtui.draw.export import new_name, write_new
        from nxtui.screens.pick import PickList

        name = new_name(stem, suffix, self._nx.wall())
        entries = [(name, name, "a new file here")]
        listed = PickList(
            "Write to which file?", entries, "Enter takes this name; type another one", free=True
        )
        chosen = await self.pick(listed)
        if chosen is None or not await self._nx.are_typed():
            return
        try:
            path = write_new(chosen, text)
        except OSError as cause:
            self._nx.say(f"{chosen}: nothing was written ({cause.strerror}).", "error")
        else:
            self._nx.say(f"Written: {path}")

    async def log_in(self, entity: EntityView) -> None:
        """Let a person choose a way into an entity: an address, a console, or the password of a cluster."""
        from nxtui.screens.pick import PickList

        nx, name = self._nx, entity["name"]
        entries = _ways_in(entity, nx.fleet.members(name) if entity["kind"] == "cluster" else [])
        if not entries:
            nx.say(f"{name} has no address yet.", "warning", name)
            return
        from nxtui.screens.ways_in import WaysIn

        listed = PickList(f"Log in on {name}: where?", entries, "type to narrow")
        chosen = await self.ask(WaysIn(nx.renderer, listed, _SHOW))
        if chosen is None:
            return
        if chosen in (_COPY, _SHOW):
            await self._password(entity, chosen)
        elif chosen == _CONSOLE:
            nx.open_console(entity)
        else:
            nx.use_address(name, chosen)

    async def console(self, name: str) -> None:
        """Show a serial console until the person leaves it."""
        from nxtui.screens.console import ConsoleScreen

        await self.ask(ConsoleScreen(self._nx.renderer, self._nx.feed.socket, name))

    def lend_login(self, name: str, address: str) -> None:
        """Lend the terminal to a login on an address."""
        nx = self._nx
        try:
            command = programs.login(nx.preferences.login, address, name)
        except ValueError as cause:
            said = f"The login command {nx.preferences.login!r} cannot be used: {cause}."
            nx.say(said, "warning")
        else:
            nx.lend(command)

    async def _password(self, entity: EntityView, how: str) -> None:
        """Ask the daemon for the password of a cluster, which writes down who did; copy it, or show it for a while."""
        from daemon.client import DaemonRefused, DaemonUnreachable
        from nxtui.screens.secret import SecretDialog

        nx, name = self._nx, entity["name"]
        try:
            told = await nx.feed.client.login(name)
        except DaemonRefused as refused:
            nx.say(f"{refused.error['message']} {refused.error['remedy']}", "warning", name)
            return
        except DaemonUnreachable as cause:
            nx.say(str(cause), "warning", name)
            return
        if how == _SHOW:
            await self.ask(SecretDialog(nx.renderer, name, told))
        else:
            nx.say(f"The password of {name}: {nx.copy(told['password'])} (logged)", about=name)


def _ways_in(entity: EntityView, members: Sequence[EntityView]) -> list[tuple[str, str, str]]:
    """What is chosen, what it is, and a word about it: what exists for this entity, and nothing else."""
    entries = [(address, use, address) for use, address in entity["addresses"].items()]
    if entity.get("login"):
        entries.append((_COPY, "password", "copy it; the log says who read it"))
        entries.append((_SHOW, "password", "+ shows it for 20 s; the log says who read it"))
    for member in sorted(members, key=lambda one: natural(one["name"])):
        entries += [
            (address, f"{member['name']} {use}", address) for use, address in member["addresses"].items()
        ]
    if entity.get("console"):
        entries.append((_CONSOLE, "console", "the serial console of its machine, until Ctrl-]"))
    return entries
