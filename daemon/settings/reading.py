"""What the operator of a jump host decides once: ``nxd.yaml`` and the environment, in one frozen object.

``SETTINGS`` is the one table of them; the reader, the error messages and the documentation come from it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daemon.host.state_dir import NAMES
from daemon.settings.kinds import (
    BASE_URL,
    COUNT,
    LISTEN,
    NAME,
    PATH,
    PORT,
    PROFILE,
    RATE,
    REGION,
    SECONDS,
    SOCKET,
    URL,
    Kind,
    number,
    place_of,
)
from daemon.spec import numerals
from daemon.spec.hosts import HostPort, is_loopback, is_unspecified, why_unreachable
from daemon.spec.yaml_marks import Loc, Marked, read_yaml, scalar, unknown

DEFAULT_CONFIG = Path("/etc/nxd/nxd.yaml")
OTHER_VARIABLES = frozenset({"NXD_CONFIG", "NXD_CRASH", "NXD_KEYMAP"})
"""Variables of the same beginning that are no settings: the settings file, a fault point, the keys of nxtui."""


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
    limits_connections: int
    limits_connections_per_source: int
    log_keep_days: float
    log_keep_lines: int
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


SETTINGS: tuple[Setting, ...] = (
    Setting("environment", NAME, None, "Stands first in the name of every object made in the cloud"),
    Setting("state_dir", PATH, "/var/lib/nxd", "Where the database is; one daemon per directory"),
    Setting("socket", SOCKET, "/run/nxd/nxd.sock", "The Unix socket that nxd and nxtui talk to"),
    Setting("images_dir", PATH, "{state_dir}/images", "The boot images and their list, images.json"),
    Setting("boot.listen", LISTEN, "0.0.0.0:8080", "Where scripts and images are served"),
    Setting("boot.url", BASE_URL, None, "The same port as a booting machine reaches it"),
    Setting("config.listen", LISTEN, "0.0.0.0:8081", "Where installers fetch their configuration and report"),
    Setting("config.url", BASE_URL, None, "The same port as an installer reaches it"),
    Setting("ibm.region", REGION, "us-south", "The region of IBM Cloud"),
    Setting("ibm.vpc_url", URL, "https://{ibm.region}.iaas.cloud.ibm.com/v1", "The VPC API"),
    Setting("ibm.dns_url", URL, "https://api.dns-svcs.cloud.ibm.com/v1", "The DNS Services API"),
    Setting("ibm.metadata_url", URL, "http://169.254.169.254", "The instance metadata service, for tokens"),
    Setting("ibm.trusted_profile", PROFILE, None, "The trusted profile the daemon acts as"),
    Setting("ibm.threads", COUNT, "32", "Calls to IBM Cloud at the same time"),
    Setting("ibm.connect_timeout", SECONDS, "5", "Seconds to reach IBM Cloud"),
    Setting("ibm.read_timeout", SECONDS, "30", "Seconds for an answer of IBM Cloud"),
    Setting("prism.port", PORT, "9440", "The port of Prism on a CVM"),
    Setting(
        "limits.installs",
        COUNT,
        "200",
        "Nodes that install at the same time; the others queue. So many fetch 500 MB each from one Gbit/s within "
        "the 15 minutes of that step",
    ),
    Setting("limits.steps", COUNT, "256", "Steps that run at the same time; the others queue"),
    Setting(
        "limits.crashes",
        COUNT,
        "3",
        "Deaths of the daemon in a row after which a record whose step ran is held",
    ),
    Setting(
        "limits.connections",
        COUNT,
        "2048",
        "Connections to both boot ports together; fewer if the host gives too few file descriptors",
    ),
    Setting("limits.connections_per_source", COUNT, "32", "Connections to the boot ports from one address"),
    Setting("log.keep_days", SECONDS, "90", "Days for which the log is kept"),
    Setting(
        "log.keep_lines",
        number(1000, whole=True),
        "1000000",
        "The most lines of the log that are kept; one is about 500 bytes of the database",
    ),
    Setting(
        "rates.vpc_per_second",
        RATE,
        "20",
        "Calls per second to the VPC API at first; the rate learns (half with each 429, up to ten times as many)",
    ),
    Setting(
        "rates.dns_per_second",
        RATE,
        "5",
        "Calls per second to DNS Services at first; the rate learns like the other",
    ),
    Setting("poll.seconds", SECONDS, "10", "Seconds between two looks at something that is waited for"),
    Setting("retry.first_seconds", SECONDS, "2", "Seconds before the first retry; doubled each time"),
    Setting("retry.max_seconds", SECONDS, "120", "The most seconds between two retries"),
    Setting("deadlines.factor", SECONDS, "1.0", "Multiplies every deadline, for slow networks"),
    Setting(
        "clock.speed", SECONDS, "1.0", "Lets time pass faster; only for rehearsals in the simulated world"
    ),
    Setting(
        "clock.origin",
        number(0, highest=1e12),
        "0",
        "The Unix time since which it passes faster; only for rehearsals",
    ),
)
"""Every setting there is, in the order in which it is documented."""


def find_config(option: str | None, environ: Mapping[str, str]) -> Path:
    """Which settings file counts: ``--config``, else ``$NXD_CONFIG``, else ``/etc/nxd/nxd.yaml``.

    Raises SettingsError for an empty variable.
    """
    named = environ.get("NXD_CONFIG")
    if named == "" and not option:
        raise SettingsError(["variable NXD_CONFIG is empty: name the settings file in it, or unset it."])
    return Path(option or named or DEFAULT_CONFIG)


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
    problems += _strange_variables(environ)
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


def _strange_variables(environ: Mapping[str, str]) -> list[str]:
    """What is wrong with the variables that are meant for nxd, whatever their values are."""
    known = {setting.env for setting in SETTINGS} | OTHER_VARIABLES
    ours = sorted(name for name in environ if name.startswith("NXD_"))
    problems = [unknown("variable", name, known) for name in ours if name not in known]
    empty = [name for name in ours if name in known - {"NXD_CRASH"} and not environ[name].strip()]
    return problems + [f"variable {name} is empty: give it a value, or unset it." for name in empty]


def _values(
    given: dict[str, tuple[object, str]], path: Path | None, environ: Mapping[str, str], problems: list[str]
) -> dict[str, Any]:
    """The value of every setting: from the environment, else the file, else the default."""
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        value, where = given.get(setting.key, (None, ""))
        as_text = False
        if environ.get(setting.env, "").strip():
            value, where, as_text = environ[setting.env], f"variable {setting.env}", True
        if value is None and setting.default is None:
            place = f"add it to {path} or set" if path else "set"
            problems.append(
                f"{setting.key} is missing: {place} {setting.env}; it must be {setting.kind.words}."
            )
            continue
        if value is None:
            value, where, as_text = setting.default, "its default", True
        try:
            value = _filled(value, values)
            value = scalar(str(value)) if setting.kind.numeric and as_text else value
            values[setting.key] = setting.kind.read(value)
        except _Unfilled as unfilled:
            if where != "its default":  # else the setting it names is wrong itself
                problems.append(f"{setting.key} ({where}) {unfilled}")
        except ValueError:
            meant = numerals.hint(value, numerals.number) if setting.kind.numeric else ""
            problems.append(f'{setting.key} ({where}) must be {setting.kind.words}; it is "{value}"{meant}.')
    return values


class _Unfilled(Exception):
    """What stands in braces has no value that could be put there."""


def _filled(value: object, values: Mapping[str, object]) -> object:
    """A text in which the settings that stand in braces have their values. Raises _Unfilled."""
    if not isinstance(value, str):
        return value
    known = [setting.key for setting in SETTINGS]

    def put(match: re.Match[str]) -> str:
        key = match[1]
        if key in values:
            return str(values[key])
        if key not in known:
            raise _Unfilled(f"has braces with an {unknown('setting', key, known)}")
        raise _Unfilled(
            f"names {{{key}}}, which has no value here: only settings above it in the table have one"
        )

    return _REFERENCE.sub(put, value)


def _contradictions(values: dict[str, Any]) -> list[str]:
    """What is wrong between two settings that are right by themselves."""
    problems = []
    boot, config = values.get("boot.listen"), values.get("config.listen")
    if boot is not None and config is not None and _overlap(boot, config):
        problems.append(f"config.listen is {config} and boot.listen {boot}: give each its own port.")
    boot, config = values.get("boot.url"), values.get("config.url")
    if boot is not None and config is not None and place_of(boot) == place_of(config):
        problems.append(f"config.url is {config} and boot.url {boot}, which is one port: each has its own.")
    problems += _out_of_reach(values)
    first, most = values.get("retry.first_seconds"), values.get("retry.max_seconds")
    if isinstance(first, float) and isinstance(most, float) and first > most:
        problems.append(
            f"retry.max_seconds ({most:g}) is less than retry.first_seconds ({first:g}): raise it."
        )
    each, every = values.get("limits.connections_per_source"), values.get("limits.connections")
    if each is not None and every is not None and each > every:
        problems.append(
            f"limits.connections_per_source ({each}) is more than limits.connections ({every}), which is of all "
            "sources together: lower it."
        )
    return problems + _socket_in_the_way(values)


def _out_of_reach(values: dict[str, Any]) -> list[str]:
    """The URLs that no machine can reach. In the simulated world, whose cloud is on this host, the machines are on it
    too, and an address of loopback leads to it; a name that each looks up for itself does not."""
    here = "ibm.vpc_url" in values and is_loopback(place_of(values["ibm.vpc_url"])[0])
    found = []
    for key in ("boot.url", "config.url"):
        host = place_of(values[key])[0] if key in values else ""
        why = why_unreachable(host) if host else None
        if why is not None and not (here and is_loopback(host)):
            found.append(
                f"{key} is {values[key]}, and {host} {why}: no machine reaches it there. Name the address of this "
                "host in the network of the machines."
            )
    return found


def _socket_in_the_way(values: dict[str, Any]) -> list[str]:
    """Whether the socket would stand where nxd keeps something else."""
    if "socket" not in values:
        return []
    socket = Path(os.path.normpath(values["socket"]))
    taken: dict[Path, str] = {}
    for key in ("state_dir", "images_dir"):
        if key in values:
            directory = Path(os.path.normpath(values[key]))
            taken |= {path: f"a directory above {key}" for path in directory.parents} | {directory: key}
            if key == "state_dir":
                taken |= {directory / name: f"a file that nxd keeps in {key}" for name in NAMES}
    if socket not in taken:
        return []
    return [f"socket is {socket}, which is {taken[socket]}: give the socket a path of its own."]


def _overlap(one: HostPort, other: HostPort) -> bool:
    """Whether two servers that listen there would meet at an address."""
    everywhere = is_unspecified(one.host) or is_unspecified(other.host)
    return one.port == other.port and (one.host == other.host or everywhere)


def settings_table() -> str:
    """The table of all settings in Markdown, as it stands in the documentation."""
    lines = ["| key | environment | must be | default | what it is |", "|---|---|---|---|---|"]
    for setting in SETTINGS:
        default = "must be given" if setting.default is None else f"`{setting.default}`"
        cells = (f"`{setting.key}`", f"`{setting.env}`", setting.kind.words, default, setting.help)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
