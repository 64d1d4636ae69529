"""Whatever is said on the socket is had from one place."""

from __future__ import annotations

from typing import is_typeddict

import pytest

from daemon import wire
from daemon.wire import calls, entities, plans, stream, troubles


@pytest.mark.parametrize("part", [calls, entities, plans, stream, troubles])
def test_every_type_of_the_api_is_had_from_daemon_wire(part: object) -> None:
    own = {
        name: one for name, one in vars(part).items() if is_typeddict(one) and one.__module__ == part.__name__
    }  # type: ignore[attr-defined]
    assert own and all(getattr(wire, name, None) is one for name, one in own.items())
