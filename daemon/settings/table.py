"""The settings of the house, as a table; each platform brings a table of its own."""

from __future__ import annotations

from daemon.settings.kinds import (
    BASE_URL,
    COUNT,
    LISTEN,
    PATH,
    PERHAPS_PATH,
    PLATFORMS,
    SECONDS,
    SECURE_URL,
    SOCKET,
    Setting,
)
from daemon.settings.prices import PRICES
from daemon.spec.names import ENVIRONMENT
from daemon.spec.values import number

LATEST = 10_000_000_000
"""The latest moment at which a time may begin: in the year 2286. Nobody can tell the date of one after 9999."""

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "platforms",
        PLATFORMS,
        "ibm_nutanix",
        "The platforms that are switched on; the settings of the others are kept and not used",
    ),
    Setting("environment", ENVIRONMENT, None, "Stands first in the name of every object made in the cloud"),
    Setting("state_dir", PATH, "/var/lib/nxd", "Where the database is; one daemon per directory"),
    Setting("socket", SOCKET, "/run/nxd/nxd.sock", "The Unix socket that nxd and nxtui talk to"),
    Setting("images_dir", PATH, "{state_dir}/images", "The boot images and their list, images.json"),
    Setting("boot.listen", LISTEN, "0.0.0.0:8080", "Where scripts and images are served"),
    Setting("boot.url", BASE_URL, None, "The same port as a booting machine reaches it", for_boot=True),
    Setting("config.listen", LISTEN, "0.0.0.0:8081", "Where installers fetch their configuration and report"),
    Setting("config.url", SECURE_URL, None, "The same port as an installer reaches it", for_boot=True),
    Setting(
        "config.certificate",
        PERHAPS_PATH,
        "",
        "A file with the certificate (PEM) of that port, and those that vouch for it; it speaks HTTPS then",
    ),
    Setting(
        "config.key",
        PERHAPS_PATH,
        "",
        "The file with the certificate's private key (PEM, without a password)",
    ),
    Setting(
        "limits.installs",
        COUNT,
        "200",
        "Nodes that install at the same time; the others queue. So many fetch 500 MB each from one Gbit/s within "
        "the 15 minutes of that step",
    ),
    Setting("limits.steps", COUNT, "256", "Steps that run at the same time; the others queue"),
    Setting(
        "limits.crashes",
        COUNT,
        "3",
        "Deaths of the daemon in a row after which a record whose step ran is held",
    ),
    Setting(
        "limits.connections",
        COUNT,
        "2048",
        "Connections to both boot ports together; fewer if the host gives too few file descriptors",
    ),
    Setting("limits.connections_per_source", COUNT, "32", "Connections to the boot ports from one address"),
    Setting("log.keep_days", SECONDS, "90", "Days for which the log is kept"),
    Setting(
        "log.keep_lines",
        number(1000, whole=True),
        "1000000",
        "The most lines of the log that are kept; one is about 500 bytes of the database",
    ),
    Setting("poll.seconds", SECONDS, "10", "Seconds between two looks at something that is waited for"),
    Setting("retry.first_seconds", SECONDS, "2", "Seconds before the first retry; doubled each time"),
    Setting("retry.max_seconds", SECONDS, "120", "The most seconds between two retries"),
    Setting(
        "deadlines.factor",
        number(0, above=True, highest=10_000),
        "1.0",
        "Multiplies every deadline, for slow networks; below 1 not those of a rollback's stages",
    ),
    Setting(
        "prices",
        PRICES,
        "{}",
        "What a machine of each profile costs by the hour, by your own list: plans and clusters tell money by it, and "
        "none without it",
    ),
    Setting(
        "clock.speed",
        number(0, above=True, highest=1_000_000),
        "1.0",
        "Lets time pass faster; only for rehearsals in the simulated world",
    ),
    Setting(
        "clock.origin",
        number(0, highest=LATEST),
        "0",
        "The Unix time since which it passes faster; only for rehearsals",
    ),
)
"""Every setting of the house, in the order in which it is documented."""
