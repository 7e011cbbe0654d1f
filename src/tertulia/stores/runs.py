"""Every run of every person: kept, found again, taken over, deleted."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Unpack
from weakref import WeakValueDictionary

from ..errors import RunTaken, StoreError, UnknownName
from ..events import Answered, Event, Replied, Waiting
from ..ids import RUN, new_run
from ..types import Question
from ..usage import Entry, Ledger
from .adding import Adding, How
from .database import Connection, Database, Row
from .documents import forget
from .forks import kept_steps
from .records import OVER, Numbered, Process, State, Stored, Summary, Wanted
from .rows import SUMMARY, insert, summary_of, tell
from .spending import add_spending
from .text import as_event, packed, packed_event, plain, text, unpacked, unpacked_event

EVERYTHING = Wanted()
POLL_SECONDS = 0.25
"""How often a follower looks for events that another process stored."""
AT_ONCE = 1000
"""Most events that a follower reads at once."""
UNHEARD = "the process that made this call ended before it heard the reply"
LEFT = "its server ended, and nobody waits for the answer"
WORKED = "seconds = seconds + CASE WHEN taken IS NOT NULL AND ? > taken THEN ? - taken ELSE 0 END"
"""Adds what the present life worked, up to a time that is given twice."""


class Runs:
    """The store of runs. All methods may raise StoreError; those that name a run, UnknownName."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._news: WeakValueDictionary[str, asyncio.Event] = WeakValueDictionary()

    async def open(self) -> Runs:
        await self.database.open()
        return self

    async def close(self) -> None:
        await self.database.close()

    async def __aenter__(self) -> Runs:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # -- asking

    async def add(
        self, question: Question, configuration: Mapping[str, Any], **how: Unpack[How]
    ) -> tuple[Summary, bool]:
        """Keep a new run, as `Adding` does; or give the one that the same request made before, and False.

        Raises:
            KeyReused: if the owner used the idempotency key for another request.
        """
        return await self.database.transact(Adding(question, configuration, **how))

    async def fork(
        self, id: str, task: str, configuration: Mapping[str, Any], *, owner: str = "", models: str = ""
    ) -> Summary:
        """A new run, `queued`, that has every step of another but those of `task` and of what builds on it.

        What it has from the other is not billed to it again.

        Raises:
            UnknownName: if the run has no task of that name.
        """
        source = await self.get(id)
        numbered = await self.events(id)
        run = Summary(
            new_run(),
            owner,
            "queued",
            source.text,
            source.strategy,
            models or source.models,
            time.time(),
            priority=source.priority,
            forked=id,
        )

        def do(connection: Connection) -> Summary:
            steps = connection.execute("SELECT key, at, kind, result FROM steps WHERE run = ?", (id,))
            insert(connection, run)
            connection.execute(
                "INSERT INTO bodies (run, question, configuration) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (run.id, packed(Question, source.question), text(dict(configuration))),
            )
            for step in kept_steps(steps, numbered, task):
                connection.execute(
                    "INSERT INTO steps (run, key, at, kind, result) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    (run.id, *step),
                )
            return run

        return await self.database.transact(do)

    # -- finding

    async def get(self, id: str, owner: str | None = None) -> Stored:
        """A run with its question and answer; with an owner, only if it is theirs.

        Raises:
            UnknownName: if there is none, or it is another's.
        """

        def do(connection: Connection) -> list[Row]:
            return connection.execute(
                f"SELECT question, configuration, answered, {SUMMARY} FROM runs JOIN bodies ON run = id WHERE id = ?",
                (id,),
            )

        rows = await self.database.read(do)
        if not rows or owner not in (None, rows[0][4]):
            raise UnknownName("run", id, ["those that `tertulia runs list` shows"])
        question, configuration, answered, *summary = rows[0]
        return Stored(
            **vars(summary_of(summary)),
            question=unpacked(Question, question),
            configuration=json.loads(configuration),
            answered=unpacked(Answered, answered) if answered else None,
        )

    async def find(self, prefix: str, owner: str | None = None) -> Stored:
        """The one run whose id begins like this, or that answers this response, or the newest if `prefix` is `last`.

        Raises:
            UnknownName: if there is none, or more than one.
        """
        if prefix == "last":
            ids = [run.id for run in await self.recent(Wanted(owner, most=1))]
        else:
            wanted = prefix if prefix.startswith(RUN) else RUN + prefix
            rows = await self.database.read(
                lambda connection: connection.execute(
                    "SELECT id FROM runs WHERE (id >= ? AND id < ?) OR served = ? ORDER BY id LIMIT 6",
                    (wanted, wanted + "~", prefix),
                )
            )
            ids = [str(id) for (id,) in rows]
        if len(ids) != 1:
            raise UnknownName("run", prefix, ids or ["those that `tertulia runs list` shows"])
        return await self.get(ids[0], owner)

    async def recent(self, wanted: Wanted = EVERYTHING) -> list[Summary]:
        """Runs without their bodies, newest first."""
        where, values = _where(wanted)

        def do(connection: Connection) -> list[Row]:
            return connection.execute(
                f"SELECT {SUMMARY} FROM runs WHERE {where} ORDER BY created DESC, id LIMIT ?", (*values, wanted.most)
            )

        return [summary_of(row) for row in await self.database.read(do)]

    async def events(self, id: str, after: int = 0, most: int = 100_000) -> list[Numbered]:
        """Stored events with a number above `after`, in order."""
        rows = await self.database.read(
            lambda connection: connection.execute(
                "SELECT number, at, event FROM events WHERE run = ? AND number > ? ORDER BY number LIMIT ?",
                (id, after, most),
            )
        )
        return [Numbered(number, at, unpacked_event(event)) for number, at, event in rows]

    async def follow(self, id: str, after: int = 0) -> AsyncIterator[Numbered]:
        """Stored events above `after`, then those still to come, until the run is over or interrupted.

        It may be left and taken up again at any number, in any process, also after a restart.
        """
        while True:
            news = self._news.setdefault(id, asyncio.Event())
            state, found = await self._look(id, after)
            for numbered in found:
                after = numbered.number
                yield numbered
            if len(found) < AT_ONCE and state in (*OVER, "interrupted"):
                return
            if not found:
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await news.wait()

    async def _look(self, id: str, after: int) -> tuple[State, list[Numbered]]:
        """How far a run is, and its next events."""

        def do(connection: Connection) -> tuple[list[Row], list[Row]]:
            return connection.execute("SELECT status FROM runs WHERE id = ?", (id,)), connection.execute(
                "SELECT number, at, event FROM events WHERE run = ? AND number > ? ORDER BY number LIMIT ?",
                (id, after, AT_ONCE),
            )

        states, rows = await self.database.read(do)
        if not states:
            raise UnknownName("run", id, ["those that `tertulia runs list` shows"])
        return states[0][0], [Numbered(number, at, unpacked_event(event)) for number, at, event in rows]

    async def state(self, id: str) -> State:
        rows = await self.database.read(
            lambda connection: connection.execute("SELECT status FROM runs WHERE id = ?", (id,))
        )
        if not rows:
            raise UnknownName("run", id, ["those that `tertulia runs list` shows"])
        state: State = rows[0][0]
        return state

    async def ledger(self, id: str) -> Ledger:
        """Every attempt at a model call that the run made, in the order in which they began."""
        rows = await self.database.read(
            lambda connection: connection.execute("SELECT entry FROM ledger WHERE run = ? ORDER BY number", (id,))
        )
        return Ledger(unpacked(Entry, entry) for (entry,) in rows)

    # -- running

    async def take(self, id: str, worker: str, over: str | None = None, *, resume: bool = True) -> int:
        """Become the one who works on a run; gives the number of its new life, which every write must name.

        Calls that an earlier life left open are marked `unknown`, and its events say so. A run that is answered
        cannot be taken.

        Args:
            over: The worker that is known to be dead, from whom a running run may be taken.
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

    async def finish(
        self,
        id: str,
        life: int,
        state: State,
        answered: Answered | None = None,
        error: str = "",
        number: int = 0,
        fault: str = "",
        *,
        spent: Ledger | None = None,
        before: Callable[[Connection], object] = lambda connection: None,
    ) -> None:
        """Say how a run ended; its answer becomes the event of that `number`, so that it is told once.

        Args:
            spent: The ledger of the run, as it is once `before` is done; None to read it.
            before: What is written before that, in the same transaction.

        Raises:
            RunTaken: if another has begun to work on it.
        """
        body = packed(Answered, answered) if answered else ""

        def do(connection: Connection) -> None:
            now = time.time()
            before(connection)
            mine = connection.execute(
                f"UPDATE runs SET status = ?, ended = ?, error = ?, fault = ?, {WORKED}, taken = NULL "
                "WHERE id = ? AND life = ? RETURNING id",
                (state, now, plain(error), fault, now, now, id, life),
            )
            if not mine:
                raise RunTaken(_why_not(connection, id))
            _settle(connection, id, now, spent)
            if answered:
                connection.execute("UPDATE bodies SET answered = ? WHERE run = ?", (body, id))
                tell(connection, [(id, number, now, as_event(Answered, body))])

        await self.database.transact(do)
        self.ring(id)

    async def cancel(self, id: str, owner: str | None = None) -> State:
        """Have a run stopped: at once if nobody works on it, else its worker is told; gives the state it is in now.

        Raises:
            UnknownName: if there is none, or it is another's.
        """
        await self.get(id, owner)

        def do(connection: Connection) -> State:
            connection.execute(
                "UPDATE runs SET status = 'cancelled', ended = ? WHERE id = ? AND status IN ('queued', 'interrupted')",
                (time.time(), id),
            )
            connection.execute("UPDATE runs SET status = 'cancelling' WHERE id = ? AND status = 'running'", (id,))
            state: State = connection.execute("SELECT status FROM runs WHERE id = ?", (id,))[0][0]
            return state

        state = await self.database.transact(do)
        self.ring(id)
        return state

    async def requeue(self, worker: str, tickets: Sequence[str] = ()) -> Sequence[str]:
        """Let go of all runs of a worker that ends or is dead, so that another takes them.

        Those it left running are `queued` again, but for those that nobody waits for, which are `interrupted`.

        Args:
            tickets: Its tickets in the queue, by which runs are found that it took out and did not begin.
        """

        def do(connection: Connection) -> Sequence[str]:
            now = time.time()
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

    async def enqueued(self, runs: Sequence[Summary]) -> None:
        """Say that these runs have a ticket for the life that follows the one they have."""

        def do(connection: Connection) -> None:
            for run in runs:
                connection.execute("UPDATE runs SET enqueued = ? WHERE id = ?", (ticket(run), run.id))

        await self.database.transact(do)

    def ring(self, id: str) -> None:
        """Wake those in this process who follow a run."""
        if news := self._news.pop(id, None):
            news.set()

    # -- processes

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

    # -- deleting

    async def delete(self, id: str, owner: str | None = None) -> None:
        """Delete a run, all that is kept of it and the response that it answers, and overwrite where they stood.

        Raises:
            StoreError: if it is being worked on: cancel it first.
        """
        run = await self.get(id, owner)
        if run.state in ("running", "cancelling"):
            raise StoreError(f"{id} is being worked on: `tertulia runs cancel {id}` first")

        def do(connection: Connection) -> None:
            if run.served:
                forget(connection, run.owner, run.served)
            connection.execute("DELETE FROM runs WHERE id = ?", (id,))

        await self.database.transact(do)
        self._news.pop(id, None)
        await self.database.erase()

    async def delete_served(self, owner: str, served: str) -> bool:
        """Delete a response, what was kept under its key, and the runs that answered it; False if there is none."""

        def do(connection: Connection) -> bool:
            gone = forget(connection, owner, served)
            mine = "DELETE FROM runs WHERE owner = ? AND served = ? RETURNING id"
            return bool(connection.execute(mine, (owner, served))) or gone

        there = await self.database.transact(do)
        if there:
            await self.database.erase()
        return there

    async def prune(self, days: float) -> int:
        """Delete runs that ended more than so many days ago; gives their number."""
        until = time.time() - days * 86400

        def do(connection: Connection) -> int:
            return len(
                connection.execute(
                    "DELETE FROM runs WHERE status IN ('answered', 'failed', 'cancelled', 'interrupted') "
                    "AND coalesce(ended, created) < ? RETURNING id",
                    (until,),
                )
            )

        gone = await self.database.transact(do)
        if gone:
            await self.database.erase()
        return gone


def ticket(run: Summary) -> str:
    """What a run's place in the queue is called; another for each life, so that none is used twice."""
    return f"{run.id}.{run.life}"


def _where(wanted: Wanted) -> tuple[str, list[Any]]:
    where, values = ["1 = 1"], list[Any]()
    for condition, value in (
        ("owner = ?", wanted.owner),
        ("status = ?", wanted.state),
        ("created >= ?", wanted.since),
        ("created < ?", wanted.before),
    ):
        if value is not None:
            where.append(condition)
            values.append(value)
    if wanted.text:
        where.append(
            "EXISTS (SELECT 1 FROM bodies WHERE run = id AND "
            "(lower(question) LIKE ? ESCAPE '!' OR lower(answered) LIKE ? ESCAPE '!'))"
        )
        sought = text(wanted.text.lower())[1:-1]
        for special in "!%_":
            sought = sought.replace(special, "!" + special)
        values += [f"%{sought}%"] * 2
    return " AND ".join(where), values


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
        spent = Ledger(unpacked(Entry, entry) for (entry,) in entries)
    [(owner, tokens, usd)] = connection.execute("SELECT owner, tokens, usd FROM runs WHERE id = ?", (id,))
    connection.execute("UPDATE runs SET tokens = ?, usd = ? WHERE id = ?", (spent.total, spent.cost, id))
    add_spending(connection, owner, now, spent.total - (tokens or 0), (spent.cost or 0.0) - (usd or 0.0))


def _close_open(connection: Connection, id: str) -> None:
    """Mark the calls that a dead process left open, and tell so in the run's events."""
    rows = connection.execute("SELECT key, attempt, entry FROM ledger WHERE run = ? ORDER BY number", (id,))
    told: list[Event] = []
    for key, attempt, stored in rows:
        entry = unpacked(Entry, stored)
        if entry.status == "open":
            entry = replace(entry, status="unknown")
            connection.execute(
                "UPDATE ledger SET entry = ? WHERE run = ? AND key = ? AND attempt = ?",
                (packed(Entry, entry), id, key, attempt),
            )
            told += [Replied(entry, "", UNHEARD), Waiting(key, 0.0, UNHEARD)]
    [(last,)] = connection.execute("SELECT coalesce(max(number), 0) FROM events WHERE run = ?", (id,))
    tell(connection, [(id, number, time.time(), packed_event(event)) for number, event in enumerate(told, last + 1)])
