"""What a setting is, and the types of values that settings have."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daemon.spec.hosts import HostPort, is_host, is_multicast, is_unspecified
from daemon.spec.values import ValueType, number
from daemon.spec.yaml_marks import Loc, Marked, read_yaml, scalar

_SOCKET_PATH_LIMIT = 107
"""Bytes of a path that Linux can bind a Unix socket to (sun_path, less the closing zero)."""


@dataclass(frozen=True)
class Setting:
    """One setting. ``default`` None: it must be given; braces in it name other settings."""

    key: str
    kind: ValueType
    default: str | None
    help: str
    endpoint: bool = False
    """Whether it is where a service outside is spoken to."""
    for_boot: bool = False
    """Whether it has to be given only where machines of a platform that is switched on boot from nxd."""

    @property
    def attribute(self) -> str:
        """Its name in ``Settings``."""
        return self.key.replace(".", "_")

    @property
    def env(self) -> str:
        """The environment variable that overrides the file."""
        return f"NXD_{self.attribute.upper()}"


class InParts(ValueError):
    """What is wrong within a value that has parts, each with the way to it."""

    def __init__(self, parts: Sequence[tuple[Loc, str]]) -> None:
        super().__init__("; ".join(said for _, said in parts))
        self.parts = parts

    def told(self, key: str, where: str, marked: Marked | None) -> list[str]:
        """Each as a sentence with its line in the file; ``where`` the whole stands, if it stands in none."""
        found = []
        for loc, said in self.parts:
            file = where.rpartition(", line ")[0]
            line = None if marked is None or not file else marked.at_key((key, *loc), "").line
            place = where if line is None else f"{file}, line {line}"
            found.append(
                f"{'.'.join(map(str, (key, *loc)))} ({place}): {said}{'' if said.endswith('?') else '.'}"
            )
        return found


BRACES = re.compile(r"\{(.+?)\}")
"""Another setting, by its key, in a value."""


def meant(kind: ValueType, text: str) -> object:
    """What a text stands for where a value is wanted: of a variable, or of a default."""
    if kind.numeric:
        return scalar(text)
    if kind.mapped or (kind.listed and text.lstrip().startswith(("[", "- "))):
        marked = read_yaml(text)
        return text if marked.problems else marked.value
    return text


_HOST = r"(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)"


def _host(text: str) -> str:
    """A host as it is looked up, without the brackets of IPv6. Raises ValueError for one that cannot be."""
    host = text.strip("[]")
    if not is_host(host) or text.startswith("[") != (":" in host) or is_multicast(host):
        raise ValueError
    return host


def _port(text: str | None, default: int) -> int:
    port = default if text is None else int(text)
    if not 0 < port < 65536:
        raise ValueError
    return port


def _host_port(value: Any) -> HostPort:
    match = re.fullmatch(rf"{_HOST}:([0-9]{{1,5}})", str(value))
    if not match:
        raise ValueError
    return HostPort(_host(match[1]), _port(match[2], 0))


def _path(value: Any) -> Path:
    if not isinstance(value, str) or not value.startswith("/") or not value.isprintable():
        raise ValueError
    if ".." in value.split("/"):
        raise ValueError
    return Path(value)


def _perhaps_path(value: Any) -> Path | None:
    return None if value == "" else _path(value)


def _socket(value: Any) -> Path:
    if len(str(value).encode()) > _SOCKET_PATH_LIMIT:
        raise ValueError
    return _path(value)


def _url_of(pattern: str) -> Callable[[Any], object]:
    """A URL of this pattern, whose host can be asked and whose port there is."""

    def read(value: Any) -> str:
        match = re.fullmatch(pattern.format(host=_HOST), value) if isinstance(value, str) else None
        if not match or is_unspecified(_host(match["host"])):
            raise ValueError
        _port(match["port"], 80)
        return str(value).rstrip("/")

    return read


def place_of(url: str) -> tuple[str, int]:
    """The host and the port at which a URL is answered."""
    match = re.match(rf"(https?)://{_HOST}(?::([0-9]+))?", url)
    assert match is not None
    return match[2].strip("[]").lower(), _port(match[3], 443 if match[1] == "https" else 80)


def _platforms(value: Any) -> tuple[str, ...]:
    """The names in a list, or in a text with commas between them."""
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError
    found = tuple(dict.fromkeys(name.strip() for name in names))
    if not found or not all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in found):
        raise ValueError
    return found


PLATFORMS = ValueType(
    "a list of one platform or more, for example [ibm_nutanix], or ibm_nutanix,another",
    _platforms,
    listed=True,
)
ANYTHING = ValueType("anything", lambda value: value)
"""What nobody reads: of a platform that is not installed."""
PATH = ValueType("an absolute path without .., for example /var/lib/nxd", _path)
PERHAPS_PATH = ValueType("an absolute path without .., or nothing", _perhaps_path)
SOCKET = ValueType(f"an absolute path of at most {_SOCKET_PATH_LIMIT} bytes", _socket)
LISTEN = ValueType("host:port, for example 0.0.0.0:8080", _host_port)
BASE_URL = ValueType(
    "http://host:port, for example http://10.240.0.5:8080",
    _url_of(r"http://{host}(?::(?P<port>[0-9]{{1,5}}))?"),
)
SECURE_URL = ValueType(
    "http://host:port or https://host:port, for example https://10.240.0.5:8081",
    _url_of(r"https?://{host}(?::(?P<port>[0-9]{{1,5}}))?"),
)
URL = ValueType(
    "a URL, for example https://us-south.iaas.cloud.ibm.com/v1",
    _url_of(r"https?://{host}(?::(?P<port>[0-9]{{1,5}}))?(?:/[\w.~/-]*)?"),
)
PORT = number(1, whole=True, highest=65535)
COUNT = number(1, whole=True)
SECONDS = number(0, above=True)
RATE = number(0, above=True)
