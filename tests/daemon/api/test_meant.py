"""What deletes is done by the plan that somebody saw, or because the request says that it is meant."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.client import DaemonRefused


async def test_a_verb_that_deletes_needs_the_digest_of_its_plan_or_the_word_that_it_is_meant(
    failed: Any, house: Any
) -> None:
    for verb, target in (("rollback", "node01"), ("destroy", "demo")):
        for unsure in ({}, {"meant": False}):
            with pytest.raises(DaemonRefused) as refused:
                await failed.verb(verb, target, **unsure)
            assert (refused.value.error["code"], "thing a" in refused.value.error["message"]) == (
                "deletes",
                True,
            )
        with pytest.raises(DaemonRefused, match="true or false"):
            await failed.verb(verb, target, meant="yes")
        with pytest.raises(DaemonRefused, match="no longer"):
            await failed.verb(verb, target, digest="0" * 16, meant=True)
    assert not house.journal.mirror.commands("node01") and not house.journal.mirror.commands("demo")
    await failed.verb("retry", "node01")  # which deletes nothing
    await failed.verb("destroy", "demo", meant=True)
