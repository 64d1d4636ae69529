"""What the operator of a jump host decides once: ``nxd.yaml`` and the environment, in one frozen object.

``SETTINGS`` is the one table of them; the reader, the error messages and the documentation come from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daemon.yaml_marks import Loc, Marked, read_yaml, scalar, unknown

DEFAULT_CONFIG = Path("/etc/nxd/nxd.yaml")
_SOCKET_PATH_LIMIT = 107
"""Bytes of a path that Linux can bind a Unix socket to (sun_path, less the closing zero)."""


@dataclass(frozen=True)
class HostPort:
    """An address to listen on."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Settings:
    """All settings by name; what each means is in ``SETTINGS``. Seconds are daemon seconds."""

    environment: str
    state_dir: Path
    socket: Path
    images_dir: Path
    boot_listen: HostPort
    boot_url: str
    config_listen: HostPort
    config_url: str
    ibm_region: str
    ibm_vpc_url: str
    ibm_dns_url: str
    ibm_metadata_url: str
    ibm_trusted_profile: str
    ibm_threads: int
    ibm_connect_timeout: float
    ibm_read_timeout: float
    prism_port: int
    limits_installs: int
    limits_steps: int
    limits_crashes: int
    rates_vpc_per_second: float
    rates_dns_per_second: float
    poll_seconds: float
    retry_first_seconds: float
    retry_max_seconds: float
    deadlines_factor: float
    clock_speed: float
    clock_origin: float


class SettingsError(Exception):
    """The settings cannot be used. ``problems`` holds every reason, each one sentence."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Kind:
    """What a value must be, in words, and how it is read. ``read`` raises ValueError."""

    words: str
    read: Callable[[Any], object]
    numeric: bool = False


@dataclass(frozen=True)
class Setting:
    """One setting. ``default`` None: it must be given; braces in it name other settings."""

    key: str
    kind: Kind
    default: str | None
    help: str

    @property
    def attribute(self) -> str:
        """Its name in ``Settings``."""
        return self.key.replace(".", "_")

    @property
    def env(self) -> str:
        """The environment variable that overrides the file."""
        return f"NXD_{self.attribute.upper()}"


def _matching(pattern: str) -> Callable[[Any], object]:
    compiled = re.compile(pattern)

    def read(value: Any) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise ValueError
        return value

    return read


def _host_port(value: Any) -> HostPort:
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:]+)\]|([A-Za-z0-9.-]+)):([0-9]{1,5})", str(value))
    if not match or not 0 < int(match[3]) < 65536:
        raise ValueError
    return HostPort(match[1] or match[2], int(match[3]))


def _path(value: Any) -> Path:
    if not isinstance(value, str) or not value.startswith("/"):
        raise ValueError
    return Path(value)


def _socket(value: Any) -> Path:
    if len(str(value).encode()) > _SOCKET_PATH_LIMIT:
        raise ValueError
    return _path(value)


def _url(value: Any) -> str:
    host = r"(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])"
    if not isinstance(value, str) or not re.fullmatch(
        rf"https?://{host}(:[0-9]{{1,5}})?(/[\w.~/-]*)?", value
    ):
        raise ValueError
    return value.rstrip("/")


def _number(lowest: float, above: bool = False, whole: bool = False, highest: float = 1e9) -> Kind:
    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            raise ValueError
        if value < lowest or value > highest or (above and value == lowest):
            raise ValueError
        return value if whole else float(value)

    words = f"a {'whole ' if whole else ''}number {'above' if above else 'from'} {lowest:g}"
    return Kind(
        f"{words} to {highest:g}" if highest < 1e9 else f"{words} on" if not above else words, read, True
    )


_NAME = Kind(
    'a name of at most 20 characters: lower case letters, digits and "-", a letter first, no "-" at the end',
    _matching(r"[a-z](?:[a-z0-9-]{0,18}[a-z0-9])?"),
)
_PATH = Kind("an absolute path, for example /var/lib/nxd", _path)
_SOCKET = Kind(f"an absolute path of at most {_SOCKET_PATH_LIMIT} bytes", _socket)
_LISTEN = Kind("host:port, for example 0.0.0.0:8080", _host_port)
_BASE_URL = Kind(
    "http://host:port, for example http://10.240.0.5:8080",
    _matching(r"http://(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?"),
)
_URL = Kind("a URL, for example https://us-south.iaas.cloud.ibm.com/v1", _url)
_REGION = Kind("a region's name, for example us-south", _matching(r"[a-z]{2,}(?:-[a-z0-9]+)+"))
_PROFILE = Kind("an id (Profile-…) or a CRN (crn:…)", _matching(r"Profile-[0-9A-Za-z-]+|crn:[^\s]+"))
_PORT = _number(1, whole=True, highest=65535)
_COUNT = _number(1, whole=True)
_SECONDS = _number(0, above=True)
_RATE = _number(0, above=True)

SETTINGS: tuple[Setting, ...] = (
    Setting("environment", _NAME, None, "Stands first in the name of every object made in the cloud"),
    Setting("state_dir", _PATH, "/var/lib/nxd", "Where the database is; one daemon per directory"),
    Setting("socket", _SOCKET, "/run/nxd/nxd.sock", "The Unix socket that nxd and nxtui talk to"),
    Setting("images_dir", _PATH, "{state_dir}/images", "The boot images and their list, images.json"),
    Setting("boot.listen", _LISTEN, "0.0.0.0:8080", "Where scripts and images are served"),
    Setting("boot.url", _BASE_URL, None, "The same port as a booting machine reaches it"),
    Setting(
        "config.listen", _LISTEN, "0.0.0.0:8081", "Where installers fetch their configuration and report"
    ),
    Setting("config.url", _BASE_URL, None, "The same port as an installer reaches it"),
    Setting("ibm.region", _REGION, "us-south", "The region of IBM Cloud"),
    Setting("ibm.vpc_url", _URL, "https://{ibm.region}.iaas.cloud.ibm.com/v1", "The VPC API"),
    Setting("ibm.dns_url", _URL, "https://api.dns-svcs.cloud.ibm.com/v1", "The DNS Services API"),
    Setting("ibm.metadata_url", _URL, "http://169.254.169.254", "The instance metadata service, for tokens"),
    Setting("ibm.trusted_profile", _PROFILE, None, "The trusted profile the daemon acts as"),
    Setting("ibm.threads", _COUNT, "32", "Calls to IBM Cloud at the same time"),
    Setting("ibm.connect_timeout", _SECONDS, "5", "Seconds to reach IBM Cloud"),
    Setting("ibm.read_timeout", _SECONDS, "30", "Seconds for an answer of IBM Cloud"),
    Setting("prism.port", _PORT, "9440", "The port of Prism on a CVM"),
    Setting("limits.installs", _COUNT, "25", "Nodes that install at the same time; the others queue"),
    Setting("limits.steps", _COUNT, "256", "Steps that run at the same time; the others queue"),
    Setting(
        "limits.crashes",
        _COUNT,
        "3",
        "Deaths of the daemon in a row after which a record whose step ran is held",
    ),
    Setting("rates.vpc_per_second", _RATE, "20", "Calls per second to the VPC API"),
    Setting("rates.dns_per_second", _RATE, "5", "Calls per second to DNS Services"),
    Setting("poll.seconds", _SECONDS, "10", "Seconds between two looks at something that is waited for"),
    Setting("retry.first_seconds", _SECONDS, "2", "Seconds before the first retry; doubled each time"),
    Setting("retry.max_seconds", _SECONDS, "120", "The most seconds between two retries"),
    Setting("deadlines.factor", _SECONDS, "1.0", "Multiplies every deadline, for slow networks"),
    Setting(
        "clock.speed", _SECONDS, "1.0", "Lets time pass faster; only for rehearsals in the simulated world"
    ),
    Setting(
        "clock.origin",
        _number(0, highest=1e12),
        "0",
        "The Unix time since which it passes faster; only for rehearsals",
    ),
)
"""Every setting there is, in the order in which it is documented."""


def find_config(option: str | None, environ: Mapping[str, str]) -> Path:
    """Which settings file counts: ``--config``, else ``$NXD_CONFIG``, else ``/etc/nxd/nxd.yaml``."""
    return Path(option or environ.get("NXD_CONFIG") or DEFAULT_CONFIG)


def load_settings(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """The settings from the file at ``path`` (None: no file), overridden by the environment.

    Raises SettingsError with everything that is wrong at once.
    """
    problems: list[str] = []
    marked = Marked()
    if path is not None:
        try:
            marked = read_yaml(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise SettingsError([_NO_FILE.format(path=path)]) from None
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError([f"{path} cannot be read ({error}): make it a readable YAML file."]) from None
        problems += [f"{path}, line {p.line}, column {p.column}: {p.message}." for p in marked.problems]
        if problems and marked.value is None:
            raise SettingsError(problems)
    given = _flatten(marked, str(path), problems)
    values: dict[str, Any] = _values(given, path, environ, problems)
    problems += _contradictions(values)
    if problems:
        raise SettingsError(problems)
    return Settings(**{setting.attribute: values[setting.key] for setting in SETTINGS})


_NO_FILE = "There is no settings file at {path}: create it, or name another one with --config or $NXD_CONFIG."


_REFERENCE = re.compile(r"\{(.+?)\}")


def _flatten(marked: Marked, source: str, problems: list[str]) -> dict[str, tuple[object, str]]:
    """The file's values by full key, each with where it stands."""
    known = {setting.key for setting in SETTINGS}
    sections = {key.split(".")[0] for key in known if "." in key}
    given: dict[str, tuple[object, str]] = {}
    if marked.value is not None and not isinstance(marked.value, dict):
        problems.append(f"{source} must hold one setting per line, for example environment: lab.")
    for top, value in marked.value.items() if isinstance(marked.value, dict) else ():
        inner = value if top in sections and isinstance(value, dict) else {}
        places: list[Loc] = [(top, name) for name in inner] or [(top,)]
        for loc in places:
            key = ".".join(map(str, loc))
            line = marked.at_key(loc, "").line
            if key in known:
                given[key] = (inner[loc[1]] if inner else value, f"{source}, line {line}")
            elif key not in sections:
                problems.append(f"{source}, line {line}: {unknown('setting', key, known)}")
            elif value is not None and not isinstance(value, dict):
                names = ", ".join(k.split(".")[1] for k in sorted(known) if k.startswith(f"{key}."))
                problems.append(f"{source}, line {line}: {key} must hold one or more of {names}, indented.")
    return given


def _values(
    given: dict[str, tuple[object, str]], path: Path | None, environ: Mapping[str, str], problems: list[str]
) -> dict[str, Any]:
    """The value of every setting: from the environment, else the file, else the default."""
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        value, where = given.get(setting.key, (None, ""))
        if setting.env in environ:
            text = environ[setting.env]
            value, where = scalar(text) if setting.kind.numeric else text, f"variable {setting.env}"
        if value is None and setting.default is None:
            place = f"add it to {path} or set" if path else "set"
            problems.append(
                f"{setting.key} is missing: {place} {setting.env}; it must be {setting.kind.words}."
            )
            continue
        if value is None:
            try:
                text = _REFERENCE.sub(lambda match: str(values[match[1]]), setting.default or "")
            except KeyError:
                continue
            value, where = scalar(text) if setting.kind.numeric else text, "its default"
        try:
            values[setting.key] = setting.kind.read(value)
        except ValueError:
            problems.append(f'{setting.key} ({where}) must be {setting.kind.words}; it is "{value}".')
    return values


def _contradictions(values: dict[str, Any]) -> list[str]:
    """What is wrong between two settings that are right by themselves."""
    problems = []
    boot, config = values.get("boot.listen"), values.get("config.listen")
    if boot is not None and boot == config:
        problems.append(f"config.listen is {config} like boot.listen: give each its own port.")
    first, most = values.get("retry.first_seconds"), values.get("retry.max_seconds")
    if isinstance(first, float) and isinstance(most, float) and first > most:
        problems.append(
            f"retry.max_seconds ({most:g}) is less than retry.first_seconds ({first:g}): raise it."
        )
    return problems


def settings_table() -> str:
    """The table of all settings in Markdown, as it stands in the documentation."""
    lines = ["| key | environment | must be | default | what it is |", "|---|---|---|---|---|"]
    for setting in SETTINGS:
        default = "must be given" if setting.default is None else f"`{setting.default}`"
        cells = (f"`{setting.key}`", f"`{setting.env}`", setting.kind.words, default, setting.help)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
