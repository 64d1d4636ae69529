"""The codes of errors that only this platform has, and what a person does here about those that all have."""

from __future__ import annotations

from collections.abc import Mapping

from daemon.drivers.ibm_codes import ADDRESS_TAKEN, NO_ADDRESS
from daemon.errors.tree import AGAIN, ErrorKind, outside

CLUSTER_FAILED = ErrorKind(
    "cluster_failed",
    "The cluster could not be formed.",
    "later",
    (outside("Mend what the evidence names."),),
    AGAIN,
)

WORKS_ALREADY = ErrorKind(
    "works_already",
    "The machine of a node works already, and the ledger does not know of it.",
    "later",
    (
        outside(
            "Find out what it belongs to: after a restore it may be a member of a cluster that works, and a newer copy "
            "of the ledger knows it. Only if nobody needs it, go on."
        ),
    ),
    AGAIN,
)

ERRORS = (NO_ADDRESS, ADDRESS_TAKEN, CLUSTER_FAILED, WORKS_ALREADY)

REMEDIES = {
    "authentication": "See who changed the password of Prism, and set it back to the one that nxd login tells.",
    "not_authorized": "Give the trusted profile the roles that docs/operations.md lists.",
}
"""For Prism: what IBM Cloud refuses says more by itself."""

SUBJECTS: Mapping[str, tuple[str, ...]] = {"capacity": ("ibm.zone", "ibm.profile")}
"""Code of an error → the settings of the spec that it is about."""
