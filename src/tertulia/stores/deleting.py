"""Deletes runs, with all that is kept of them, and overwrites where they stood."""

from __future__ import annotations

import time

from ..errors import StoreError
from .database import Connection, Database
from .runs import Runs
from .served import forget


async def delete_run(runs: Runs, id: str, owner: str | None = None) -> None:
    """Delete a run, all that is kept of it and the response that it answers.

    Raises:
        UnknownName: if there is none, or it is another's.
        StoreError: if it is being worked on: cancel it first.
    """
    run = await runs.get(id, owner)
    if run.state in ("running", "cancelling"):
        raise StoreError(f"{id} is being worked on: `tertulia runs cancel {id}` first")

    def do(connection: Connection) -> None:
        if run.served:
            forget(connection, run.owner, run.served)
        connection.execute("DELETE FROM runs WHERE id = ?", (id,))

    await runs.database.transact(do)
    runs.news.ring(id)
    await runs.database.erase()


async def delete_served(database: Database, owner: str, served: str) -> bool:
    """Delete a response, what was kept under its key, and the runs that answered it; False if there is none.

    Raises:
        StoreError: if the database fails.
    """

    def do(connection: Connection) -> bool:
        gone = forget(connection, owner, served)
        mine = "DELETE FROM runs WHERE owner = ? AND served = ? RETURNING id"
        return bool(connection.execute(mine, (owner, served))) or gone

    there = await database.transact(do)
    if there:
        await database.erase()
    return there


async def prune_runs(database: Database, days: float) -> int:
    """Delete runs that ended more than so many days ago; gives their number.

    Raises:
        StoreError: if the database fails.
    """
    until = time.time() - days * 86400
    over = "status IN ('answered', 'failed', 'cancelled', 'interrupted') AND coalesce(ended, created) < ?"
    gone = await database.transact(
        lambda connection: len(connection.execute(f"DELETE FROM runs WHERE {over} RETURNING id", (until,)))
    )
    if gone:
        await database.erase()
    return gone
