"""The journal of one run in a store: its steps, its ledger and its events."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any, TypeVar, cast

from ..errors import ModelError, RunTaken, StoreError
from ..events import Answered, Called, Event, Replied, Text, Thought, Used, Waiting
from ..run import Heard
from ..usage import Entry
from .database import Connection
from .records import State
from .runs import Runs
from .text import packed, packed_event, unpacked, unpacked_event

T = TypeVar("T")
USED = '{"event": "Used"'
"""How a stored event begins that says that a tool was used."""
FLUSH_SECONDS = 0.2
"""Most time for which an event is in memory only."""


class RunJournal:
    """What one life of a run remembers and writes; the steps of earlier lives are found by their key.

    Hand `see` to the house as its listener too. A life that has been overtaken by another one may no longer begin
    calls; what its calls in flight gave is kept all the same, as it was paid for.
    """

    def __init__(
        self,
        runs: Runs,
        id: str,
        life: int,
        stop: Callable[[], object] = lambda: None,
        is_away: Callable[[ModelError], bool] = lambda error: False,
    ) -> None:
        """`stop` ends the run; `is_away` tells whether an error is reason enough to go on another time."""
        self.runs, self.id, self.life = runs, id, life
        self.stopped: StoreError | None = None
        """Why the run must stop: it was taken by another, or nothing can be stored."""
        self.away: ModelError | None = None
        """Why the run is to go on another time; None if it need not."""
        self._is_away = is_away
        self._stop = stop
        self._steps: dict[str, str] = {}
        self._ledger: dict[tuple[str, int], Entry] = {}
        self._told: Counter[str] = Counter()
        self._pending: list[tuple[float, Event]] = []
        self._last = 0
        self._worked = 0.0
        self._lock = asyncio.Lock()
        self._flushing: asyncio.Task[None] | None = None
        self._saving: set[asyncio.Task[Any]] = set()

    async def open(self) -> RunJournal:
        """Read what earlier lives left."""

        def do(connection: Connection) -> None:
            of = (self.id,)
            self._steps = dict(connection.execute("SELECT key, result FROM steps WHERE run = ?", of))
            for (stored,) in connection.execute("SELECT entry FROM ledger WHERE run = ? ORDER BY number", of):
                entry = unpacked(Entry, stored)
                self._ledger[entry.key, entry.attempt] = entry
            events = connection.execute("SELECT number, event FROM events WHERE run = ? ORDER BY number", of)
            self._told = Counter(_tale(event) for _, event in events)
            self._last = max((number for number, _ in events), default=0)
            [(self._worked,)] = connection.execute("SELECT seconds FROM runs WHERE id = ?", of)

        await self.runs.database.read(do)
        return self

    async def once(self, key: str, kind: type[T], step: Callable[[], Awaitable[T]]) -> T:
        if key in self._steps:
            return unpacked(kind, self._steps[key])
        try:
            result = await step()
        except ModelError as error:
            if self._is_away(error):  # else the answer would say of a part that it is missing
                self.away = self.away or error
                self._stop()
            raise
        entry = result.entry if isinstance(result, Heard) else None
        kept = await self._whatever_happens(
            self._keep(key, getattr(kind, "__name__", str(kind)), packed(kind, result), entry)
        )
        return result if kept is None else unpacked(kind, kept)

    async def write(self, entry: Entry) -> None:
        await self._whatever_happens(self._commit(entry))

    async def entries(self) -> Sequence[Entry]:
        return tuple(self._ledger.values())

    async def worked(self) -> float:
        return self._worked

    def see(self, event: Event) -> None:
        """Keep an event; pieces of text are joined, and those that a reply will hold are left out."""
        if isinstance(event, Answered) or (isinstance(event, Text) and not event.final):
            return  # the answer is told when the run is finished
        if isinstance(event, Called | Replied | Waiting | Text | Thought) or not self._known(event):
            self._pending.append((time.time(), event))
            if isinstance(event, Text | Thought):
                self._join()
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush_soon())

    async def finish(self, state: State, answered: Answered | None = None, error: str = "", fault: str = "") -> None:
        """Store what is still in memory, and how the run ended.

        Raises:
            StoreError: if that cannot be done, or another life has begun.
        """
        if self._flushing:
            self._flushing.cancel()
            await asyncio.gather(self._flushing, return_exceptions=True)
        await asyncio.gather(*self._saving, return_exceptions=True)
        if self._pending and self.stopped is None:
            await self._commit(None)
        await self.runs.finish(self.id, self.life, state, answered, error, self._last + 1, fault)

    def _known(self, event: Event) -> bool:
        """Whether an earlier life told this already: a run that is resumed goes through its finished steps again."""
        stored = _tale(packed_event(event)) if self._told else ""
        self._told[stored] -= 1
        return self._told[stored] >= 0

    def _join(self) -> None:
        """Add the last piece of text to the one before it, if both are of the same reply."""
        (_, last), before = self._pending[-1], self._pending[-2:-1]
        if not before or not isinstance(last, Text | Thought):
            return
        at, earlier = before[0]
        if isinstance(earlier, Text | Thought) and type(earlier) is type(last) and earlier.key == last.key:
            self._pending[-2:] = [(at, replace(earlier, text=earlier.text + last.text))]

    async def _flush_soon(self) -> None:
        await asyncio.sleep(FLUSH_SECONDS)
        while self._pending:
            await self._whatever_happens(self._commit(None))

    async def _keep(self, key: str, kind: str, result: str, entry: Entry | None) -> str | None:
        """Store a step and what it cost, together; gives the result that another life stored first, if one did."""
        values = (self.id, key, time.time(), kind, result)
        return await self._commit(entry, values)

    async def _commit(self, entry: Entry | None, step: tuple[Any, ...] | None = None) -> str | None:
        """Write a line of the ledger, a step, and all events that wait, in one transaction."""
        async with self._lock:
            events = [
                (self.id, number, at, packed_event(event))
                for number, (at, event) in enumerate(self._pending, self._last + 1)
            ]
            self._pending = []
            line = packed(Entry, entry) if entry else ""

            def do(connection: Connection) -> str | None:
                # an update holds the row, so that nobody takes the run over before this call is in its ledger
                begins = entry is not None and entry.status == "open"
                sql = "UPDATE runs SET life = life WHERE id = ? AND life = ? RETURNING id"
                sql = sql if begins else "SELECT id FROM runs WHERE id = ? AND life = ?"
                mine = bool(connection.execute(sql, (self.id, self.life)))
                if entry and (mine or entry.status != "open"):
                    connection.execute(
                        "INSERT INTO ledger (run, key, attempt, number, entry) VALUES (?, ?, ?, "
                        "(SELECT coalesce(max(number), 0) + 1 FROM ledger WHERE run = ?), ?) "
                        "ON CONFLICT (run, key, attempt) DO UPDATE SET entry = excluded.entry",
                        (self.id, entry.key, entry.attempt, self.id, line),
                    )
                first = None if step is None else _first(connection, step)
                if mine:
                    for values in events:
                        connection.execute(
                            "INSERT INTO events (run, number, at, event) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                            values,
                        )
                elif step is None:
                    raise RunTaken(f"{self.id} was taken over by another worker, or deleted")
                return first

            try:
                first = await self.runs.database.transact(do)
            except StoreError as error:
                self.stopped = self.stopped or error
                self._stop()
                raise
            self._last += len(events)
        if entry:
            self._ledger[entry.key, entry.attempt] = entry
        self.runs.ring(self.id)
        return first

    async def _whatever_happens(self, saving: Coroutine[Any, Any, T]) -> T:
        """Let a write end though the run is cancelled: what it holds is paid for."""
        task = asyncio.create_task(saving)
        self._saving.add(task)
        task.add_done_callback(self._saving.discard)
        return await asyncio.shield(task)


def _tale(event: str) -> str:
    """A stored event without what is another each time that a run goes through it: how long a tool took."""
    if not event.startswith(USED):
        return event
    return packed_event(replace(cast("Used", unpacked_event(event)), seconds=0.0))


def _first(connection: Connection, step: tuple[Any, ...]) -> str | None:
    """Store a step unless its key is taken; gives the result that was there first, if it is another."""
    stored = connection.execute(
        "INSERT INTO steps (run, key, at, kind, result) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING key",
        step,
    )
    if stored:
        return None
    [(result,)] = connection.execute("SELECT result FROM steps WHERE run = ? AND key = ?", step[:2])
    return str(result)
