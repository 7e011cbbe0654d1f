"""Every run of every person: added, found again and followed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

from ..codec import as_json, pack, unpack, unpack_event
from ..events import Answered
from ..ids import RUN, new_run
from ..types import Question
from ..usage import Entry, Ledger
from .adding import NewRun
from .database import Connection, Database, Row
from .forks import kept_steps
from .lives import Lives
from .news import News
from .records import OVER, Numbered, State, Stored, Summary, Wanted
from .rows import SUMMARY, insert, no_run, summary_of

EVERYTHING = Wanted()
POLL_SECONDS = 0.25
"""How often a follower looks for events that another process stored."""
AT_ONCE = 1000
"""Most events that a follower reads at once."""


class Runs:
    """The store of runs. All methods may raise StoreError; those that name a run, UnknownName."""

    def __init__(self, database: Database) -> None:
        self.database, self.news = database, News()
        self.lives = Lives(database, self.news)
        """Who works on which run."""

    async def open(self) -> Runs:
        await self.database.open()
        return self

    async def close(self) -> None:
        await self.database.close()

    async def __aenter__(self) -> Runs:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def add(self, new: NewRun) -> tuple[Summary, bool]:
        """Keep a new run; or give the one that the same request made before, and False.

        Raises:
            KeyReused: if the owner used the idempotency key for another request.
        """
        return await self.database.transact(new.write)

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
                (run.id, pack(Question, source.question), as_json(dict(configuration))),
            )
            for step in kept_steps(steps, numbered, task):
                connection.execute(
                    "INSERT INTO steps (run, key, at, kind, result) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    (run.id, *step),
                )
            return run

        return await self.database.transact(do)

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
            raise no_run(id)
        question, configuration, answered, *summary = rows[0]
        return Stored(
            **vars(summary_of(summary)),
            question=unpack(Question, question),
            configuration=json.loads(configuration),
            answered=unpack(Answered, answered) if answered else None,
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
            raise no_run(prefix, ids)
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
        return [Numbered(number, at, unpack_event(event)) for number, at, event in rows]

    async def follow(self, id: str, after: int = 0) -> AsyncIterator[Numbered]:
        """Stored events above `after`, then those still to come, until the run is over or interrupted.

        It may be left and taken up again at any number, in any process, also after a restart.
        """
        while True:
            news = self.news.of(id)
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
            raise no_run(id)
        return states[0][0], [Numbered(number, at, unpack_event(event)) for number, at, event in rows]

    async def state(self, id: str) -> State:
        """How far a run is.

        Raises:
            UnknownName: if there is no such run.
        """
        rows = await self.database.read(
            lambda connection: connection.execute("SELECT status FROM runs WHERE id = ?", (id,))
        )
        if not rows:
            raise no_run(id)
        state: State = rows[0][0]
        return state

    async def ledger(self, id: str) -> Ledger:
        """Every attempt at a model call that the run made, in the order in which they began."""
        rows = await self.database.read(
            lambda connection: connection.execute("SELECT entry FROM ledger WHERE run = ? ORDER BY number", (id,))
        )
        return Ledger(unpack(Entry, entry) for (entry,) in rows)


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
        sought = as_json(wanted.text.lower())[1:-1]
        for special in "!%_":
            sought = sought.replace(special, "!" + special)
        values += [f"%{sought}%"] * 2
    return " AND ".join(where), values
