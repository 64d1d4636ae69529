"""`nxd serve`."""

from __future__ import annotations

import asyncio
import logging
import os
import sys

import click


@click.command()
@click.pass_obj
def serve(options: dict[str, str | None]) -> None:
    """Run the daemon in the foreground, logging to standard error, until SIGTERM or Ctrl-C."""
    from daemon.service import serve as run
    from daemon.settings import find_config, load_settings

    settings = load_settings(find_config(options["config"], os.environ), os.environ)
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    for chatty, level in (("ibm-cloud-sdk-core", logging.CRITICAL), ("httpx", logging.WARNING)):
        logging.getLogger(chatty).setLevel(level)
    asyncio.run(run(settings))
