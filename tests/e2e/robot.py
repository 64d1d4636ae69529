"""Follows remedies: does what nxd says can be done about a trouble, and nothing else.

It knows no scenario and no code of an error. What is outside is mended by whoever it was given; a change of the spec is
applied; a command is run against the simulated cloud as it stands; a verb is given.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from daemon.client import Client, DaemonRefused
from daemon.demo.setup import TRUSTED_PROFILE, Demo
from daemon.wire import EntityView, RemedyView

STOP_PATIENCE = 20.0
"""Real seconds in which a server that was told to stop has to be stopped."""
NOT_FOUND = 404
DOOR = ("failed", "attention", "released")
"""Phases in which nothing moves by itself."""


class Shell:
    """The few commands of `ibmcloud` that nxd prints, against the simulated cloud. The SDKs are imported where a shell
    is opened: each process that collects the tests would pay for them otherwise."""

    def __init__(self, stage: Demo) -> None:
        from ibm_cloud_networking_services import DnsSvcsV1
        from ibm_cloud_sdk_core import ApiException
        from ibm_cloud_sdk_core.authenticators import VPCInstanceAuthenticator
        from ibm_vpc import VpcV1

        self._refusal = ApiException
        urls = stage.urls()
        by = VPCInstanceAuthenticator(iam_profile_id=TRUSTED_PROFILE, url=urls["metadata_url"])
        self._vpc = VpcV1(authenticator=by)
        self._vpc.set_service_url(urls["vpc_url"])
        self._dns = DnsSvcsV1(authenticator=by)
        self._dns.set_service_url(urls["dns_url"])

    def run(self, line: str) -> None:
        """Run a command as it stands. Raises AssertionError when it is none."""
        words = [word for word in shlex.split(line) if word != "--force"]
        assert words[0] == "ibmcloud", f"not a command: {line}"
        try:
            self._run(words[1:])
        except self._refusal as error:
            if error.status_code != NOT_FOUND:
                raise

    def _run(self, words: list[str]) -> None:
        match words:
            case ["is", "subnet-reserved-ip-delete", subnet, id_]:
                self._vpc.delete_subnet_reserved_ip(subnet, id_)
            case ["is", "virtual-network-interface-delete", id_]:
                self._vpc.delete_virtual_network_interfaces(id_)
            case ["is", "bare-metal-server-stop", id_, "--type", "hard"]:
                self._stop(id_)
            case ["is", "bare-metal-server-delete", id_]:
                self._vpc.delete_bare_metal_server(id_)
            case ["dns", "resource-record-delete", zone, id_, "-i", instance]:
                self._dns.delete_resource_record(instance, zone, id_)
            case ["dns", "resource-records", zone, "-i", instance]:
                self._dns.list_resource_records(instance, zone)
            case _:
                raise AssertionError(f"ibmcloud has no command like this: {words}")

    def _stop(self, id_: str) -> None:
        until = time.monotonic() + STOP_PATIENCE
        while self._vpc.get_bare_metal_server(id_).get_result()["status"] not in ("stopped", "failed"):
            assert time.monotonic() < until, f"server {id_} does not stop"
            try:
                self._vpc.stop_bare_metal_server(id_, "hard")
            except self._refusal as error:
                if error.status_code != 409:  # it is stopping already
                    raise
            time.sleep(0.1)


@dataclass
class Robot:
    """Follows the remedies of one cluster. ``mend`` puts right what is outside; ``respec`` gives the spec with a
    setting changed."""

    stage: Demo
    mend: Callable[[], None]
    respec: Callable[[str], str]
    told: list[str] = field(default_factory=list)
    """Everything it did, in order."""

    def follow(self, entities: Sequence[EntityView]) -> bool:
        """Do what is said to each of these that stands still. False when nothing at all could be done."""
        still = [one for one in entities if one["error"] or one["remedies"]]
        return any([self._follow(one) for one in still])

    def _follow(self, entity: EntityView) -> bool:
        ways = [way for way in entity["remedies"] if way["kind"] != "wait"]
        for way in ways:
            self.told.append(f"{entity['name']}: {way['kind']} {way['text']}")
            self._do(way)
        return bool(ways)

    def _do(self, way: RemedyView) -> None:
        match way["kind"]:
            case "outside":
                self.mend()
            case "spec":
                self.mend()
                with Client(self.stage.socket) as client:
                    client.apply(self.respec(way.get("setting", "")))
            case "command" if way["command"].startswith("nxd "):
                pass  # it only looks
            case "command":
                Shell(self.stage).run(way["command"])
            case "verb":
                self._give(way["verb"], way["target"])

    def _give(self, verb: str, target: str) -> None:
        """Give a verb. What moves may refuse it; what stands still and does so again, may not."""
        with Client(self.stage.socket) as client:
            for last in (False, False, True):
                try:
                    client.verb(verb, target, meant=True)
                    return
                except DaemonRefused as refused:
                    now: Any = next((one for one in _all(client) if one["name"] == target), None)
                    if now is None or now["phase"] not in DOOR or now["wish"]:
                        return
                    if last:
                        said = f"told to {verb} {target}, refused: {refused.error['message']}"
                        raise AssertionError(said) from refused


def _all(client: Client) -> list[EntityView]:
    snapshot = client.snapshot()
    return [*snapshot["clusters"], *snapshot["nodes"]]
