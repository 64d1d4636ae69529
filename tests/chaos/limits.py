"""How fast a lane goes, and how long it waits."""

from __future__ import annotations

from wallclock import HOUR

READ_TIMEOUT = 0.4
"""Real seconds after which a call counts as lost."""
ENVIRON = {
    "NXD_LIMITS_INSTALLS": "1000",
    "NXD_LIMITS_STEPS": "1024",
    "NXD_RATES_VPC_PER_SECOND": "2000",
    "NXD_RATES_DNS_PER_SECOND": "500",
    "NXD_POLL_SECONDS": "240",
    "NXD_IBM_READ_TIMEOUT": str(READ_TIMEOUT),
}
STOPS = {"P15": 0.0, "P15a": HOUR, "P15b": -HOUR}
"""How far the wall clock is stepped while the daemon is stopped."""
TO_DIE = 4.0
TO_SETTLE = 12.0
"""Real seconds that a cell has until the daemon must be dead, and until everything must be in order again."""
