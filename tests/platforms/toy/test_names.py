"""What a box, a row and the environment may be called is toyland's to say, and told where it is written."""

from __future__ import annotations

from typing import Any

import pytest

from tests.platforms.toy.test_toyland import SPEC

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(("key", "line"), [("name: left", "6:11"), ("cluster: row", "2:10")])
def test_a_name_that_does_not_fit_on_a_label_is_refused_at_its_line(toy: Any, key: str, line: str) -> None:
    spec = toy.directory / "long.yaml"
    spec.write_text(SPEC.read_text().replace(key, f"{key}-too-long-for-it"))
    toy.run("validate", "long.yaml").refused_with(
        2, f"long.yaml:{line}", "expected a name of at most 12 characters"
    )


def test_the_environment_is_held_to_the_rule_of_each_platform_that_is_on(toy: Any) -> None:
    toy.write(environment="lab-2")
    toy.run("serve").refused_with(2, "environment", "line", "a word of at most 8 small letters", '"lab-2"')


def test_what_one_platform_keeps_for_itself_is_free_where_it_is_off(toy: Any) -> None:
    toy.write(environment="ibm")
    toy.serve()
