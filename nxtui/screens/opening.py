"""From a place to the screen that shows it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nxtui.draw.export import draft_file
from nxtui.model.trail import Place

if TYPE_CHECKING:
    from nxtui.app import NxTui
    from nxtui.screens.full_screen import FullScreen


_SHOWN = dict.fromkeys(("calls", "timeline"), "This is shown already: . changes between one and all.")


def show(app: NxTui, place: Place) -> None:
    """Show a place, above what is shown now."""
    match place:
        case Place("entity", str(name)):
            if app.fleet.find(name) is None:
                app.say(f"{name} is gone.")
            app.open_entity(name)
        case Place("spec", str(file)):
            app.open_spec(Path(file))
        case Place("log", name):
            app.open_log(name)
        case Place("said"):
            app.open_said()
        case Place("calls", name):
            from nxtui.screens.calls import CallsScreen

            _push(app, place, CallsScreen, CallsScreen(name))
        case Place("timeline", name):
            from nxtui.screens.timeline import TimelineScreen

            _push(app, place, TimelineScreen, TimelineScreen(name))
        case Place("map", str(name)):
            from nxtui.screens.map import MapScreen

            entity = app.fleet.find(name)
            _push(app, place, MapScreen, MapScreen(entity["cluster"] if entity else name, name))
        case Place("applied", str(name)):
            from nxtui.screens.applied import AppliedScreen

            _push(app, place, AppliedScreen, AppliedScreen(name))
        case Place("checks", str(name)):
            from nxtui.screens.checks import ChecksScreen

            of_file = None if name in app.fleet.clusters else Path(name)
            said = name if of_file is None else of_file.name
            _push(app, place, ChecksScreen, ChecksScreen(said, of_file))
        case Place("audit"):
            from nxtui.screens.audit import AuditScreen

            _push(app, place, AuditScreen, AuditScreen())


def show_draft(app: NxTui, cluster: str, text: str, edits: bool, is_known: bool) -> None:
    """Show the draft of a cluster's spec, in a file that an editor finds or in this window alone; ``edits``: edit it
    first; ``is_known``: the daemon has just this text."""
    from nxtui.screens.draft import DraftScreen
    from nxtui.screens.spec import SpecScreen

    try:
        screen = (
            SpecScreen(draft_file(cluster, text), cluster, text if is_known else "")
            if app.writes_files
            else DraftScreen(cluster, text)
        )
    except OSError as cause:
        app.say(f"No draft can be written here ({cause.strerror}).", "warning")
        return
    app.trail.visit(screen.place())
    app.push_screen(screen)
    if edits:
        screen.call_after_refresh(screen.action_edit)


def _push(app: NxTui, place: Place, kind: type[FullScreen], screen: FullScreen) -> None:
    """Put a screen above the others, unless one of its kind is in front."""
    if isinstance(app.screen, kind):
        app.say(_SHOWN.get(place.kind, "This is shown already."))
        return
    app.trail.visit(place)
    app.push_screen(screen)
