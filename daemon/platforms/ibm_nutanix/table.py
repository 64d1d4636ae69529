"""The settings of this platform, as a table."""

from __future__ import annotations

from daemon.settings.kinds import COUNT, PORT, RATE, SECONDS, URL, Setting
from daemon.spec.values import matching

APPENDED = "append"
REGION = matching(r"[a-z]{2,}(?:-[a-z0-9]+)+", "a region's name, for example us-south")
PROFILE = matching(r"Profile-[0-9A-Za-z-]+|crn:[^\s]+", "an id (Profile-…) or a CRN (crn:…)")
AGENT = matching(f"{APPENDED}|none", f"{APPENDED} or none")
SETTINGS: tuple[Setting, ...] = (
    Setting("ibm.region", REGION, "us-south", "The region of IBM Cloud"),
    Setting("ibm.vpc_url", URL, "https://{ibm.region}.iaas.cloud.ibm.com/v1", "The VPC API", endpoint=True),
    Setting("ibm.dns_url", URL, "https://api.dns-svcs.cloud.ibm.com/v1", "The DNS Services API"),
    Setting("ibm.metadata_url", URL, "http://169.254.169.254", "The instance metadata service, for tokens"),
    Setting("ibm.trusted_profile", PROFILE, None, "The trusted profile the daemon acts as"),
    Setting(
        "ibm.connections",
        COUNT,
        "32",
        "Connections to each service of IBM Cloud, and so the calls to it at the same time",
    ),
    Setting("ibm.connect_timeout", SECONDS, "5", "Seconds to reach IBM Cloud"),
    Setting("ibm.read_timeout", SECONDS, "30", "Seconds for an answer of IBM Cloud"),
    Setting(
        "ibm.agent",
        AGENT,
        APPENDED,
        "Whether nxd's agent is appended to the installer's initrd; none: the installer speaks to nxd itself",
    ),
    Setting("prism.port", PORT, "9440", "The port of Prism on a CVM"),
    Setting(
        "rates.vpc_per_second",
        RATE,
        "20",
        "Calls per second to the VPC API at first; the rate learns (half with each 429, up to ten times as many)",
    ),
    Setting(
        "rates.dns_per_second",
        RATE,
        "5",
        "Calls per second to DNS Services at first; the rate learns like the other",
    ),
)
