"""A platform that leaves things out is asked for nothing that they need: one that boots no machine, one whose clusters
take no other spec."""

from __future__ import annotations

from typing import Any

import pytest

from tests.platforms.copied import add, edit
from tests.platforms.toy.shelf_server import ShelfState
from tests.platforms.toy.test_broken import with_changed
from tests.platforms.toy.test_toyland import SPEC

pytestmark = pytest.mark.e2e


def test_a_daemon_whose_platforms_boot_nothing_needs_no_url_and_misses_no_images(toy: Any) -> None:
    with_changed(
        toy,
        edit("manifest.py", ('    boot="toyland.routes",\n', "")),
        add("platform.py", "del Toyland.guest"),
    )
    ports = {key: {"listen": toy.settings[key]["listen"]} for key in ("boot", "config")}
    toy.write(**ports)
    toy.serve()
    log = (toy.directory / "serve.log").read_text()
    assert "action=ready" in log and "image_unusable" not in log
    toy.write(boot={**ports["boot"], "url": "nowhere"})
    toy.run("serve").refused_with(2, "boot.url (", 'found "nowhere"')


def test_one_whose_machines_boot_is_asked_for_them(toy: Any) -> None:
    toy.write(boot={"listen": toy.settings["boot"]["listen"]})
    toy.run("serve").refused_with(2, "boot.url is missing")


def test_clusters_that_take_no_other_spec_say_so_and_what_leads_on(toy: Any, shelf: ShelfState) -> None:
    with_changed(
        toy,
        edit(
            "tables.py",
            ('Transition("change", ("rolled_back",), "pending"),', ""),
            ('Transition("change", ("active", *_WHERE), "gathering"),', ""),
            ('*(Transition("change", ("failed", "held"), "gathering", at=step) for step in _WHERE),', ""),
        ),
        add("platform.py", "del Toyland.may_change"),
    )
    toy.serve()
    assert toy.run("apply", str(SPEC)).code == 0
    assert toy.run("apply", str(SPEC)).code == 0, "the same again changes nothing"
    third = 'nodes:\n  - name: third\n    mac: "52:54:00:00:00:77"\n'
    (toy.directory / "more.yaml").write_text(SPEC.read_text().replace("nodes:\n", third))
    said = toy.run("apply", "more.yaml", "--yes")
    said.refused_with(4, "row exists, and no cluster of toyland takes another spec.", "another cluster name")
    assert "is for what is ." not in said.err
