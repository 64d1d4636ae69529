"""What may stand in a spec of this platform."""

from __future__ import annotations

from pydantic import Field

from daemon.spec.reading import ClusterSpec
from daemon.spec.secrets import Secret


class Row(ClusterSpec):
    """A row of boxes on the shelf."""

    key: Secret = Field(description="What opens the shelf for whoever changes it")
    colour: str = Field(default="red", description="The colour of its boxes")


MODEL = Row
