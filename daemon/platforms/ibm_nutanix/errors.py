"""The codes of errors that only this platform has, and what a person does here about those that all have."""

from __future__ import annotations

from daemon.drivers.ibm_codes import ADDRESS_TAKEN, NO_ADDRESS
from daemon.errors.tree import AGAIN, ErrorKind, outside

CLUSTER_FAILED = ErrorKind(
    "cluster_failed",
    "The cluster could not be formed.",
    "later",
    (outside("Mend what the evidence names."),),
    AGAIN,
)

ERRORS = (NO_ADDRESS, ADDRESS_TAKEN, CLUSTER_FAILED)

REMEDIES = {
    "authentication": "See who changed the password of Prism, and set it back to the one that nxd login tells.",
    "not_authorized": "Give the trusted profile the roles that docs/operations.md lists.",
}
"""For Prism: what IBM Cloud refuses says more by itself."""
