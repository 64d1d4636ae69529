"""Scenarios of bare metal servers: how they are ordered, start, stop and go again."""

from __future__ import annotations

from typing import Any

from daemon.sim.faults.rules import Rule
from daemon.sim.faults.triggers import OVER_QUOTA
from daemon.sim.scenarios.cloud import CREATE_SERVER, PREFLIGHT, READ_SUBNET, refused
from daemon.sim.scenarios.scenario import Change, Scenario
from daemon.sim.world import initial as f

ORDERING = "node:creating_server"
BLOCKED = "node:rollback_blocked"
REINITIALIZE = "vpc PUT /bare_metal_servers/{server_id}/initialization"
ONE_SERVER = "vpc DELETE /bare_metal_servers/{server_id}"


def _server(name: str, sentence: str, source: str, *rules: Rule, **more: Any) -> Scenario:
    return Scenario(name, "server", sentence, f"Bare metal: {source}", rules, **more)


def _order_fails(name: str, sentence: str, source: str, code: str, *rules: Rule, **more: Any) -> Scenario:
    return _server(name, sentence, source, *rules, ending="fails", at=ORDERING, code=code, **more)


def _reason(code: str, what: str) -> Scenario:
    return _order_fails(
        code.replace("_", "-"),
        f"The server fails to start: {what}.",
        f"`failed` + `{code}`",
        "capacity" if "capacity" in code else "server_failed",
        Rule("server start", "fail", what={"code": code}),
    )


def _preflight(name: str, sentence: str, source: str, *rules: Rule, **more: Any) -> Scenario:
    return _server(
        name, sentence, source, *rules, ending="refused", at=PREFLIGHT, code="preflight", alone=True, **more
    )


SERVER = (
    _server(
        "nested-handler-error",
        "Ordering a server answers with the error of the service behind it, wrapped in its message.",
        "400 nested `Handler Error` (A.4-1)",
        refused(
            CREATE_SERVER,
            400,
            "validation_unique_failed",
            "Another VNI with the requested name already exists",
            nested=True,
        ),
    ),
    _server(
        "server-create-conflict",
        "Ordering a server is a conflict, twice.",
        "409 on create (retry 15 s)",
        refused(CREATE_SERVER, 409, "conflict", "The request conflicts with another one.", 2),
    ),
    _order_fails(
        "server-quota",
        "The account may not have another server.",
        "`over_quota`",
        "quota",
        Rule(CREATE_SERVER, "answer", what=OVER_QUOTA),
    ),
    _order_fails(
        "server-bad-profile",
        "The service does not know the profile in this zone.",
        "bad profile/image/zone `bad_field`",
        "bad_request",
        refused(CREATE_SERVER, 400, "bad_field", "the provided profile does not exist", target="profile"),
    ),
    _preflight(
        "image-not-ipxe",
        "The image does not boot iPXE from its user data.",
        "image w/o `user_data_format ipxe`",
        changes=(Change("image", f.IMAGE_IPXE, {"user_data_format": "cloud_init"}),),
    ),
    _preflight(
        "image-missing",
        "There is no such image.",
        "bad profile/image/zone `bad_field`",
        changes=(Change("image", f.IMAGE_IPXE, None),),
    ),
    _preflight(
        "profile-missing",
        "There is no such profile.",
        "bad profile/image/zone `bad_field`",
        changes=(Change("profile", "bx2d-metal-96x384", None),),
    ),
    _preflight(
        "group-missing",
        "There is no such security group.",
        "404 `not_found`",
        changes=(Change("security_group", f.GROUP_WORKLOAD, None),),
    ),
    _preflight(
        "subnet-nearly-full",
        "Others have reserved all but two addresses of the management subnet.",
        "`subnet_out_of_ip_addresses`",
        changes=(Change("addresses", f.MANAGEMENT, {"left": 2}),),
    ),
    _preflight(
        "subnet-in-other-zone",
        "The subnets are in another zone than the servers.",
        "bad profile/image/zone `bad_field`",
        Rule(READ_SUBNET, "set", count=None, what={"fields": {"zone.name": "us-south-2"}}),
    ),
    _server(
        "interface-attached-elsewhere",
        "An interface counts as attached to another server, twice.",
        "VNI already attached 409",
        refused(
            CREATE_SERVER,
            409,
            "conflict",
            "The virtual network interface is already attached to another server.",
            2,
        ),
    ),
    _order_fails(
        "server-stuck-pending",
        "A server stays pending.",
        "stuck `pending` 30+ min",
        "deadline",
        Rule("server pending", "stuck"),
    ),
    _reason("cannot_start", "no reason is given"),
    _reason("cannot_start_capacity", "the zone has no more capacity for its profile"),
    _reason("cannot_start_compute", "a compute failure"),
    _reason("cannot_start_ip_address", "its IP address"),
    _reason("cannot_start_network", "a network failure"),
    _reason("cannot_start_reservation_capacity", "the reservation is used up"),
    _reason("cannot_start_reservation_expired", "the reservation has expired"),
    _reason("cannot_update_firmware", "its firmware cannot be updated"),
    _order_fails(
        "server-name-taken",
        "Somebody else has a server of our name.",
        "duplicate create after lost response (name check must catch it)",
        "foreign",
        Rule("server create", "foreign"),
    ),
    _order_fails(
        "server-vanishes",
        "A pending server is gone without a word.",
        "`pending`→gone (404)",
        "vanished",
        Rule("server pending", "vanish"),
    ),
    _server(
        "soft-stop-hangs",
        "A server does not obey a soft stop.",
        "soft-stop hang",
        Rule("server soft-stop", "stuck"),
        idle=True,
    ),
    _server(
        "stop-takes-long",
        "Stopping a server takes ten minutes.",
        "soft-stop hang (and a hard stop that takes long)",
        Rule("server stop", "stuck", seconds=600.0),
    ),
    _server(
        "stop-ignored",
        "The first stop of a server has no effect.",
        "soft-stop hang (and a hard stop without effect)",
        Rule("server stop", "ignored"),
    ),
    _server(
        "start-on-running",
        "A machine stands still; when it is power-cycled, the start is a conflict at first.",
        "start on running 409",
        Rule("machine boot", "never"),
        refused(
            "vpc POST /bare_metal_servers/{server_id}/start",
            409,
            "conflict",
            "Failed to start the bare metal server because the server is not in the STOPPED status.",
        ),
        ending="fails",
        at="node:awaiting_boot",
        code="deadline",
    ),
    _server(
        "delete-while-running",
        "A stopped server counts as running for two attempts to delete it.",
        "delete while running 409 [G]",
        refused(
            ONE_SERVER,
            409,
            "conflict",
            "Failed to delete the bare metal server because the server is not in the STOPPED status.",
            2,
        ),
    ),
    _server(
        "server-never-gone",
        "A server stays in deletion.",
        "delete stuck `deleting`",
        Rule("server delete", "lag"),
        ending="fails",
        at=BLOCKED,
        code="deadline",
    ),
    _server(
        "server-gone-late",
        "A deleted server is a 404 only after ten minutes.",
        "after-delete 404 delayed",
        Rule("server delete", "lag", seconds=600.0),
    ),
    _server(
        "interfaces-not-released",
        "The interfaces stay attached for five minutes after their server is gone.",
        "VNI not released after delete",
        Rule("server gone", "attached", seconds=300.0),
    ),
    _order_fails(
        "name-stays-taken",
        "A server fails to start, and when it is deleted its name stays taken for half an hour.",
        "names that stay taken (duplicate-name rejection for a while after delete [G])",
        "capacity",
        Rule("server start", "fail", what={"code": "cannot_start_capacity"}),
        Rule("name release", "taken", count=None, seconds=1800.0),
    ),
    _server(
        "reinitialize-on-running",
        "Two installations fail; reinitializing the server is a conflict at first.",
        "reinit on running 409",
        Rule("machine phase 6", "fail", count=2),
        refused(
            REINITIALIZE,
            409,
            "conflict",
            "Failed to reinitialize the bare metal server because the server is not in the STOPPED status.",
        ),
        climb_to="reinitialise",
        installs=3,
    ),
    _server(
        "reinitialize-takes-long",
        "Two installations fail; the server stays in reinitialization for a quarter of an hour.",
        "stuck `reinitializing`",
        Rule("machine phase 6", "fail", count=2),
        Rule("server reinitialize", "stuck", seconds=900.0),
        climb_to="reinitialise",
        installs=3,
    ),
    _server(
        "cannot-reinitialize",
        "Two installations fail, the server cannot be reinitialized, and another one is ordered.",
        "→ failed `cannot_reinitialize`",
        Rule("machine phase 6", "fail", count=2),
        Rule("server reinitialize", "fail"),
        climb_to="replace",
        installs=None,
    ),
    _server(
        "console-conflict",
        "The console cannot be opened.",
        "console token 409",
        refused(
            "vpc POST /bare_metal_servers/{server_id}/console_access_token",
            409,
            "conflict",
            "There is an open session on the console.",
        ),
        idle=True,
    ),
)
