"""Clears away what the dead and the old leave behind, for servers and workers alike."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

from ..stores.deleting import prune_runs
from ..stores.runs import Runs
from ..stores.served import Documents
from .liveness import Heartbeat, Watch, has_ended
from .queues import Queues

LOOK_SECONDS = 2.0
"""How often a process looks for the dead."""
PRUNE_SECONDS = 3600.0
"""How often it looks for what is old."""


async def reap(heartbeat: Heartbeat, watch: Watch, queues: Queues | None = None) -> AsyncIterator[tuple[str, int]]:
    """Let go of the runs of processes that died; gives the id of each, and how many of its runs others go on with.

    Without the queues, where workers have their tickets, only dead servers are looked for.
    """
    runs = heartbeat.runs
    others = [one for one in await runs.lives.processes() if one.id != heartbeat.process.id]
    watched = others if queues else [one for one in others if one.role == "server"]
    for dead in {*watch.dead(watched, time.monotonic()), *(one.id for one in watched if has_ended(one))}:
        tickets = await queues.withdraw(dead) if queues else ()
        yield dead, len(await runs.lives.requeue(dead, tickets))


async def prune(runs: Runs, days: float | None) -> None:
    """Delete runs that ended and responses that last changed more than so many days ago; None keeps them all."""
    if days is not None:
        await prune_runs(runs.database, days)
        await Documents(runs.database).prune(days)
