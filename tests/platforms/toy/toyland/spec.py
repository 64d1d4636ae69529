"""What may stand in a spec of this platform."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict

from daemon.spec.reading import ClusterSpec, NodeSpec
from daemon.spec.secrets import Secret
from toyland.names import NAMES

Name = Annotated[str, NAMES.value]


class Box(NodeSpec):
    """One box."""

    name: Name = Field(description="What stands on its label, different from that of every other box")
    mac: str = Field(description="Its MAC, different from that of every other box")


class Row(ClusterSpec):
    """A row of boxes on the shelf."""

    cluster: Name = Field(description="What the row is called")
    nodes: Annotated[tuple[Box, ...], Strict(False)] = Field(min_length=1, description="The boxes of the row")

    climb_to: Literal["none", "fold", "replace"] = Field(
        default="none",
        description="How far a torn box is tried again by itself: not at all, by folding it again, then by another one",
    )
    key: Secret = Field(description="What opens the shelf for whoever changes it")
    colour: str = Field(default="red", description="The colour of its boxes")


MODEL = Row
