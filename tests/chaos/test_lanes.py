"""That what a lane prepares does not depend on how busy the machine is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cells import Cell, impossible
from lane import Lane
from limits import READ_TIMEOUT
from prism_lane import PrismLane

from daemon.client import Client
from daemon.drivers import prism

LATE = 2.0
"""Real seconds by which each hold comes late: forty minutes of the world, in which a node goes far."""


class Tardy(Client):
    """Somebody who holds late, as on a machine that has much else to do."""

    def verb(self, verb: str, *about: Any, **how: Any) -> Any:
        """Wait before each hold."""
        if verb == "hold":
            time.sleep(LATE)
        return super().verb(verb, *about, **how)


@pytest.fixture
def patience() -> Iterator[None]:
    before, prism.PATIENCE = prism.PATIENCE, READ_TIMEOUT
    yield
    prism.PATIENCE = before


@pytest.mark.e2e
@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("of", "cell"),
    [
        (Lane, Cell("make", "reserved_ip", "P2", "F0")),
        (Lane, Cell("make", "dns_record", "P2", "F0")),
        (PrismLane, Cell("make", "cvm_answer", "P3", "F0")),
    ],
    ids=lambda one: one.name if isinstance(one, Cell) else "",
)
def test_a_node_is_held_where_its_cell_begins_however_late_the_hold_comes(
    of: type[Lane], cell: Cell, tmp_path: Path, patience: None
) -> None:
    assert impossible(cell) is None
    lane = of(tmp_path / "stage", 1200.0, 7)
    lane._client = Tardy(lane._client.socket, timeout=5.0)
    assert [(row.result, row.why) for row in lane.run([cell])] == [("held", "")]
