"""What a Nutanix node's machine meets at the two ports: its scripts, its configuration, and where it reports."""

from __future__ import annotations

from pathlib import Path

from daemon.platforms.ibm_nutanix.installer_reports import PHASES, read_report
from daemon.platforms.ibm_nutanix.table import APPENDED
from pxe.routes import AGENT, IMAGE, IPXE, BootRoute, BootTable, Source, Stages, Token

CONFIG = "config"
"""The document that its installer fetches."""
CONFIG_PATH, STATUS_PATH = "/server-config", "/server-status"

_INSTALLER = (Token("install", "bearer"), Source())

BOOT = BootTable(
    templates=Path(__file__).parent / "templates",
    routes=(
        IPXE,
        IMAGE,
        AGENT,
        BootRoute(
            "GET",
            CONFIG_PATH,
            "document",
            (*_INSTALLER, Stages(("boot", "installing"))),
            CONFIG,
            "config",
        ),
        BootRoute(
            "POST",
            STATUS_PATH,
            "report",
            # also after the last phase, whose report may be repeated because our answer was lost, and after a failure,
            # when the machine may come to its end all the same
            (*_INSTALLER, Stages(("boot", "installing", "installed", "stopped"))),
            "installer",
            "config",
        ),
    ),
    scripts={"boot": "boot", "installing": "boot", "installed": "installed"},
    sample={
        "server_id": "node01",
        "mgmt_ip": "10.240.0.11",
        "boot_url": "http://10.240.0.5:8080",
        "config_url": f"http://10.240.0.5:8081{CONFIG_PATH}",
        "status_url": f"http://10.240.0.5:8081{STATUS_PATH}",
        "install_token": "a-token",
        "agent": APPENDED,
    },
    agent=("boot",),
    documents=(CONFIG,),
    readers={"installer": read_report},
    phases=tuple(PHASES.values()),
)
