"""A platform that nobody knows is one mistake: what its spec would allow is not told as wrong."""

from __future__ import annotations

import pytest

from tests.daemon.spec.test_spec import mistakes

HARBOUR = """\
platform: {platform}
cluster: quay
pier: 4
nodes:
  - name: boat1
    berth: 3
  - name: boat2
    berth: 4
deadlines:
  mooring: 30m
"""


@pytest.mark.parametrize(
    ("platform", "said"),
    [
        ("harbour", 'unknown platform "harbour": expected one of ibm_nutanix'),
        ("[harbour]", "expected text, found a list"),
    ],
)
def test_an_unknown_platform_is_one_mistake_whatever_it_would_allow(platform: str, said: str) -> None:
    assert mistakes(HARBOUR.format(platform=platform)) == [f"1:11: {said}"]
    (_, name) = mistakes(HARBOUR.format(platform="harbour").replace("boat2", "Boat 2"))
    assert name.startswith("7:11: expected")
