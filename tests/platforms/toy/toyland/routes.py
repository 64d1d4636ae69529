"""What a box meets when it is switched on: its script, its label, and where it tells how far it is."""

from __future__ import annotations

from pathlib import Path

from pxe.book import Report
from pxe.routes import BootRoute, BootTable, Mac, Once, Stages, Token
from pxe.status import BadReport, json_object

PATH = "/toy/{server_id}/{token}"
_TOKEN = Token("boot", "path")


def read_events(body: bytes, source: str) -> list[Report]:
    """What a box tells: `{"events": [{"folded": 1}, {"torn": "a corner"}, {"note": "…"}]}`. Raises BadReport."""
    events = json_object(body).get("events")
    if not isinstance(events, list):
        raise BadReport('"events" must be a list.')
    return [_report(event, source) for event in events]


def _report(event: object, source: str) -> Report:
    match event:
        case {"folded": int(sides), **rest}:
            return Report("phase", source, phase=sides, message=str(rest.get("note", "")))
        case {"torn": str(why)}:
            return Report("install_error", source, message=why)
        case {"note": str(note)}:
            return Report("log", source, message=note)
    raise BadReport('An event has "folded", "torn" or "note".')


BOOT = BootTable(
    templates=Path(__file__).parent / "templates",
    routes=(
        BootRoute("GET", PATH, "script", (_TOKEN, Stages(("installing", "installed")))),
        BootRoute(
            "POST",
            f"{PATH}/label",
            "document",
            (_TOKEN, Mac(("nics", "mac")), Stages(("installing",)), Once()),
            "label",
        ),
        BootRoute(
            "POST",
            f"{PATH}/events",
            "report",
            (_TOKEN, Stages(("installing", "installed", "stopped"))),
            "events",
        ),
    ),
    scripts={"installing": "boot", "installed": "installed"},
    sample={"server_id": "left", "colour": "red", "url": "http://10.240.0.5:8080/toy/left/a-token"},
    documents=("label",),
    readers={"events": read_events},
    phases=("one side is folded", "two sides are folded", "all sides are folded"),
)
