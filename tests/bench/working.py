"""A daemon at work, to be killed: `python working.py begin|again DIRECTORY NODES` says when all nodes are in a call."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from daemon.host.heap import collect_rarely


async def _daemon(what: str, directory: Path, nodes: int) -> None:
    """Work until every node is in a call that is never answered; what was in doubt was done."""
    from toy import HALF, Toy, house, never_answered, sow

    create, all_entered = never_answered(nodes, HALF if what == "begin" else HALF + 1)
    toy = Toy(lambda: None, create)
    async with house(directory, toy, worn=False) as here:
        if what == "begin":
            await sow(here.journal, nodes)
        toy.found = {row.name for row in here.journal.mirror.all_resources()}
        work = asyncio.create_task(here.engine.run())
        await all_entered.wait()
        sys.stdout.write("all are in a call\n")
        sys.stdout.flush()
        await work


if __name__ == "__main__":
    collect_rarely()  # before the rest is imported, as the daemon does
    asyncio.run(_daemon(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
