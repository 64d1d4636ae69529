"""What a spec may set as the deadline of a stage."""

from __future__ import annotations

from tests.daemon.spec.test_spec import SAMPLES, mistakes, read


def test_a_deadline_leaves_a_stage_the_time_in_which_an_earlier_call_may_take_effect() -> None:
    text = (
        SAMPLES / "one-node.yaml"
    ).read_text() + "\ndeadlines:\n  delete_server: 2m\n  forget_config: 30s\n"
    (said,) = mistakes(text)
    assert "delete_server waits until no earlier call can take effect, up to 120 s: give it more" in said
    assert read(text.replace("2m", "121s")).deadlines["delete_server"] == 121.0
    (other,) = mistakes(text.replace("2m", "soon"))
    assert "expected a duration" in other
