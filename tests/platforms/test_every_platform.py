"""What every platform promises, whoever brings it: those that come with nxd, and each that lives in a folder here."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from importlib.metadata import distributions
from pathlib import Path

import pytest

from daemon.cli import COMMANDS
from daemon.clock import ManualClock
from daemon.errors.tree import ErrorKind, by_code, kind_of
from daemon.platforms import own
from daemon.platforms.found import GROUP
from daemon.platforms.lint import asks_for_another_spec
from daemon.platforms.lint_parts import mistakes_at_rest
from daemon.platforms.lint_remedies import stands_in
from daemon.platforms.manifest import Manifest
from daemon.platforms.whole import looked_through
from daemon.settings.reading import SettingsError, load_settings
from daemon.spec.names import NameRule
from daemon.spec.reading import ClusterSpec, json_schema, load_spec
from state_machines.draw import diagram
from state_machines.kind import Kind
from state_machines.verbs import COMMANDS_TAKEN, SHARED
from tests.house_rules import FUNCTIONS, STANDARD
from tests.house_source import Source, borrowers, house, users
from tests.test_architecture import strangers
from tests.test_house_rules import computing, heavy

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FOLDERS = sorted(path.parent.parent for path in HERE.glob("*/*.dist-info/entry_points.txt"))
HOUSE = {
    "NXD_ENVIRONMENT": "lab",
    "NXD_BOOT_URL": "http://10.240.0.5:8080",
    "NXD_CONFIG_URL": "http://10.240.0.5:8081",
}
SAMPLES = {"a name": "lab", "an id": "Profile-1", "a URL": "http://10.0.0.9:80"}


@pytest.fixture(params=[*own(), *(path.name for path in FOLDERS)])
def manifest(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manifest]:
    """One platform's manifest; a folder's modules can be imported while it is looked at."""
    if request.param in own():
        yield own()[request.param]
        return
    before = set(sys.modules)
    monkeypatch.syspath_prepend(HERE / request.param)
    (found,) = [
        point.load()
        for one in distributions(path=[str(HERE / request.param)])
        for point in one.entry_points.select(group=GROUP)
    ]
    yield found
    for name in set(sys.modules) - before:
        if name.partition(".")[0] == found.name:
            del sys.modules[name]


def kinds(manifest: Manifest) -> list[Kind]:
    tables = import_module(manifest.tables)
    return [tables.NODE, tables.CLUSTER]


def variables(manifest: Manifest) -> dict[str, str]:
    """The settings that have to be given while it is on."""
    needed = [setting for setting in manifest.settings if setting.default is None]
    values = {
        setting.env: next(value for words, value in SAMPLES.items() if setting.kind.words.startswith(words))
        for setting in needed
    }
    return {**HOUSE, **values, "NXD_PLATFORMS": manifest.name}


def test_its_tables_can_be_drawn(manifest: Manifest) -> None:
    for kind in kinds(manifest):
        assert "-->" in diagram(kind)


def test_none_of_its_own_verbs_has_the_name_of_a_command(manifest: Manifest) -> None:
    for kind in kinds(manifest):
        assert set(kind.verbs) & set(COMMANDS) <= set(SHARED)
    assert set(COMMANDS) == COMMANDS_TAKEN | set(SHARED)


def folder_of(manifest: Manifest) -> Path:
    """The folder of its package."""
    return Path(str(import_module(manifest.platform).__file__)).parent


def sources_of(manifest: Manifest, package: str) -> list[Source]:
    """The modules of its package, as those of a package of this name."""
    return [Source(f"{package}.{path.stem}", path) for path in sorted(folder_of(manifest).rglob("*.py"))]


def test_it_imports_no_more_than_a_platform_may(manifest: Manifest) -> None:
    package, sources = manifest.platform.rpartition(".")[0], sources_of(manifest, "daemon.platforms.theirs")
    told = strangers(sources)
    assert sources and [one for one in told if f" imports {package}." not in one] == []


def test_it_leaves_processes_sockets_and_the_clock_to_the_house(manifest: Manifest) -> None:
    named = sources_of(manifest, "daemon.platforms.theirs")
    assert [one for what, owners in STANDARD.items() for one in borrowers(named, what, owners)] == []
    assert [one for what, owners in FUNCTIONS.items() for one in users(named, what, owners)] == []
    assert computing(named) == []


@pytest.mark.parametrize("role", ["manifest", "spec"])
def test_its_manifest_and_its_spec_reach_neither_drivers_nor_the_engine(
    manifest: Manifest, role: str
) -> None:
    package = manifest.platform.rpartition(".")[0]
    others = [source for source in house() if not source.name.startswith(package)]
    assert heavy([*others, *sources_of(manifest, package)], package, role) == []


def test_each_of_its_samples_is_a_spec(manifest: Manifest) -> None:
    root = ROOT / "sample-specs" if manifest.name in own() else folder_of(manifest).parent
    whole = [path for path in root.rglob("*.yaml") if path.parent.name != "broken"]
    texts = {str(path): path.read_text(encoding="utf-8") for path in whole}
    samples = {path: text for path, text in texts.items() if f"\nplatform: {manifest.name}\n" in f"\n{text}"}
    assert samples
    steps = {step: True for kind in kinds(manifest) for step in kind.steps}
    for path, text in samples.items():
        load_spec(text, path, lambda _: import_module(manifest.spec).MODEL, lambda _: steps)


async def test_nothing_is_wrong_with_it_by_the_rule_with_which_a_daemon_starts(
    manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.settings.reading.manifests", lambda: {**own(), manifest.name: manifest})
    platform, mistakes = looked_through(manifest, load_settings(None, variables(manifest)), ManualClock())
    assert mistakes == [] and platform is not None
    assert tuple(platform.objects.values()) == manifest.objects
    assert platform.remedies == manifest.remedies
    assert tuple(platform.errors.values()) == manifest.errors
    await platform.close()


def test_every_code_of_an_error_that_it_can_raise_is_known_and_has_something_to_do(
    manifest: Manifest,
) -> None:
    """A code whose row tells nothing that a person does first needs a remedy where it is raised, a verb that leads on,
    or one of the manifest. Its own codes stand in the manifest, each with its remedy."""
    raised = set(codes(manifest))
    assert raised
    for code, has_remedy in raised:
        row = kind_of(code, by_code(manifest.errors))
        assert row is not None, code
        assert has_remedy or row.mend or row.leads or code in manifest.remedies, code


def codes(manifest: Manifest) -> Iterator[tuple[str, bool]]:
    """Each code that the sources of a package raise, by its name or as a row, and whether they say what to do."""
    package = manifest.platform.rpartition(".")[0]
    folder = folder_of(manifest)
    for path in folder.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or getattr(call.func, "id", "") not in (
                "NxdError",
                "OutsideError",
            ):
                continue
            code = call.args[0] if call.args else None
            module = f"{package}.{path.relative_to(folder).with_suffix('').as_posix().replace('/', '.')}"
            row = getattr(import_module(module), code.id, None) if isinstance(code, ast.Name) else None
            has_remedy = any(key.arg == "remedy" for key in call.keywords)
            if isinstance(code, ast.Constant):
                yield str(code.value), has_remedy
            elif isinstance(row, ErrorKind):
                yield row.code, has_remedy


def test_what_a_person_shall_change_in_the_spec_is_a_setting_that_there_is(manifest: Manifest) -> None:
    """A change of the spec is told as one, wherever a platform tells it."""
    fields = import_module(manifest.spec).MODEL.model_json_schema()
    sentences, named = spec_remedies(manifest)
    assert [text for text in sentences if asks_for_another_spec(text) and "oll back" not in text] == []
    assert [setting for setting in named if not stands_in(fields, setting, fields)] == []


def spec_remedies(manifest: Manifest) -> tuple[list[str], list[str]]:
    """What the sources of a platform tell as something outside, and the settings that they name as to be changed."""
    sentences: list[str] = []
    named: list[str] = []
    for path in folder_of(manifest).rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            function = getattr(call.func, "id", "")
            texts = [str(one.value) for one in call.args if isinstance(one, ast.Constant)]
            keys = {
                one.arg: str(one.value.value) for one in call.keywords if isinstance(one.value, ast.Constant)
            }
            sentences += [*(texts if function == "outside" else ()), keys.get("remedy", "")]
            named += texts[:1] if function == "in_spec" else ()
            named += [
                text for text in texts if function == "_spec" and re.fullmatch(r"[a-z_]+[.][a-z_.]+", text)
            ]
            named += [keys["setting"]] if keys.get("setting") else ()
    return sentences, named


def test_its_spec_has_a_schema(manifest: Manifest) -> None:
    model: type[ClusterSpec] = import_module(manifest.spec).MODEL
    assert {"platform", "cluster", "nodes"} <= set(json_schema(model)["properties"])


def test_the_names_in_its_spec_are_held_to_the_rule_of_its_manifest(manifest: Manifest) -> None:
    other = replace(manifest, names=NameRule(manifest.names.longest - 1))
    told = [one for one in mistakes_at_rest(other) if "is not held to the names of its manifest" in one]
    assert ["name of a node" in told[0], "field cluster" in told[1]] == [True, True], told


def test_its_settings_are_of_a_section_of_their_own_and_needed_only_while_it_is_on(
    manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.settings.reading.manifests", lambda: {**own(), manifest.name: manifest})
    given = variables(manifest)
    assert load_settings(None, given).platforms == (manifest.name,)
    for missing in set(given) - set(HOUSE) - {"NXD_PLATFORMS"}:
        with pytest.raises(SettingsError, match=missing):
            load_settings(None, {key: value for key, value in given.items() if key != missing})
