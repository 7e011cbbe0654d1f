"""Who works on which run: a run is taken, ended, cancelled or handed back, and processes say that they live."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..codec import pack, pack_event, storable, unpack, with_kind
from ..errors import RunTaken
from ..events import Answered, Event, Replied, Waiting
from ..usage import Entry, Ledger
from .database import Connection, Database
from .news import News
from .records import Ending, Process, State, Summary
from .rows import SUMMARY, no_run, summary_of, tell
from .spending import add_spending

UNHEARD = "the process that made this call ended before it heard the reply"
LEFT = "its server ended, and nobody waits for the answer"
WORKED = "seconds = seconds + CASE WHEN taken IS NOT NULL AND ? > taken THEN ? - taken ELSE 0 END"
"""Adds what the present life worked, up to a time that is given twice."""


@dataclass(frozen=True)
class Lives:
    """The lives of the runs in a store. All methods may raise StoreError; those that name a run, UnknownName."""

    database: Database
    news: News

    async def take(self, id: str, worker: str, over: str | None = None, *, resume: bool = True) -> int:
        """Become the one who works on a run; gives the number of its new life, which every write must name.

        Calls that an earlier life left open are marked `unknown`, and its events say so. A run that is answered
        cannot be taken.

        Args:
            over: The process that is known to be dead, from which a running run may be taken.
            resume: Whether it may be one that ended without an answer; else only one that is `queued`.

        Raises:
            RunTaken: if another works on it, or it is answered or being cancelled.
        """

        ended = "'interrupted', 'failed', 'cancelled', " if resume else ""

        def do(connection: Connection) -> int:
            now, sign = time.time(), _last_sign(connection, id)
            rows = connection.execute(
                "UPDATE runs SET status = 'running', worker = ?, life = life + 1, began = coalesce(began, ?), "
                f"{WORKED}, taken = ?, ended = NULL, error = '', fault = '' "
                f"WHERE id = ? AND (status IN ({ended}'queued') "
                "OR (status IN ('running', 'cancelling') AND worker IN (?, ?))) RETURNING life",
                (worker, now, sign, sign, now, id, worker, worker if over is None else over),
            )
            if not rows:
                raise RunTaken(_why_not(connection, id))
            _close_open(connection, id)
            return int(rows[0][0])

        return await self.database.transact(do)

    async def finish(self, id: str, life: int, ending: Ending) -> None:
        """Store how a life ended that has told nothing.

        Raises:
            RunTaken: if another life has begun.
        """
        await self.database.transact(lambda connection: end_life(connection, id, life, ending))
        self.news.ring(id)

    async def cancel(self, id: str, owner: str | None = None) -> State:
        """Have a run stopped: at once if nobody works on it, else its process is told; gives the state it is in now.

        Raises:
            UnknownName: if there is none, or it is another's.
        """

        def do(connection: Connection) -> State:
            rows = connection.execute("SELECT owner FROM runs WHERE id = ?", (id,))
            if not rows or owner not in (None, rows[0][0]):
                raise no_run(id)
            connection.execute(
                "UPDATE runs SET status = 'cancelled', ended = ? WHERE id = ? AND status IN ('queued', 'interrupted')",
                (time.time(), id),
            )
            connection.execute("UPDATE runs SET status = 'cancelling' WHERE id = ? AND status = 'running'", (id,))
            state: State = connection.execute("SELECT status FROM runs WHERE id = ?", (id,))[0][0]
            return state

        state = await self.database.transact(do)
        self.news.ring(id)
        return state

    async def requeue(self, worker: str, tickets: Sequence[str] = ()) -> Sequence[str]:
        """Let go of all runs of a process that ends or is dead, so that another takes them; gives those.

        Those it left running are `queued` again, but for those that nobody waits for, which are `interrupted`.

        Args:
            tickets: Its tickets in the queue, by which runs are found that it took out and did not begin.
        """

        def do(connection: Connection) -> Sequence[str]:
            _end_the_unwanted(connection, worker, time.time())
            for ticket in tickets:  # a new life, as a ticket counts only once
                connection.execute(
                    "UPDATE runs SET life = life + 1 WHERE enqueued = ? AND status = 'queued' "
                    "AND enqueued = id || '.' || life",
                    (ticket,),
                )
            rows = connection.execute(
                "UPDATE runs SET status = 'queued' WHERE worker = ? AND status = 'running' RETURNING id", (worker,)
            )
            connection.execute("DELETE FROM workers WHERE id = ?", (worker,))
            return [id for (id,) in rows]

        return await self.database.transact(do)

    async def waiting(self, most: int = 200) -> list[Summary]:
        """Runs that are `queued`, have no ticket in the queue for their next life, and are not for a living server."""
        rows = await self.database.read(
            lambda connection: connection.execute(
                f"SELECT {SUMMARY} FROM runs WHERE status = 'queued' AND enqueued <> id || '.' || life "
                "AND worker NOT IN (SELECT id FROM workers WHERE role = 'server') ORDER BY priority, created LIMIT ?",
                (most,),
            )
        )
        return [summary_of(row) for row in rows]

    async def orphans(self) -> list[Summary]:
        """Runs of clients that are `queued` and whose server is gone; workers may take them as well."""
        rows = await self.database.read(
            lambda connection: connection.execute(
                f"SELECT {SUMMARY} FROM runs WHERE status = 'queued' AND served <> '' AND outlives = 1 "
                "AND worker <> '' AND worker NOT IN (SELECT id FROM workers) ORDER BY priority, created"
            )
        )
        return [summary_of(row) for row in rows]

    async def note_tickets(self, runs: Sequence[Summary]) -> None:
        """Note that these runs have a ticket for the life that follows the one they have."""

        def do(connection: Connection) -> None:
            for run in runs:
                connection.execute("UPDATE runs SET enqueued = ? WHERE id = ?", (ticket(run), run.id))

        await self.database.transact(do)

    async def beat(self, process: Process) -> list[str]:
        """Say that a process lives; gives the runs that it should stop."""

        def do(connection: Connection) -> list[str]:
            connection.execute(
                "INSERT INTO workers (id, host, pid, began, beats, seen, role) VALUES (?, ?, ?, ?, 0, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET beats = workers.beats + 1, seen = excluded.seen",
                (process.id, process.host, process.pid, process.began, time.time(), process.role),
            )
            rows = connection.execute("SELECT id FROM runs WHERE worker = ? AND status = 'cancelling'", (process.id,))
            return [id for (id,) in rows]

        return await self.database.transact(do)

    async def processes(self) -> list[Process]:
        """All who said that they live and did not say good-bye."""
        rows = await self.database.read(
            lambda connection: connection.execute("SELECT id, host, pid, began, beats, seen, role FROM workers")
        )
        return [Process(*row) for row in rows]


def ticket(run: Summary) -> str:
    """What a run's place in the queue is called; another for each life, so that none is used twice."""
    return f"{run.id}.{run.life}"


def end_life(
    connection: Connection, id: str, life: int, ending: Ending, number: int = 0, spent: Ledger | None = None
) -> None:
    """Write how a life ended; its answer becomes the event of that `number`, so that it is told once.

    Args:
        spent: The ledger of the run; None to read it.

    Raises:
        RunTaken: if another life has begun.
    """
    now = time.time()
    mine = connection.execute(
        f"UPDATE runs SET status = ?, ended = ?, error = ?, fault = ?, {WORKED}, taken = NULL "
        "WHERE id = ? AND life = ? RETURNING id",
        (ending.state, now, storable(ending.error), ending.fault, now, now, id, life),
    )
    if not mine:
        raise RunTaken(_why_not(connection, id))
    _settle(connection, id, now, spent)
    if ending.answered:
        body = pack(Answered, ending.answered)
        connection.execute("UPDATE bodies SET answered = ? WHERE run = ?", (body, id))
        tell(connection, [(id, number, now, with_kind(Answered, body))])


def _end_the_unwanted(connection: Connection, worker: str, now: float) -> None:
    """End those runs of a process that were being cancelled, or that nobody waits for without it."""
    seen = [when for (when,) in connection.execute("SELECT seen FROM workers WHERE id = ?", (worker,))]
    sign = seen[0] if seen else 0.0
    connection.execute(
        f"UPDATE runs SET {WORKED}, taken = NULL WHERE worker = ? AND status IN ('running', 'cancelling')",
        (sign, sign, worker),
    )
    ended = connection.execute(
        "UPDATE runs SET status = CASE WHEN status = 'running' THEN 'interrupted' ELSE 'cancelled' END, "
        "ended = ?, error = CASE WHEN status = 'running' THEN ? ELSE '' END WHERE worker = ? "
        "AND (status = 'cancelling' OR (status = 'running' AND outlives = 0)) RETURNING id",
        (now, LEFT, worker),
    )
    for (id,) in ended:
        _close_open(connection, id)
        _settle(connection, id, now)


def _why_not(connection: Connection, id: str) -> str:
    """Why a run cannot be taken."""
    rows = connection.execute("SELECT status, worker FROM runs WHERE id = ?", (id,))
    if not rows:
        return f"{id} was deleted"
    state, worker = rows[0]
    return f"{id} is {state}" + (f", and {worker} works on it" if state == "running" else "")


def _last_sign(connection: Connection, id: str) -> float:
    """When the process that works on a run, or did, last showed that it lives."""
    [(at,)] = connection.execute("SELECT coalesce(max(at), 0.0) FROM events WHERE run = ?", (id,))
    seen = connection.execute("SELECT seen FROM workers WHERE id = (SELECT worker FROM runs WHERE id = ?)", (id,))
    return max([float(at), *(float(when) for (when,) in seen)])


def _settle(connection: Connection, id: str, now: float, spent: Ledger | None = None) -> None:
    """Write down what a run has cost, and what of that is new on its owner's account of the day."""
    if spent is None:
        entries = connection.execute("SELECT entry FROM ledger WHERE run = ?", (id,))
        spent = Ledger(unpack(Entry, entry) for (entry,) in entries)
    [(owner, tokens, usd)] = connection.execute("SELECT owner, tokens, usd FROM runs WHERE id = ?", (id,))
    connection.execute("UPDATE runs SET tokens = ?, usd = ? WHERE id = ?", (spent.total, spent.cost, id))
    add_spending(connection, owner, now, spent.total - (tokens or 0), (spent.cost or 0.0) - (usd or 0.0))


def _close_open(connection: Connection, id: str) -> None:
    """Mark the calls that a dead process left open, and tell so in the run's events."""
    rows = connection.execute("SELECT key, attempt, entry FROM ledger WHERE run = ? ORDER BY number", (id,))
    told: list[Event] = []
    for key, attempt, stored in rows:
        entry = unpack(Entry, stored)
        if entry.status == "open":
            entry = replace(entry, status="unknown")
            connection.execute(
                "UPDATE ledger SET entry = ? WHERE run = ? AND key = ? AND attempt = ?",
                (pack(Entry, entry), id, key, attempt),
            )
            told += [Replied(entry, "", UNHEARD), Waiting(key, 0.0, UNHEARD)]
    [(last,)] = connection.execute("SELECT coalesce(max(number), 0) FROM events WHERE run = ?", (id,))
    tell(connection, [(id, number, time.time(), pack_event(event)) for number, event in enumerate(told, last + 1)])
