"""`nxd serve`."""

from __future__ import annotations

import asyncio
import logging
import os
import sys

import click

from daemon.garbage import seldom


@click.command()
@click.pass_obj
def serve(options: dict[str, str | None]) -> None:
    """Run the daemon in the foreground, logging to standard error, until SIGTERM or Ctrl-C."""
    _log_to_stderr()
    seldom()
    from daemon.service import serve as run
    from daemon.settings import find_config, load_settings

    settings = load_settings(find_config(options["config"], os.environ), os.environ)
    asyncio.run(run(settings))
    _leave_threads_behind()


def _leave_threads_behind() -> None:
    """Exit now: Python would wait for threads that hang in a call, and what they sent is in doubt either way."""
    logging.shutdown()
    sys.stderr.flush()
    os._exit(0)


def _log_to_stderr() -> None:
    """One line for each event; libraries speak only when something is wrong."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    for chatty in ("httpx", "transitions"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.getLogger("ibm-cloud-sdk-core").setLevel(logging.CRITICAL)
