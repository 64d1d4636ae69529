"""The documentation says what the code does: its tables come from there, its promises are looked up there."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import pytest

from daemon.api.app import Api
from daemon.cli import COMMANDS
from daemon.clock import ManualClock
from daemon.engine.meters import Meters
from daemon.engine.remedies import text
from daemon.engine.turns import Turns
from daemon.errors.tree import CATALOGUE, ErrorKind
from daemon.platforms import own
from daemon.settings.reading import every_setting, load_settings, settings_table
from pxe.metrics import Counters

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
AGAIN = "what stands there is not what the code says; write it anew with NXD_UPDATE_DOCS=1 and this test"


def errors_table(kinds: Iterable[ErrorKind]) -> str:
    lines = ["| code | what happened | what to do | again? |", "|---|---|---|---|"]
    for kind in kinds:
        lines.append(f"| `{kind.code}` | {kind.cause} | {_remedy_of(kind)} | {kind.retry} |")
    return "\n".join(lines) + "\n"


def _remedy_of(kind: ErrorKind) -> str:
    """What has to be mended, and the verbs of which the first legal one leads on."""
    verbs = [f"`nxd {verb}`" for verb in kind.leads]
    return " ".join(filter(None, (text(kind.mend), f"Then {' or '.join(verbs)}." if verbs else "")))


def metrics_table() -> str:
    clock = ManualClock()
    registry = Meters({}, Turns(clock, cast(Any, None), 1, cast(Any, None)), clock).registry
    Counters(registry)
    lines = ["| metric | sort | what |", "|---|---|---|"]
    for family in registry.collect():
        name = family.name + ("_total" if family.type == "counter" else "")
        lines.append(f"| `{name}` | {family.type} | {family.documentation} |")
    return "\n".join(lines) + "\n"


def table_in(page: Path, name: str, wanted: str) -> str:
    """The table between the marks of that name, after writing it anew if that is asked for."""
    text = page.read_text(encoding="utf-8")
    match = re.search(rf"(<!-- {name} -->\n)(.*?)(<!-- /{name} -->)", text, re.DOTALL)
    assert match, f"{page} has no place for the table: <!-- {name} --> and <!-- /{name} -->"
    if not os.environ.get("NXD_UPDATE_DOCS"):
        return match[2]
    page.write_text(text[: match.start(2)] + wanted + text[match.end(2) :], encoding="utf-8")
    return wanted


def readme() -> str:
    page = ROOT / "README.md"
    assert page.is_file(), "There is no README.md: a newcomer has nowhere to begin."
    return page.read_text(encoding="utf-8")


def pages() -> list[Path]:
    return [*ROOT.glob("*.md"), *DOCS.glob("**/*.md")]


def test_every_setting_is_documented_as_the_daemon_reads_it() -> None:
    assert table_in(DOCS / "settings.md", "settings", settings_table()) == settings_table(), AGAIN


def test_every_error_is_documented_with_its_remedy() -> None:
    table = errors_table(CATALOGUE.values())
    assert table_in(DOCS / "errors.md", "errors", table) == table, AGAIN


@pytest.mark.parametrize("name", own())
def test_every_error_of_a_platform_is_documented_with_its_remedy(name: str) -> None:
    manifest = own()[name]
    told = "".join(f"| `{code}` | {remedy} |\n" for code, remedy in manifest.remedies.items())
    table = f"{errors_table(manifest.errors)}\n| code of all | what to do first |\n|---|---|\n{told}"
    assert table_in(DOCS / "errors.md", f"errors of {name}", table) == table, AGAIN


def test_every_metric_is_documented() -> None:
    assert table_in(DOCS / "operations.md", "metrics", metrics_table()) == metrics_table(), AGAIN


def test_the_settings_file_in_the_documentation_can_be_used(tmp_path: Path) -> None:
    (example,) = re.findall(
        r"```yaml\n(.*?)```", (DOCS / "settings.md").read_text(encoding="utf-8"), re.DOTALL
    )
    file = tmp_path / "nxd.yaml"
    file.write_text(example, encoding="utf-8")
    settings = load_settings(file, {})
    assert (settings.environment, settings.own["ibm_region"], settings.limits_installs) == (
        "lab",
        "eu-de",
        10,
    )
    for setting in every_setting(own().values()):
        if setting.default is None:
            assert f"{setting.key.split('.')[-1]}:" in example, (
                f"{setting.key} must be given, and is not shown"
            )


def test_every_error_code_that_the_code_raises_is_in_the_catalogue() -> None:
    raised: dict[str, str] = {}
    for path in sorted((ROOT / "daemon").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                code = node.args[0]
                if node.func.id in ("NxdError", "OutsideError", "StoreError") and isinstance(
                    code, ast.Constant
                ):
                    raised[str(code.value)] = f"{path.relative_to(ROOT)}:{node.lineno}"
    assert len(raised) > 10
    assert {code: where for code, where in raised.items() if code not in CATALOGUE} == {}


def test_every_code_that_a_driver_brings_is_one_of_a_platforms_own() -> None:
    named = {kind.code for manifest in own().values() for kind in manifest.errors}
    modules = [f"daemon.drivers.{path.stem}" for path in (ROOT / "daemon" / "drivers").glob("*.py")]
    rows = [
        one for name in modules for one in vars(import_module(name)).values() if isinstance(one, ErrorKind)
    ]
    assert rows and {row.code for row in rows} <= named


def test_every_endpoint_of_the_socket_is_described_and_no_other() -> None:
    nothing = cast(Any, None)
    served = {
        f"{route.method} {re.sub(r'{(.+?)}', lambda m: m[1].upper(), route.resource.canonical)}"
        for route in Api(*[nothing] * 7).app().router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    described = {
        f"{method} {path}" for method, path in re.findall(r"(GET|POST|PUT|DELETE) (/v1/[\w/]+)", text)
    }
    assert served - described == set(), "served, but not in docs/api.md"
    assert described - served == set(), "in docs/api.md, but not served"


def commands_shown(text: str) -> set[str]:
    """What stands after `nxd` wherever the text shows code."""
    code = re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL)
    call = re.compile(r"(?:^|[`/;&]|\$|sudo) ?nxd (?:--(?:config|socket) \S+ )?([a-z]+)\b", re.MULTILINE)
    return {command for piece in code for command in call.findall(piece)}


def test_the_readme_shows_every_command() -> None:
    missing = [f"nxd {command}" for command in COMMANDS if command not in commands_shown(readme())]
    assert missing == [], f"README.md does not show {', '.join(missing)}"


def test_a_newcomer_reads_what_has_run_for_real_before_how_to_use_it() -> None:
    told = readme().partition("\n## Use it")[0]
    operations, boot = ((DOCS / name).read_text(encoding="utf-8") for name in ("operations.md", "boot.md"))
    for page in (told, operations.partition("\n## Where it stands")[0], boot.partition("\n| request")[0]):
        assert "simulated" in page and "real" in page and "IBM Cloud" in page and "installer" in page


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_shows_a_command_that_is_not_there(page: Path) -> None:
    strange = commands_shown(page.read_text(encoding="utf-8")) - COMMANDS.keys()
    assert strange == set(), f"{page.relative_to(ROOT)} shows commands that nxd has not: {', '.join(strange)}"


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)[^)]*\)|(?:src|href)=\"([^\"]+)\"", text)
    relative = [a or b for a, b in targets if not re.match(r"[a-z]+:|#", a or b)]
    missing = [target for target in relative if not (page.parent / target.partition("#")[0]).exists()]
    assert missing == [], f"{page.relative_to(ROOT)} links to what is not there: {', '.join(missing)}"


def operations() -> str:
    return re.sub(r"\s+", " ", (DOCS / "operations.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "row",
    [
        "| VPC Infrastructure Services | Editor, Manager |",
        "| VPC Infrastructure Services | IP Spoofing Operator |",
        "| DNS Services | Editor, Manager |",
        "| Resource group | Viewer |",
        "Give it no more than this",
    ],
)
def test_the_roles_of_the_trusted_profile_are_told_and_that_it_needs_no_more(row: str) -> None:
    assert row in operations()


@pytest.mark.parametrize(
    "words",
    [
        "on a segment that only nodes and operators reach",
        "take TCP 8080 and 8081 from the management subnet alone",
        "TFTP (69) is not used",
        "The network ACL of its subnet should say the same",
    ],
)
def test_operators_are_told_how_to_shut_the_boot_server_off_from_others(words: str) -> None:
    assert words in operations()


@pytest.mark.parametrize(
    "words",
    [
        "*waiting for boot* for long",
        "the security group (egress to 8080), the route to the host",
        "Rotate it there",
    ],
)
def test_operators_are_told_where_to_look_for_trouble_and_what_to_rotate(words: str) -> None:
    assert words in operations()
