"""One object with the settings of the house and those of this platform."""

from __future__ import annotations

from dataclasses import dataclass, fields

from daemon.platforms.ibm_nutanix.table import SETTINGS
from daemon.settings.reading import Settings


@dataclass(frozen=True)
class IbmSettings(Settings):
    """All settings by name; what each means is in the two tables. Seconds are daemon seconds."""

    ibm_region: str
    ibm_vpc_url: str
    ibm_dns_url: str
    ibm_metadata_url: str
    ibm_trusted_profile: str
    ibm_connections: int
    ibm_connect_timeout: float
    ibm_read_timeout: float
    ibm_agent: str
    prism_port: int
    rates_vpc_per_second: float
    rates_dns_per_second: float

    @classmethod
    def of(cls, settings: Settings) -> IbmSettings:
        """The settings of the house with the platform's own, which were checked with them."""
        house = {one.name: getattr(settings, one.name) for one in fields(Settings)}
        return cls(**house, **{one.attribute: settings.own[one.attribute] for one in SETTINGS})
