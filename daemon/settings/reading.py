"""What the operator of a jump host decides once: ``nxd.yaml`` and the environment, in one frozen object.

Two kinds of tables name them, that of the house and one of each platform; the reader, the error messages and the
documentation come from these.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from daemon.display.encodings import SETTINGS_LIMIT, NotText, text_in
from daemon.host.state_dir import NAMES
from daemon.platforms import is_installed, manifests, own, wrong
from daemon.platforms.manifest import Manifest
from daemon.settings.kinds import URL, Setting, place_of
from daemon.settings.table import SETTINGS
from daemon.spec.hosts import HostPort, is_loopback, is_unspecified, why_unreachable
from daemon.spec.values import ValueType
from daemon.spec.yaml_marks import Loc, Marked, read_yaml, scalar, unknown

DEFAULT_CONFIG = Path("/etc/nxd/nxd.yaml")
OTHER_VARIABLES = frozenset({"NXD_CONFIG", "NXD_CRASH", "NXD_KEYMAP"})
"""Variables of the same beginning that are no settings: the settings file, a fault point, the keys of nxtui."""


@dataclass(frozen=True)
class Settings:
    """The settings of the house by name; what each means is in ``SETTINGS``. Seconds are daemon seconds.

    ``own`` are those of the platforms that are switched on, by attribute; ``unused`` are the keys of those that were
    given although their platform is not.
    """

    own: Mapping[str, Any]
    unused: tuple[str, ...]
    platforms: tuple[str, ...]
    environment: str
    state_dir: Path
    socket: Path
    images_dir: Path
    boot_listen: HostPort
    boot_url: str
    config_listen: HostPort
    config_url: str
    limits_installs: int
    limits_steps: int
    limits_crashes: int
    limits_connections: int
    limits_connections_per_source: int
    log_keep_days: float
    log_keep_lines: int
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


def every_setting(platforms: Iterable[Manifest]) -> tuple[Setting, ...]:
    """Those of the house, and those of platforms, switched on or not."""
    return (*SETTINGS, *(setting for manifest in platforms for setting in manifest.settings))


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
    marked = _read(path)
    try:
        return _settings(marked, path, environ, own())
    except SettingsError:
        if manifests() == own():
            raise
        return _settings(marked, path, environ, manifests())


def _read(path: Path | None) -> Marked:
    """What stands in the file. Raises SettingsError."""
    if path is None:
        return Marked()
    try:
        return read_yaml(text_in(path, SETTINGS_LIMIT, "settings"))
    except FileNotFoundError:
        raise SettingsError([_NO_FILE.format(path=path)]) from None
    except NotText as error:
        raise SettingsError([f"{path} {error}"]) from None
    except OSError as error:
        raise SettingsError([f"{path} cannot be read ({error}): make it a readable YAML file."]) from None


def platforms_on(path: Path | None, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The platforms that are switched on, whatever else the settings lack. Raises SettingsError."""
    marked = _read(path)
    problems = [f"{path}, line {p.line}, column {p.column}: {p.message}." for p in marked.problems]
    table = [one for one in SETTINGS if one.key == "platforms"]
    given: dict[str, tuple[object, str]] = {}
    if isinstance(marked.value, dict) and "platforms" in marked.value:
        line = marked.at_key(("platforms",), "").line
        given["platforms"] = marked.value["platforms"], f"{path}, line {line}"
    reader = _Reader(table, given, path, environ, problems)
    reader.read(table)
    found: tuple[str, ...] = reader.values.get("platforms", ())
    problems += reader.unknown_platforms([name for name in found if not is_installed(name)], manifests())
    if problems:
        raise SettingsError(problems)
    return found


def _settings(
    marked: Marked, path: Path | None, environ: Mapping[str, str], known: Mapping[str, Manifest]
) -> Settings:
    """The settings, where these platforms are known. Raises SettingsError."""
    problems = [f"{path}, line {p.line}, column {p.column}: {p.message}." for p in marked.problems]
    if problems and marked.value is None:
        raise SettingsError(problems)
    table = every_setting(known.values())
    problems += _strange_variables(table, environ)
    given = _flatten(table, marked, str(path), problems)
    reader = _Reader(table, given, path, environ, problems)
    reader.read(SETTINGS)
    on = reader.values.get("platforms", ())
    lacking = [name for name in on if name not in known]
    problems += reader.unknown_platforms(lacking, known)
    problems += wrong() if lacking else ()
    reader.hold("environment", [known[name].names.environment for name in on if name in known])
    theirs = [one for manifest in known.values() if manifest.name in on for one in manifest.settings]
    reader.read(theirs)
    values, off = reader.values, [one for one in table if one not in SETTINGS and one not in theirs]
    services: list[Any] = [values.get(one.key) for one in theirs if one.endpoint]
    problems += _contradictions(values, None if not on or lacking or None in services else services)
    problems += _fast_for_real(
        values, [values[one.key] for one in theirs if one.kind is URL and one.key in values]
    )
    if problems:
        raise SettingsError(problems)
    house = {one.attribute: values[one.key] for one in SETTINGS}
    unused = tuple(one.key for one in off if one.key in given or environ.get(one.env))
    return Settings(own={one.attribute: values[one.key] for one in theirs}, unused=unused, **house)


_NO_FILE = "There is no settings file at {path}: create it, or name another one with --config or $NXD_CONFIG."


_REFERENCE = re.compile(r"\{(.+?)\}")


def _flatten(
    table: Iterable[Setting], marked: Marked, source: str, problems: list[str]
) -> dict[str, tuple[object, str]]:
    """The file's values by full key, each with where it stands."""
    known = {setting.key for setting in table}
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


def _strange_variables(table: Iterable[Setting], environ: Mapping[str, str]) -> list[str]:
    """What is wrong with the variables that are meant for nxd, whatever their values are."""
    known = {setting.env for setting in table} | OTHER_VARIABLES
    ours = sorted(name for name in environ if name.startswith("NXD_"))
    problems = [unknown("variable", name, known) for name in ours if name not in known]
    empty = [name for name in ours if name in known - {"NXD_CRASH"} and not environ[name].strip()]
    return problems + [f"variable {name} is empty: give it a value, or unset it." for name in empty]


class _Reader:
    """Reads settings one after the other, from the environment, else the file, else the default; what is wrong is added
    to ``problems``."""

    def __init__(
        self,
        table: Iterable[Setting],
        given: Mapping[str, tuple[object, str]],
        path: Path | None,
        environ: Mapping[str, str],
        problems: list[str],
    ) -> None:
        self._known = [setting.key for setting in table]
        self._given = given
        self._path = path
        self._environ = environ
        self._problems = problems
        self.values: dict[str, Any] = {}
        """Those that could be read, by key."""
        self._where: dict[str, str] = {}

    def unknown_platforms(self, names: Iterable[str], known: Collection[str]) -> list[str]:
        """What is wrong with platforms that are not there, with the place at which they are named."""
        where = self._where.get("platforms", "")
        return [f"platforms ({where}): {unknown('platform', name, known)}" for name in names]

    def read(self, table: Iterable[Setting]) -> None:
        """Read every setting of a table; their defaults may name those above them, and those of an earlier table."""
        for setting in table:
            self._read(setting)

    def hold(self, key: str, kinds: Iterable[ValueType]) -> None:
        """Hold a setting to what platforms ask of it beyond what it must be for all."""
        for kind in kinds if key in self.values else ():
            try:
                kind.read(self.values[key])
            except ValueError:
                said = f"{key} ({self._where[key]}): {kind.mistake(self.values[key])}."
                self._problems.append(said)

    def _read(self, setting: Setting) -> None:
        value, where = self._given.get(setting.key, (None, ""))
        as_text = False
        if self._environ.get(setting.env, "").strip():
            value, where, as_text = self._environ[setting.env], f"variable {setting.env}", True
        if value is None and setting.default is None:
            place = f"add it to {self._path} or set" if self._path else "set"
            said = f"{setting.key} is missing: {place} {setting.env}; expected {setting.kind.words}."
            self._problems.append(said)
            return
        if value is None:
            value, where, as_text = setting.default, "its default", True
        self._where[setting.key] = where
        try:
            value = _filled(value, self.values, self._known)
            meant = _meant(setting.kind, str(value)) if as_text else value
            self.values[setting.key] = setting.kind.read(meant)
        except _Unfilled as unfilled:
            if where != "its default":  # else the setting it names is wrong itself
                self._problems.append(f"{setting.key} ({where}) {unfilled}")
        except ValueError as reason:
            found = meant if setting.kind.numeric else value
            self._problems.append(f"{setting.key} ({where}): {str(reason) or setting.kind.mistake(found)}.")


def _meant(kind: ValueType, text: str) -> object:
    """What a text stands for where a value is wanted: of a variable, or of a default."""
    if kind.numeric:
        return scalar(text)
    if kind.listed and text.lstrip().startswith(("[", "- ")):
        marked = read_yaml(text)
        return text if marked.problems else marked.value
    return text


class _Unfilled(Exception):
    """What stands in braces has no value that could be put there."""


def _filled(value: object, values: Mapping[str, object], known: Collection[str]) -> object:
    """A text in which the settings that stand in braces have their values. Raises _Unfilled."""
    if not isinstance(value, str):
        return value

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


def _contradictions(values: dict[str, Any], services: Collection[str] | None) -> list[str]:
    """What is wrong between two settings that are right by themselves; ``services`` are the URLs of
    those outside; None where one of them is wrong itself."""
    problems = []
    ports = [(key, value) for key, value in values.items() if isinstance(value, HostPort)]
    for (one, here), (other, there) in combinations(ports, 2):
        if _overlap(here, there):
            problems.append(f"{other} is {there} and {one} {here}: give each its own port.")
    boot, config = values.get("boot.url"), values.get("config.url")
    if boot is not None and config is not None and place_of(boot) == place_of(config):
        problems.append(f"config.url is {config} and boot.url {boot}, which is one port: each has its own.")
    problems += [] if services is None else _out_of_reach(values, services)
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


def _out_of_reach(values: dict[str, Any], services: Collection[str]) -> list[str]:
    """The URLs that no machine can reach. In the simulated world, whose cloud is on this host, the machines are on it
    too, and an address of loopback leads to it; a name that each looks up for itself does not."""
    here = bool(services) and all(is_loopback(place_of(url)[0]) for url in services)
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


def _fast_for_real(values: dict[str, Any], services: Collection[str]) -> list[str]:
    """A clock that runs at another speed than the services outside, whose limits and deadlines are in real time."""
    speed, real = values.get("clock.speed"), [url for url in services if not is_loopback(place_of(url)[0])]
    if speed in (None, 1.0) or not real:
        return []
    return [
        f"clock.speed is {speed:g}, and {real[0]} is a real service, whose time passes as it does: leave clock.speed "
        "out, which is only for the simulated world on this host."
    ]


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
    """The table of all settings in Markdown, as it stands in the documentation: those of the house, then those of each
    platform."""
    lines = ["| key | environment | must be | default | what it is |", "|---|---|---|---|---|"]
    for setting in every_setting(own().values()):
        default = "must be given" if setting.default is None else f"`{setting.default}`"
        cells = (f"`{setting.key}`", f"`{setting.env}`", setting.kind.words, default, setting.help)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
