"""What a mutant is, and the tests that several of them name."""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """``line`` stands in ``file`` once; ``rule`` is what is taken away; ``shows`` the line of the requirements that is
    broken then, if it is one (docs/acceptance.md)."""

    file: str
    line: str
    change: str
    rule: str
    tests: tuple[str, ...]
    shows: str = ""


ENGINE = "tests/daemon/engine"
STORE = ("tests/daemon/store/test_contract.py", "tests/daemon/store/test_op_by_op.py")
LEGALITY = ("tests/daemon/engine/test_legality.py",)
ENSURE = ("tests/daemon/engine/test_ensure.py", "tests/daemon/engine/test_refusals.py")
REMEDIES = ("tests/daemon/engine/test_remedies.py",)
STEPS = ("tests/daemon/engine/test_steps.py",)
VERBS = ("tests/daemon/engine/test_verbs.py", "tests/daemon/engine/test_legality.py")
TURNS = ("tests/daemon/engine/test_turns.py",)
ROLLBACK = ("tests/daemon/engine/test_rollback.py",)
REQUESTS = ("tests/daemon/api/test_requests.py", "tests/daemon/api/test_specs.py")
LIMITS = ("tests/daemon/api/test_limits.py",)
BOOTS = ("tests/daemon/boot/test_boots.py", "tests/daemon/life/test_progress.py")
PXE = ("tests/pxe",)
AGENT = ("tests/pxe/test_agent.py", "-k")
HEARTBEATS = ("tests/daemon/boot/test_heartbeats.py",)
REACH = ("tests/daemon/settings/test_reach.py",)
NUMERALS = ("tests/daemon/spec/test_numerals.py",)
PARAMETERS = ("tests/daemon/api/test_parameters.py",)
GONE = ("tests/daemon/engine/test_gone.py",)
SECRETS = ("tests/daemon/secrets/test_secrets.py",)
LOST = ("tests/daemon/cli/test_lost_state.py",)
BEHIND = ("tests/daemon/cli/test_behind.py",)
RESTORED = ("tests/e2e/test_restored.py",)
WORKS = ("tests/daemon/platforms/test_works_already.py",)
RETENTION = ("tests/daemon/store/test_retention.py",)
UPKEEP = ("tests/daemon/test_upkeep.py",)
SETTINGS = ("tests/daemon/settings/test_settings.py",)
SPEC = ("tests/daemon/spec/test_spec.py", "tests/daemon/spec/test_spec_contradictions.py")
LOOKS = ("tests/e2e/test_preflight_looks.py",)
PREFLIGHT = ("tests/daemon/platforms/test_preflight.py",)
RULES = ("tests/daemon/platforms/test_rules.py",)
AUDIT = ("tests/daemon/platforms/test_audit.py",)
CVMS = ("tests/daemon/platforms/test_cvms.py",)
NODE = ("tests/daemon/platforms/test_node.py",)
MEDDLING = ("tests/e2e/test_meddling.py",)
ANSWERS = ("tests/daemon/drivers/test_ibm_errors.py", "tests/daemon/drivers/test_ibm_calls.py")
AUTH = ("tests/daemon/drivers/test_ibm_auth.py",)
RATES = ("tests/daemon/drivers/test_rates.py",)
IBM = "daemon/platforms/ibm_nutanix"
KIND = ("tests/state_machines/test_kind.py",)
