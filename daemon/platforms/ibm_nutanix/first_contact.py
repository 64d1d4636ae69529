"""The first contact with a CVM: the certificate that it shows, and which factory login it takes."""

from __future__ import annotations

from daemon.drivers.prism import Connections, Credentials, Prism, fetch_certificate
from daemon.errors.tree import NxdError, OutsideError
from daemon.platforms.ibm_nutanix.errors import WORKS_ALREADY

CVM_TIMEOUT = 5.0
"""Real seconds in which a CVM shows its certificate."""
PRISM_USER = "admin"

FACTORY_LOGINS: tuple[Credentials, ...] = (
    Credentials(PRISM_USER, "admin"),
    Credentials(PRISM_USER, "nutanix/4u"),
    Credentials(PRISM_USER, "Nutanix/4u"),
)
"""What a fresh CVM accepts, by version; taken for the first login only, never as configuration."""


class FirstContact:
    """Asks CVMs that nobody has logged in to yet."""

    def __init__(self, port: int, connections: Connections) -> None:
        self._port = port
        self._connections = connections

    async def certificate(self, address: str) -> str:
        """The certificate that a CVM shows. Raises OutsideError."""
        return await fetch_certificate(address, self._port, CVM_TIMEOUT)

    async def login(self, address: str, pin: str) -> int:
        """Which of the factory logins the CVM takes. Raises OutsideError, and NxdError for one that takes none."""
        refused: OutsideError | None = None
        for number, login in enumerate(FACTORY_LOGINS):
            try:
                await Prism(address, self._port, pin, login, self._connections).ready()
            except OutsideError as error:
                if error.code != "authentication":
                    raise
                refused = error
            else:
                return number
        assert refused is not None
        raise NxdError(
            WORKS_ALREADY,
            f"The CVM {address} refuses every factory password: somebody has used it before.",
            evidence=refused.evidence,
        )
