"""Finds in what a platform's machines meet whatever would let a stranger in or leave a machine standing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from jinja2 import Environment, TemplateError, meta

from pxe.agent.archive import FIRST_PROGRAM
from pxe.agent.archive import NAME as AGENT_NAME
from pxe.lint import lint_script
from pxe.render import RenderError, render_script
from pxe.routes import (
    NAME,
    SERVER_ID,
    TOKEN,
    BootRoute,
    BootTable,
    Mac,
    Once,
    Source,
    Stages,
    Token,
    script_of,
)

HOUSE_PATHS = ("/healthz", "/metrics")
"""Paths that belong to no platform."""
OF_EVERY_SCRIPT = {"boot": "1", "pin": "sha256//AAAA="}
"""The names by which every script is given the number of its boot and what the key of the configuration port is known
by, with examples."""


def lint_table(table: BootTable) -> list[str]:
    """What is wrong with a table, one sentence each; empty if nothing is."""
    problems = [
        f"{route.method} {route.path}: {said}" for route in table.routes for said in _route(route, table)
    ]
    for shape, count in Counter(route.shape for route in table.routes).items():
        if count > 1:
            problems.append(f"{shape[1]} {shape[2]}: stands more than once on the {shape[0]} port")
    return [*problems, *_scripts(table), *_templates(table)]


def _route(route: BootRoute, table: BootTable) -> Iterator[str]:
    if route.path in HOUSE_PATHS:
        yield "this path is nxd's own"
    if strange := set(route.names) - {SERVER_ID, TOKEN, NAME}:
        yield f"a segment cannot be called {', '.join(sorted(strange))}"
    yield from _proofs(route)
    if NAME in route.names and route.what:
        yield f"it names {route.what} and lets the path name another one"
    match route.serves:
        case "script" if not table.scripts:
            yield "there are no scripts"
        case "image" if NAME not in route.names:
            yield "the path has to name the image: {name}"
        case "document" if NAME not in route.names and route.what not in table.documents:
            yield f"there is no document {route.what!r}"
        case "report" if route.what not in table.readers:
            yield f"there is no reader {route.what!r}"
        case "report" if route.method != "POST":
            yield "a report has to be posted"


def _proofs(route: BootRoute) -> Iterator[str]:
    if route.proof(Stages) is None:
        yield "it names no stages"
    secret, mac = route.proof(Token), route.proof(Mac)
    if secret is None and route.proof(Source) is None:
        yield "it asks for neither a token nor the source address"
    if secret is None and mac is None and route.serves not in ("image", "agent"):
        yield "it asks for neither a token nor a MAC"
    in_path = [proof.name for proof in route.proofs if isinstance(proof, Token) and proof.place == "path"]
    if in_path != [TOKEN] * route.names.count(TOKEN):
        yield "a token in the path has to be the segment {token}, and one that is there has to be asked for"
    if mac is not None and route.method != "POST":
        yield "a MAC stands in a body, and only what is posted has one"
    if route.proof(Once) is not None and route.serves != "document":
        yield "only a document is given once"


def _scripts(table: BootTable) -> Iterator[str]:
    strange = set(table.opening) - set(table.scripts.values())
    if strange and table.scripts:
        yield f"no stage has the script {', '.join(sorted(strange))}"
    strange = set(table.agent) - set(table.scripts.values())
    if strange:
        yield f"no stage has the script {', '.join(sorted(strange))}, which is to append the agent"
    if table.agent and not any(route.serves == "agent" for route in table.routes):
        yield "its scripts append the agent, and no route serves it"
    for name, file in _named_files(table):
        try:
            text = render_script(table.templates, file, {**table.sample, **OF_EVERY_SCRIPT})
        except RenderError as error:
            yield f"{file}: {error}"
        else:
            yield from (f"{file}: {said}" for said in (*lint_script(text), *_agent(table, name, text)))


def _agent(table: BootTable, name: str, text: str) -> Iterator[str]:
    """The kernel runs what is appended, and nothing that is not: else it has no first program."""
    appended = any(line.startswith("initrd ") and f"/{AGENT_NAME} " in line for line in text.splitlines())
    loaded = f" initrd={AGENT_NAME} " in text
    if {name in table.agent, appended, loaded, f" rdinit={FIRST_PROGRAM} " in text} != {name in table.agent}:
        yield (
            f"rdinit={FIRST_PROGRAM} and initrd={AGENT_NAME} of the kernel, an initrd line with {AGENT_NAME}, and the "
            "table's word that it appends the agent belong together"
        )


def lint_files(table: BootTable) -> list[str]:
    """Which scripts of a table are gone from the disk, whatever a daemon that runs has read before; its next start
    needs them."""
    folder = table.templates
    return [
        f"{file}: it is not in {folder} any more" for file in _files(table) if not (folder / file).is_file()
    ]


def _files(table: BootTable) -> list[str]:
    return [file for _, file in _named_files(table)]


def _named_files(table: BootTable) -> list[tuple[str, str]]:
    """Each script with each file that it has."""
    personalities = {route.personality for route in table.routes if route.serves == "script"}
    return sorted({(name, script_of(name, one)) for name in table.scripts.values() for one in personalities})


def _templates(table: BootTable) -> Iterator[str]:
    """Names that nobody fills, also where no sample leads."""
    known = {*table.sample, *OF_EVERY_SCRIPT}
    for path in sorted(table.templates.glob("*.j2")):
        try:
            used = meta.find_undeclared_variables(
                Environment(autoescape=False).parse(path.read_text("utf-8"))
            )
        except TemplateError as error:
            yield f"{path.name}: it is broken: {error}"
        else:
            yield from (f"{path.name}: nobody fills {name}" for name in sorted(used - known))
