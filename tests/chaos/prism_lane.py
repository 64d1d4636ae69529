"""Runs the cells that are about calls to Prism, on clusters whose machines are installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from calls import Call
from cells import Cell
from lane import PREFLIGHTS, Lane
from rows import Row, Wrong
from seeded import STATES, cluster_of, founders_of, node_of, spec_of
from world import Rule

from daemon.client import Client, DaemonRefused
from daemon.wire import EntityView

HOST = "nutanix_host"
MACHINES = "recording_config"
"""Everybody is held after this step first: so no preflight finds the quota of servers used up by the others."""
SERVERS: Rule = {"trigger": "server pending", "action": "stuck"}
"""No server is there, and so no machine is installed."""
TO_INSTALL, TO_REST = 240.0, 60.0
"""Real seconds until all machines are there, and until all clusters are in order at the end."""
READ_AT = ("F8", "F9", "F11", "F11a", "F11b", "F12")
"""Faults that are met only when a cluster is looked at after its creation."""
LISTS_LIE = ("F8", "F9")
"""Faults after which the daemon cannot know that what it asks for is there."""
REMOVED = ("rolling_back", "rolled_back", "rollback_blocked")


class PrismLane(Lane):
    """One cluster of one node for each cell; of four for those in which the fourth becomes a host and leaves."""

    _logins: dict[int, Mapping[str, str]]

    # Up to where the cells begin.

    def _prepare(self, call: Call, clusters: int) -> None:
        """Install every machine, and hold each cluster (or node) where the call comes next."""
        self._logins = {}
        numbers, hosts = range(clusters), call.kind == HOST
        with self._standing_still(PREFLIGHTS):
            for number in numbers:
                nodes = [*founders_of(number), node_of(number)] if hosts else []
                self._client.apply(spec_of(number, nodes))
                for node in nodes or [node_of(number)]:
                    self._client.verb("hold", node, step=MACHINES)
                if call.of == "cluster":
                    self._client.verb("hold", cluster_of(number), step=call.before)
        nodes_held = lambda: all(node["state"] == "held" for node in self._client.nodes())  # noqa: E731
        self._until(nodes_held, TO_INSTALL, "configured")
        with self._standing_still(SERVERS):
            for node in self._client.nodes():
                self._client.verb("resume", node["name"])
                if call.of == "node" or (hosts and node["name"] in map(node_of, numbers)):
                    self._until(lambda name=node["name"]: self._holds_late(name), TO_INSTALL, "resumed")
        if call.of == "node":
            self._until(nodes_held, TO_INSTALL, "installed")
            return
        self._until(
            lambda: all(one["state"] == "held" for one in self._client.clusters()), TO_INSTALL, "all held"
        )
        if hosts:
            for number in numbers:
                self._until(lambda n=number: self._is_held(node_of(n)), TO_INSTALL, "installed")
                self._client.verb("resume", node_of(number))
            self._until(
                lambda: all(node["state"] == "ready" for node in self._client.nodes()), TO_INSTALL, "ready"
            )

    def _holds_late(self, name: str) -> bool:
        """Hold a node once its machine is installed; refused while it is held still."""
        self._client.verb("hold", name, step="installing")
        return True

    def _is_held(self, name: str) -> bool:
        return self._client.show(name)["entity"]["state"] == "held"

    # One cell.

    def _target(self, cell: Cell, number: int) -> str:
        return node_of(number) if cell.call.of == "node" else cluster_of(number)

    def _made(self, cell: Cell) -> int:
        return len(self._operations(cell))

    def _operations(self, cell: Cell) -> list[dict[str, Any]]:
        """What Prism did of the kind that the cell is about."""
        what = cell.call.life if cell.direction == "make" else "remove"
        return [
            operation
            for operation in self._world.clusters()[1]
            if operation["what"] == what and not operation["over"]
        ]

    def _apply_spec(self, client: Client, cell: Cell, number: int, token: str) -> None:
        if cell.direction == "make":
            super()._apply_spec(client, cell, number, token)
        else:
            fewer = spec_of(number, founders_of(number))
            self._apply_as_planned(client, fewer)

    def _apply_as_planned(self, client: Client, spec: str) -> None:
        """Apply what its plan shows; what changes between the two is looked at again, as a person does."""
        for last in (False, False, True):
            digest = self._client.plan_spec(spec)["digest"]
            try:
                client.apply(spec, digest=digest)
            except DaemonRefused as refused:
                if last or refused.error["code"] != "plan_changed":
                    raise
            else:
                return

    def _look_before(self, cell: Cell, number: int) -> None:
        """Who meddles needs the password, and an address. That a password was read is a commit, so once is enough."""
        if cell.fault == "F12" and cell.kind != "nutanix_cluster" and number not in self._logins:
            first = founders_of(number)[0] if cell.kind == HOST else node_of(number)
            address = str(self._client.show(first)["entity"]["addresses"]["cvm"])
            self._logins[number] = {**self._client.login(cluster_of(number)), "cvm": address}

    def _meddle(self, cell: Cell, number: int) -> None:
        """Somebody with the password takes back what was set, or removes the host before us."""
        if cell.kind == "nutanix_cluster":
            return  # a rule of the world
        login = self._logins[number]
        if cell.kind == HOST:
            for cluster in self._world.clusters()[0]:
                for member in cluster["members"]:
                    if f"-{node_of(number)}-" in f"-{member['node']}-":
                        self._world.prism(login["cvm"], login, "DELETE", f"/v2.0/hosts/{member['uuid']}")
            return
        kept = self._client_spec(number)[cell.kind]
        self._world.prism(login["cvm"], login, "POST", f"/v1/cluster/{cell.kind}/remove_list", kept)

    def _client_spec(self, number: int) -> Mapping[str, Any]:
        """The name and time servers that the spec asks for."""
        import yaml

        wished = yaml.safe_load(spec_of(number))["nutanix"]
        return {"name_servers": wished["dns_servers"], "ntp_servers": wished["ntp_servers"]}

    def _settle_made(self, cell: Cell, number: int) -> None:
        target, call = self._target(cell, number), cell.call
        forms = cell.kind == "nutanix_cluster" and cell.fault in READ_AT
        step = STATES.index("awaiting_up" if forms else call.step)

        def made() -> bool:
            shown = self._client.show(target)["entity"]
            if self._tried_again(cell, shown):
                return False
            return shown["state"] in STATES and STATES.index(shown["state"]) > step

        self._until(made, self._patience, "made", show=target)
        try:
            self._client.verb("hold", target)
        except DaemonRefused:
            return  # it has reached its end

    def _tried_again(self, cell: Cell, shown: EntityView) -> bool:
        """Whether it had failed: for the right reason, and as a person would, it was mended and tried again."""
        if shown["state"] != "failed":
            return False
        self._check_code(cell, shown)
        self._world.mend()
        self._client.verb("retry", shown["name"], meant=True)
        return True

    @property
    def _patience(self) -> float:
        """Real seconds in which a cell must be in order: a host takes a quarter of an hour to leave."""
        return 12.0 if self._speed > 1000 else 45.0

    def _settle_gone(self, cell: Cell, number: int) -> None:
        node, cluster = node_of(number), cluster_of(number)

        def gone() -> bool:
            shown = self._client.show(cluster)["entity"]
            if self._tried_again(cell, shown):
                return False
            states = {one["name"]: one["state"] for one in self._client.nodes()}
            return states.get(node, "rolled_back") in REMOVED

        self._until(gone, self._patience, "gone", show=cluster)

    def _look_after(self, cell: Cell, number: int, seen: int) -> None:
        """No call may be sent for what is done, unless the answers that tell of it lie."""
        if cell.call.way == "read" or cell.fault in LISTS_LIE:
            return
        operations = [
            operation for operation in self._operations(cell) if self._is_about(cell, number, operation["of"])
        ]
        calls = [
            call
            for call in self._world.calls(seen)[0]
            if fnmatchcase(f"{call['service']} {call['method']} {call['template']}", cell.trigger)
            and call["agent"] != "somebody else"
        ]
        ended = cell.fault in ("F11a", "F12")  # then it is asked for again, with good reason
        again = [
            call["n"]
            for call in calls
            for operation in operations[:1]
            if call["at"] > operation["at"] and not ended
        ]
        if again:
            raise Wrong(f"{cell.trigger} was sent again (calls {again}) when it had been done already")

    def _is_about(self, cell: Cell, number: int, of: str) -> bool:
        word = node_of(number) if cell.kind == HOST else cluster_of(number)
        return f"-{word}-" in f"-{of}-"

    # How it ends.

    def _undo(self, cell: Cell, undoing: Sequence[Cell], made: int) -> list[Row]:
        """Only hosts go by a call of their own."""
        if not undoing:
            return []
        for number, cell in enumerate(undoing):
            self._look_before(cell, number)
        undone = self._run_all(undoing)
        self._judge(undone, "undo")
        return undone

    def _come_to_rest(self, direction: str) -> list[str]:
        """Let every cluster go on to its end: it must become active, and take the password that the daemon keeps."""

        def at_rest() -> bool:
            busy = False
            for one in (*self._client.clusters(), *self._client.nodes()):
                if one["state"] != "active":
                    busy = True
                verb = {"held": "resume", "failed": "retry"}.get(one["state"])
                if verb is not None and one["can"].get(verb, "") is None and not one["wish"]:
                    self._client.verb(verb, one["name"], meant=True)
            return not busy

        try:
            self._until(at_rest, TO_REST, "all active", pause=0.1)
        except Wrong:
            every = (*self._client.clusters(), *self._client.nodes())
            return [self._shown(one["name"]) for one in every if one["state"] != "active"]
        return self._strange_passwords()

    def _strange_passwords(self) -> list[str]:
        found = []
        nodes = {node["cluster"]: node for node in self._client.nodes()}
        for cluster in self._client.clusters():
            login = self._client.login(cluster["name"])
            address = str(nodes[cluster["name"]]["addresses"]["cvm"])
            try:
                status = self._world.prism(address, login, "GET", "/v1/cluster")
            except OSError as error:
                found.append(f"{cluster['name']} cannot be asked: {error}")
                continue
            if status != 200:
                found.append(f"{cluster['name']} does not take the password that the daemon keeps ({status})")
        return found
