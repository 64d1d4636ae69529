"""`nxd serve`."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from typing import TYPE_CHECKING

import click

from daemon.host.heap import collect_rarely, few_heaps
from daemon.host.turns import short_turns

if TYPE_CHECKING:
    from daemon.secrets.redaction import Redactor


@click.command()
@click.pass_obj
def serve(options: dict[str, str | None]) -> None:
    """Run the daemon in the foreground, logging to standard error, until SIGTERM or Ctrl-C."""
    from daemon.secrets.redaction import Redactor

    known = Redactor()
    _log_to_stderr(known)
    collect_rarely()
    few_heaps()
    short_turns()
    from daemon.service import serve as run
    from daemon.settings.reading import find_config, load_settings

    settings = load_settings(find_config(options["config"], os.environ), os.environ)
    asyncio.run(run(settings, known))
    _leave_threads_behind()


def _leave_threads_behind() -> None:
    """Exit now: Python would wait for threads that hang in a call, and what they sent is in doubt either way."""
    logging.shutdown()
    sys.stderr.flush()
    os._exit(0)


def _log_to_stderr(known: Redactor) -> None:
    """One line for each event, without secrets; libraries speak only when something is wrong."""
    from daemon.host.log import HostLog

    logging.captureWarnings(True)
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False  # no line tells them
    logging._srcfile = None  # nor where in the code it was written, which is looked for in every frame
    logging.basicConfig(level=logging.INFO, handlers=[HostLog(sys.stderr, known)])
    for chatty in ("httpx", "transitions"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
