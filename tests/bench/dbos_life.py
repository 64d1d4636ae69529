"""DBOS doing what the engine does, in its own environment: ``steps`` and ``recover`` print seconds as JSON.

`python dbos_life.py steps DATABASE WORKFLOWS STEPS` · `… hang DATABASE WORKFLOWS STEPS` ·
`… recover DATABASE WORKFLOWS STEPS`, where ``STEPS`` are done before the one that hangs
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import time

from dbos import DBOS

WHAT, DATABASE = sys.argv[1:3]
NODES, STEPS = map(int, sys.argv[3:])

entered = 0
all_entered = asyncio.Event()


@DBOS.step()
async def one(number: int) -> int:
    """A step that takes no time."""
    return number


@DBOS.step()
async def endless(number: int) -> int:
    """A step that is never over; says when all are in it."""
    global entered
    entered += 1
    if entered == NODES:
        all_entered.set()
    await asyncio.sleep(3600)
    return number


@DBOS.workflow()
async def life(node: int) -> None:
    """So many steps, one after the other."""
    for number in range(STEPS):
        await one(number)


@DBOS.workflow()
async def waiting(node: int) -> None:
    """Some steps that are done, and one that is not."""
    for number in range(STEPS):
        await one(number)
    await endless(node)


async def steps() -> float:
    """Seconds for all workflows."""
    begun = time.perf_counter()
    started = [await DBOS.start_workflow_async(life, number) for number in range(NODES)]
    await asyncio.gather(*(one.get_result() for one in started))
    return time.perf_counter() - begun


async def main() -> None:
    """Do what was asked for; ``hang`` and ``recover`` then wait to be killed."""
    with sqlite3.connect(DATABASE) as db:
        db.execute("PRAGMA journal_mode=WAL")
    DBOS(
        config={
            "name": "bench",
            "system_database_url": f"sqlite:///{DATABASE}",
            "run_admin_server": False,
            "log_level": "ERROR",
        }
    )
    DBOS.launch()
    if WHAT == "steps":
        print(json.dumps(await steps()), flush=True)
        DBOS.destroy()
        return
    if WHAT == "hang":
        for number in range(NODES):
            await DBOS.start_workflow_async(waiting, number)
    await all_entered.wait()
    print(json.dumps("all are in their step"), flush=True)
    await asyncio.sleep(3600)


asyncio.run(main())
