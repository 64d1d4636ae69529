"""Where the daemon of a cell is stopped, in the words of `NXD_CRASH`."""

from __future__ import annotations

from axes import LOST, REFUSED
from cells import Cell

LEAVING = "removing_nodes"
"""The step in which a host leaves its cluster."""
_NOT_ANSWERED = (*REFUSED, *LOST, "F5a", "F10a")


def crash_of(cell: Cell, node: str, cluster: str) -> str:
    """Where the first daemon of a cell is stopped; empty for a kill from outside."""
    if cell.call.way != "ledger":
        points = _of_a_state(cell, node if cell.call.of == "node" else cluster)
    elif cell.direction == "make":
        points = _of_a_create(cell, node if cell.call.of == "node" else cluster)
    else:
        points = _of_a_delete(cell, node, cluster)
    return points.get(cell.point, "")


def _in_the_middle(place: str) -> dict[str, str]:
    """What all begins with a stop in the middle of a call."""
    stopped = dict.fromkeys(("P14", "P15", "P15a", "P15b"), f"{place}!stop")
    return {"P10": place, "P11": place, **stopped}


def _of_a_create(cell: Cell, owner: str) -> dict[str, str]:
    where = f"{owner}/{cell.kind}"
    refused = cell.fault in (*_NOT_ANSWERED, "F7a", "F7b", "F15")
    if (cell.kind, cell.fault) == ("nutanix_host", "F14"):
        refused = False  # another CVM of the cluster takes the password
    answered = f"call_refused@{where}" if refused else f"after_call@{where}"
    waits = owner if cell.kind == "nutanix_cluster" else f"{owner}/{cell.call.step}"
    return {
        "P0": f"before_intent@{where}",
        "P1": f"before_intent@{where}>queued",
        "P2": f"after_intent@{where}",
        "P5": answered,
        "P6": f"{answered}>after_commit@{owner}",
        "P7": f"after_result@{where}",
        "P9": f"after_intent@{where}>timer_written@{waits}",
        "P13": f"queued@{owner}/resume",
        **_in_the_middle(f"after_result@{where}" if cell.fault == "F12" else f"after_intent@{where}"),
    }


def _of_a_delete(cell: Cell, node: str, cluster: str) -> dict[str, str]:
    prism = cell.call.service == "prism"
    owner, state = (cluster, LEAVING) if prism else (node, "rolling_back")
    where = f"{owner}/{cell.kind}"
    fails = cell.fault in _NOT_ANSWERED or (prism and cell.fault == "F15")
    begun = f"before_delete@{where}"
    return {
        "P0": f"before_deleting@{where}",
        "P1": f"before_deleting@{where}>queued",
        "P2": begun,
        "P5": f"{begun}>before_commit@{owner}" if fails else f"after_delete@{where}",
        "P6": f"{begun}>after_commit@{owner}",
        "P7": f"after_gone@{where}",
        "P9": f"{begun}>timer_written@{owner}/{state}",
        "P13": f"queued@{cluster}/{'change' if prism else 'destroy'}",
        **_in_the_middle(begun),
    }


def _of_a_state(cell: Cell, owner: str) -> dict[str, str]:
    """A call without a row of its own: the runs of its step, and the commits that follow, stand for its arrows."""
    call = cell.call
    step = f"{owner}/{call.step}"
    run = f"run_begins@{step}" + (f"#{call.run}" if call.run > 1 else "")
    # A password is made and kept before it is sent, in a commit that concerns the secret alone.
    sending = f"{run}>after_commit" if call.kind == "password" else run
    answered = f"{sending}>before_commit@{owner}"
    return {
        "P0": run,
        "P1": f"{run}>queued",
        "P2": sending,
        "P5": answered,
        "P6": f"{sending}>after_commit@{owner}",
        "P7": f"run_begins@{step}#{call.run + 1}",
        "P9": f"{sending}>timer_written@{step}",
        "P13": f"queued@{owner}/resume",
        **_in_the_middle(answered if cell.fault == "F12" else sending),
    }
