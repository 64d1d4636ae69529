"""The metadata service gives tokens to the real SDK, in both generations, and to nobody who asks wrongly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt
import pytest

from daemon.clock import SystemClock
from daemon.sim.cloud.metadata import PROFILE_CRN, PROFILE_NAME, Tokens
from daemon.sim.world import initial as f

if TYPE_CHECKING:
    from tests.daemon.sim.conftest import Sim

FLAVOR = {"Metadata-Flavor": "ibm"}
FIRST, SECOND = "2022-03-01", "2025-08-26"


@pytest.mark.parametrize("version", [FIRST, SECOND])
@pytest.mark.parametrize(
    "selector",
    [
        {},
        {"iam_profile_id": f.TRUSTED_PROFILE},
        {"iam_profile_crn": PROFILE_CRN},
        {"iam_profile_name": PROFILE_NAME},
    ],
)
async def test_the_sdk_gets_a_token_that_lives_in_real_time(
    sim: Sim, version: str, selector: dict[str, str]
) -> None:
    from ibm_cloud_sdk_core.authenticators import VPCInstanceAuthenticator

    authenticator = VPCInstanceAuthenticator(url=sim.urls.metadata_url, service_version=version, **selector)
    token = await sim.call(authenticator.token_manager.get_token)
    claims = jwt.decode(token, options={"verify_signature": False})
    now = SystemClock().now()
    assert claims["iat"] <= now < claims["exp"]
    assert claims["exp"] - claims["iat"] == 3600


async def ask(
    sim: Sim, method: str, path: str, headers: dict[str, str], body: Any = None, version: str | None = FIRST
) -> tuple[int, Any]:
    params = {} if version is None else {"version": version}
    url = sim.urls.metadata_url + path
    async with sim.http.request(method, url, params=params, headers=headers, json=body) as response:
        return response.status, await response.json()


async def test_wrong_questions_are_refused(sim: Sim) -> None:
    put, path = "PUT", "/instance_identity/v1/token"
    cases = (
        (await ask(sim, put, path, {}), 400, "missing_value"),
        (await ask(sim, put, path, FLAVOR, version=None), 400, "missing_field"),
        (await ask(sim, put, path, FLAVOR, {"expires_in": 4}), 400, "invalid_value"),
        (await ask(sim, put, path, FLAVOR, {"lifetime": 300}), 400, "unknown_field"),
        (await ask(sim, put, path, FLAVOR, {"expires_in": "5"}), 400, "invalid_value"),
        (await ask(sim, put, path, FLAVOR, version=SECOND), 404, "not_found"),
        (await ask(sim, put, "/identity/v1/token", FLAVOR, version=FIRST), 404, "not_found"),
        (await ask(sim, "POST", "/instance_identity/v1/iam_token", FLAVOR), 401, "unauthenticated"),
    )
    for (status, body), wanted, code in cases:
        assert (status, body["errors"][0]["code"], body["status_code"]) == (wanted, code, wanted)


async def test_a_foreign_profile_is_not_linked(sim: Sim) -> None:
    _, identity = await ask(sim, "PUT", "/instance_identity/v1/token", FLAVOR, {"expires_in": 300})
    headers = {**FLAVOR, "Authorization": f"Bearer {identity['access_token']}"}
    other = {"trusted_profile": {"id": "Profile-other"}}
    status, body = await ask(sim, "POST", "/instance_identity/v1/iam_token", headers, other)
    assert (status, body["errors"][0]["code"]) == (400, "profile_not_linked")


async def test_an_identity_token_opens_no_other_service(sim: Sim) -> None:
    _, identity = await ask(sim, "PUT", "/instance_identity/v1/token", FLAVOR, {"expires_in": 300})
    url = f"{sim.urls.vpc_url}/vpcs?version=2026-10-06&generation=2"
    headers = {"Authorization": f"Bearer {identity['access_token']}"}
    async with sim.http.get(url, headers=headers) as response:
        assert response.status == 401


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic abc",
        "Bearer ",
        "Bearer abc",
        "Bearer a.b.c",
        "Bearer " + jwt.encode({"use": "identity", "exp": 4e9}, "k" * 32, "HS256"),
        "Bearer " + jwt.encode({"use": "identity", "exp": 4e9}, None, "none"),
    ],
)
def test_a_token_that_is_not_ours_is_not_valid(header: str | None) -> None:
    assert not Tokens().valid(header, "identity")


def test_a_token_is_good_for_its_use_until_its_time_is_over() -> None:
    tokens = Tokens()
    live = f"Bearer {tokens.issue('iam', 60)['access_token']}"
    old = f"bearer {tokens.issue('iam', 60, age=61)['access_token']}"
    assert [tokens.valid(*asked) for asked in ((live, "iam"), (live, "identity"), (old, "iam"))] == [
        True,
        False,
        False,
    ]
