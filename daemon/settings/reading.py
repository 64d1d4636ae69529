"""What the operator of a jump host decides once: ``nxd.yaml`` and the environment, in one frozen object.

Two kinds of tables name them, that of the house and one of each platform; the reader, the error messages and the
documentation come from these.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daemon.display.encodings import SETTINGS_LIMIT, NotText, text_in
from daemon.display.money import Price
from daemon.host.platforms_seen import platforms_seen
from daemon.platforms import broken, is_installed, manifests, own, settings_clashes, why_unusable
from daemon.platforms.manifest import Manifest
from daemon.settings.braces import Unfilled, filled
from daemon.settings.contradictions import contradictions, fast_for_real
from daemon.settings.kinds import ANYTHING, URL, InParts, Setting, meant
from daemon.settings.table import SETTINGS
from daemon.spec.hosts import HostPort
from daemon.spec.values import ValueType
from daemon.spec.yaml_marks import Loc, Marked, read_yaml, unknown

DEFAULT_CONFIG = Path("/etc/nxd/nxd.yaml")
OTHER_VARIABLES = frozenset({"NXD_CONFIG", "NXD_CRASH", "NXD_KEYMAP"})
"""Variables of the same beginning that are no settings: the settings file, a fault point, the keys of nxtui."""


@dataclass(frozen=True)
class Settings:
    """The settings of the house by name; what each means is in ``SETTINGS``. Seconds are daemon seconds.

    ``own`` are those of the platforms that are switched on, by attribute; ``unused`` are the keys of those that were
    given although their platform is not, or not installed any more; ``uninstalled`` are the platforms that are named in
    ``platforms`` although they are not. Where no machine boots from nxd, ``boot_url`` and ``config_url`` may be empty.
    """

    own: Mapping[str, Any]
    unused: tuple[str, ...]
    uninstalled: tuple[str, ...]
    platforms: tuple[str, ...]
    environment: str
    state_dir: Path
    socket: Path
    images_dir: Path
    boot_listen: HostPort
    boot_url: str
    config_listen: HostPort
    config_url: str
    config_certificate: Path | None
    config_key: Path | None
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
    prices: dict[str, Price]
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
        return _settings(marked, path, environ, own(), {})
    except SettingsError:
        absent = _absent(marked, path, environ)
        if manifests() == own() and not absent:
            raise
        return _settings(marked, path, environ, manifests(), absent)


def _absent(
    marked: Marked, path: Path | None, environ: Mapping[str, str]
) -> Mapping[str, tuple[Setting, ...]]:
    """The platforms whose manifest nobody can read now, with the settings that are kept for them: those that were
    installed beside this ledger once and are not now, and those that are installed and cannot be used. Which settings
    one of the latter has only its manifest tells, so that whatever stands in the section of its name is one."""
    seen = seen_beside(path, environ)
    keys = {name: set(known) for name, known in seen.items() if name not in manifests()}
    for name in broken():
        keys[name] = {*keys.get(name, ()), *_in_section(name, marked, environ)}
    return {
        name: tuple(Setting(key, ANYTHING, None, "of a platform that is not there") for key in sorted(known))
        for name, known in keys.items()
    }


def _in_section(name: str, marked: Marked, environ: Mapping[str, str]) -> set[str]:
    """The keys that are given in a section, in the file and in the environment."""
    section = marked.value.get(name) if isinstance(marked.value, dict) else None
    prefix = f"NXD_{name.upper()}_"
    given = {one.removeprefix(prefix).lower() for one in environ if one.startswith(prefix)}
    return {f"{name}.{key}" for key in (*given, *(section if isinstance(section, dict) else ()))}


def one_setting(key: str, path: Path | None, environ: Mapping[str, str]) -> Any:
    """One setting of the house, whatever is wrong with the others. Raises SettingsError."""
    marked = _read(path)
    problems = [f"{path}, line {p.line}, column {p.column}: {p.message}." for p in marked.problems]
    if problems:
        raise SettingsError(problems)
    reader = _Reader(SETTINGS, _flatten(SETTINGS, marked, str(path), []), path, environ, problems, marked)
    reader.read(SETTINGS)
    if key not in reader.values:
        raise SettingsError([said for said in problems if said.startswith(f"{key} ")])
    return reader.values[key]


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


def seen_beside(path: Path | None, environ: Mapping[str, str]) -> Mapping[str, frozenset[str]]:
    """The platforms that were ever installed beside the ledger of these settings, with the keys of theirs."""
    try:
        return platforms_seen(one_setting("state_dir", path, environ))
    except SettingsError:
        return {}


def platforms_on(path: Path | None, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The platforms that are switched on, those too that are not installed any more, whatever else the settings lack.
    Raises SettingsError."""
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
    lacking = [name for name in found if not is_installed(name)]
    seen = seen_beside(path, environ) if lacking else ()
    problems += reader.unknown_platforms([name for name in lacking if name not in seen], manifests())
    if problems:
        raise SettingsError(problems)
    return found


def _settings(
    marked: Marked,
    path: Path | None,
    environ: Mapping[str, str],
    known: Mapping[str, Manifest],
    absent: Mapping[str, tuple[Setting, ...]],
) -> Settings:
    """The settings, where these platforms are known, and those are absent. Raises SettingsError."""
    problems = [f"{path}, line {p.line}, column {p.column}: {p.message}." for p in marked.problems]
    if problems and marked.value is None:
        raise SettingsError(problems)
    table = _table(known.values(), absent.values())
    problems += _strange_variables(table, environ)
    given = _flatten(table, marked, str(path), problems)
    reader = _Reader(table, given, path, environ, problems, marked)
    reader.read(one for one in SETTINGS if not one.for_boot)
    on = reader.values.get("platforms", ())
    boots = any(known[name].boot for name in on if name in known)
    reader.read(one for one in SETTINGS if one.for_boot and (boots or reader.is_given(one)))
    lacking = [name for name in on if name not in known]
    forgiven = _forgiven(lacking, known, absent, reader)
    there = sorted((known[name] for name in on if name in known), key=lambda one: one.name)
    problems += settings_clashes(there)
    reader.hold("environment", [known[name].names.environment for name in on if name in known])
    theirs = [one for manifest in known.values() if manifest.name in on for one in manifest.settings]
    reader.read(theirs)
    values, off = reader.values, [one for one in table if one not in SETTINGS and one not in theirs]
    services: list[Any] = [values.get(one.key) for one in theirs if one.endpoint]
    problems += contradictions(values, None if not on or lacking or None in services else services)
    problems += fast_for_real(
        values, [values[one.key] for one in theirs if one.kind is URL and one.key in values]
    )
    if problems:
        raise SettingsError(problems)
    house = {one.attribute: values.get(one.key, "") if one.for_boot else values[one.key] for one in SETTINGS}
    house["platforms"] = tuple(name for name in on if name in known)
    unused = tuple(one.key for one in off if one.key in given or environ.get(one.env))
    return Settings({one.attribute: values[one.key] for one in theirs}, unused, forgiven, **house)


def _forgiven(
    lacking: Sequence[str], known: Collection[str], absent: Collection[str], reader: _Reader
) -> tuple[str, ...]:
    """Of the platforms that are switched on and not there, those that were there once; what is wrong with the others is
    added to the problems of the reader."""
    if not lacking:
        return ()
    unusable = broken()
    forgiven = tuple(name for name in lacking if name in absent and name not in unusable)
    reader.forget_unknown()
    reader.problems += reader.unknown_platforms(
        [one for one in lacking if one not in (*forgiven, *unusable)], known
    )
    reader.problems += [said for name in lacking for said in why_unusable(name)]
    return forgiven


def _table(known: Iterable[Manifest], absent: Iterable[tuple[Setting, ...]]) -> tuple[Setting, ...]:
    """Every setting that may be given: what is left of a platform that is absent never hides one that is there."""
    there = every_setting(known)
    taken = {one.key for one in there}
    return (*there, *(one for settings in absent for one in settings if one.key not in taken))


_NO_FILE = "There is no settings file at {path}: create it, or name another one with --config or $NXD_CONFIG."


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
        marked: Marked | None = None,
    ) -> None:
        self._marked = marked or Marked()
        self._known = [setting.key for setting in table]
        self._given = given
        self._path = path
        self._environ = environ
        self.problems = problems
        self.values: dict[str, Any] = {}
        """Those that could be read, by key."""
        self._where: dict[str, str] = {}

    def unknown_platforms(self, names: Iterable[str], known: Collection[str]) -> list[str]:
        """What is wrong with platforms that are not there, with the place at which they are named."""
        where = self._where.get("platforms", "")
        return [f"platforms ({where}): {unknown('platform', name, known)}" for name in names]

    def is_given(self, setting: Setting) -> bool:
        """Whether somebody gave it, in the file or the environment."""
        return self._given.get(setting.key, (None, ""))[0] is not None or setting.env in self._environ

    def forget_unknown(self) -> None:
        """Tell nothing of a section that is like none which is known: a platform that is not there may bring it."""
        kept = [said for said in self.problems if "unknown setting" not in said or "did you mean" in said]
        self.problems[:] = kept

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
                self.problems.append(said)

    def _read(self, setting: Setting) -> None:
        value, where = self._given.get(setting.key, (None, ""))
        as_text = False
        if self._environ.get(setting.env, "").strip():
            value, where, as_text = self._environ[setting.env], f"variable {setting.env}", True
        if value is None and setting.default is None:
            place = f"add it to {self._path} or set" if self._path else "set"
            said = f"{setting.key} is missing: {place} {setting.env}; expected {setting.kind.words}."
            self.problems.append(said)
            return
        if value is None:
            value, where, as_text = setting.default, "its default", True
        self._where[setting.key] = where
        try:
            if not setting.kind.mapped:  # braces are its own
                value = filled(value, self.values, self._known)
            given = meant(setting.kind, str(value)) if as_text else value
            self.values[setting.key] = setting.kind.read(given)
        except InParts as wrong:
            lines = self._marked if not as_text else None
            self.problems += wrong.told(setting.key, where, lines)
        except Unfilled as unfilled:
            if where != "its default":  # else the setting it names is wrong itself
                self.problems.append(f"{setting.key} ({where}) {unfilled}")
        except ValueError as reason:
            found = given if setting.kind.numeric else value
            self.problems.append(f"{setting.key} ({where}): {str(reason) or setting.kind.mistake(found)}.")
        except Exception:  # a reader that a platform brings, and that breaks at a value, refuses it
            self.problems.append(f"{setting.key} ({where}): {setting.kind.mistake(value)}.")


def settings_table() -> str:
    """The table of all settings in Markdown, as it stands in the documentation: those of the house, then those of each
    platform."""
    lines = ["| key | environment | must be | default | what it is |", "|---|---|---|---|---|"]
    for setting in every_setting(own().values()):
        needed = "must be given where machines boot from nxd" if setting.for_boot else "must be given"
        default = needed if setting.default is None else f"`{setting.default}`"
        cells = (f"`{setting.key}`", f"`{setting.env}`", setting.kind.words, default, setting.help)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
