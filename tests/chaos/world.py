"""What a judge asks of the simulated world, and what a stranger may do in it."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from daemon.demo.setup import TRUSTED_PROFILE

Rule = Mapping[str, Any]


class World:
    """The control address of a simulated world, and its services as anybody may call them."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = urls
        self._token = ""

    def plant(self, rules: Sequence[Rule]) -> None:
        """Let rules wait for their moments."""
        if rules:
            self._ask("/faults", {"rules": list(rules)})

    def fail(self, entries: Sequence[str]) -> None:
        """Let NODE:STEP or CLUSTER:STEP go wrong once."""
        if entries:
            self._ask("/faults", {"fail": list(entries)})

    def behave(self, order: str, replays: float = 0.0, seed: int = 1) -> None:
        """In which order creates are checked from now on, and with which chance a proxy repeats one."""
        self._ask("/behaviour", {"order": order, "replays": replays, "seed": seed})

    def mend(self) -> None:
        """End every rule; strangers take their objects away."""
        self._ask("/mend", {})

    def struck(self) -> int:
        """How many times a rule has struck."""
        return len(self._ask("/faults")["struck"])

    def counts(self) -> dict[str, Any]:
        """What exists and what was ever made, by kind."""
        return self._ask("/counts")

    def inventory(self) -> list[dict[str, Any]]:
        """Every object that stands or stood."""
        objects: list[dict[str, Any]] = self._ask("/inventory")["objects"]
        return objects

    def clusters(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The Nutanix clusters that stand, and every change of one that took effect through Prism."""
        found = self._ask("/clusters")
        return found["clusters"], found["operations"]

    def prism(
        self, address: str, login: Mapping[str, str], method: str, path: str, body: object = None
    ) -> int:
        """Ask a controller VM as somebody else who knows the password; the status of the answer."""
        secret = b64encode(f"{login['user']}:{login['password']}".encode()).decode()
        headers = {"Authorization": f"Basic {secret}", "Content-Type": "application/json"}
        text = None if body is None else json.dumps(body).encode()
        url = f"https://{address}:9440/PrismGateway/services/rest{path}"
        request = urllib.request.Request(url, text, {**headers, "User-Agent": "somebody else"}, method=method)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            with urllib.request.urlopen(request, context=context) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def calls(self, after: int) -> tuple[list[dict[str, Any]], int]:
        """The calls received after that number, and the number of the last one."""
        found = self._ask(f"/calls?after={after}")
        return found["calls"], found["last"]

    def delete(self, path: str) -> bool:
        """Delete an object as somebody else of the same account would, at the VPC or the DNS service.

        False when it is gone already, or in use so that nobody can.
        """
        service = self._urls["dns_url"] if path.startswith("/instances") else self._urls["vpc_url"]
        query = "" if path.startswith("/instances") else "?version=2025-01-01&generation=2"
        headers = {"Authorization": f"Bearer {self._bearer()}", "User-Agent": "somebody else"}
        request = urllib.request.Request(f"{service}{path}{query}", headers=headers, method="DELETE")
        try:
            urllib.request.urlopen(request).close()
        except urllib.error.HTTPError as error:
            if error.code not in (404, 409):
                raise
            return False
        return True

    def _bearer(self) -> str:
        if not self._token:
            base = f"{self._urls['metadata_url']}/instance_identity/v1"
            version = "?version=2022-03-01"
            identity = self._post(
                f"{base}/token{version}", {"expires_in": 3600}, {"Metadata-Flavor": "ibm"}, "PUT"
            )
            bearer = {"Metadata-Flavor": "ibm", "Authorization": f"Bearer {identity['access_token']}"}
            profile = {"trusted_profile": {"id": TRUSTED_PROFILE}}
            self._token = str(self._post(f"{base}/iam_token{version}", profile, bearer)["access_token"])
        return self._token

    def _ask(self, path: str, body: object = None) -> dict[str, Any]:
        if body is not None:
            return self._post(self._urls["control_url"] + path, body, {})
        with urllib.request.urlopen(self._urls["control_url"] + path) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def _post(self, url: str, body: object, headers: Mapping[str, str], method: str = "POST") -> Any:
        kind = {"Content-Type": "application/json", **headers}
        request = urllib.request.Request(url, json.dumps(body).encode(), kind, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
