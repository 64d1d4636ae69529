"""Private members of other people's libraries that the product uses: each has an exact pin, and a test that fails when
a new version changes what it stands for. `tests/test_private_members.py` finds them."""

from __future__ import annotations

from typing import NamedTuple

DOCUMENTED = {"_asdict", "_exit", "_replace", "_srcfile"}
"""Members of Python itself that begin with an underscore and are public: os._exit, _replace and _asdict of a named
tuple, and logging._srcfile (the logging HOWTO, "Optimization")."""


class Use(NamedTuple):
    """Where a private member is used: the module, the member, whose it is, and the test that tells of a change."""

    module: str
    member: str
    library: str
    test: str


_GARBAGE = "tests/pxe/test_limits.py::test_a_body_that_makes_no_sense_is_one_sentence_and_no_fault_of_ours"
_CROWD = "tests/pxe/test_limits.py::test_a_source_has_so_many_connections_and_the_next_is_closed_at_once"
_SITE = ("_runner", "_server", "_backlog", "_sock")
_SOCKET = "tests/daemon/api/test_limits.py::test_a_body_that_makes_no_sense_is_400_and_no_fault_of_ours"
_COPY = "tests/nxtui/screens/test_journeys.py::test_copying_a_row_reaches_the_terminal"
_FAULT = "tests/nxtui/test_faults.py::test_a_fault_of_a_screen_is_told_and_kept_and_the_window_goes_on"

USES: tuple[Use, ...] = (
    Use("daemon.drivers.http", "_retry_connection", "aiohttp",
        "tests/daemon/drivers/test_http.py::test_a_request_whose_answer_is_lost_is_sent_once"),
    Use("daemon.drivers.ibm_auth", "_request", "ibm-cloud-sdk-core",
        "tests/daemon/drivers/test_ibm_auth.py"
        "::test_neither_a_proxy_nor_a_netrc_file_comes_between_the_host_and_its_metadata_service"),
    Use("daemon.drivers.ibm_auth", "_get_current_time", "ibm-cloud-sdk-core",
        "tests/daemon/drivers/test_ibm_auth.py"
        "::test_a_token_is_at_hand_until_it_runs_out_or_is_refused_and_looking_waits_for_nobody"),
    Use("nxtui.app", "_bindings", "textual",
        "tests/nxtui/acts/test_keymap.py::test_the_new_key_acts_the_old_one_does_not_and_footer_and_help_say_so"),
    Use("nxtui.acts.casting", "_compositor", "textual",
        "tests/nxtui/model/test_scrub.py::test_a_stretch_of_a_replay_is_written_as_a_cast_that_shows_it"),
    Use("nxtui.ways_out", "_clipboard", "textual", _COPY),
    Use("nxtui.ways_out", "_driver", "textual", _COPY),
    Use("nxtui.faults", "_context", "textual", _FAULT),
    Use("nxtui.faults", "_dispatch_message", "textual", _FAULT),
    Use("nxtui.faults", "_handle_exception", "textual", _FAULT),
    Use("nxtui.screens.palette", "_action_command_list", "textual",
        "tests/nxtui/screens/test_typed_ahead.py::test_a_page_key_before_the_palette_has_its_list_does_nothing"),
    Use("pxe.connections", "_ErrInfo", "aiohttp", _GARBAGE),
    Use("pxe.connections", "_current_request", "aiohttp", _GARBAGE),
    Use("pxe.connections", "_messages", "aiohttp", _GARBAGE),
    Use("pxe.connections", "_kwargs", "aiohttp",
        "tests/pxe/test_limits.py::test_who_does_not_end_the_head_of_a_request_is_cut_off"),
    *(Use("pxe.connections", member, "aiohttp", _CROWD) for member in _SITE),
    Use("pxe.connections", "_path", "aiohttp", _SOCKET),
)  # fmt: skip
