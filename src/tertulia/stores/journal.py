"""The journal of one run in a store: its steps, its ledger and its events."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from ..codec import pack, pack_event, unpack, unpack_event
from ..errors import ModelError, RunTaken, StoreError
from ..events import Answered, Called, Event, Replied, Text, Thought, Used, Waiting
from ..journal import Heard
from ..types import Execution
from ..usage import Entry, Ledger
from .adding import NewRun
from .batch import Batch
from .database import Connection, Outcome, settle
from .lives import end_life
from .records import Ending, State
from .runs import Runs

T = TypeVar("T")
FLUSH_SECONDS = 0.2
"""Most time for which an event is in memory only."""
KEEP_SECONDS = 0.02
"""Most time for which a reply is in memory only; it is stored earlier if a call begins or the run ends."""


class RunJournal:
    """What one life of a run remembers and writes; the steps of earlier lives are found by their key.

    Hand `see` to the house as its listener too. A call begins only when its line in the ledger is stored, and with it
    all that came before. A life that has been overtaken by another one may no longer begin calls; what its calls in
    flight gave is kept all the same, as it was paid for.
    """

    def __init__(self, runs: Runs, id: str, life: int, *, can_wait: bool = False, new: NewRun | None = None) -> None:
        """The journal of life number `life` of run `id`.

        Args:
            can_wait: Whether another life goes on if a provider is away; then that ends this one.
            new: The run, to be added in the same transaction as the first thing of it; None if it is there.
        """
        self.runs, self.id, self.life = runs, id, life
        self.work: asyncio.Task[Any] | None = None
        """The work on the run, which is cancelled when it must stop; None if nobody does any."""
        self.stopped: StoreError | None = None
        """Why the run must stop: it was taken by another, or nothing can be stored."""
        self.away: ModelError | None = None
        """Why the run is to go on another time; None if it need not."""
        self._can_wait = can_wait
        self._steps: dict[str, str] = {}
        self._ledger: dict[tuple[str, int], Entry] = {}
        self._told: Counter[str] = Counter()
        self._pending: list[tuple[float, Event]] = []
        self._batch = Batch(id, life, new)
        self._last = 0
        self._worked = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._is_writing = False
        self._waiting: list[asyncio.Future[dict[str, str]]] = []
        """Those who wait for the next batch to be stored."""
        self._rest: asyncio.Future[None] | None = None
        """Who waits for the batch on its way, to end the run; None if nobody does."""

    async def open(self) -> RunJournal:
        """Read what earlier lives left."""

        def do(connection: Connection) -> None:
            of = (self.id,)
            self._steps = dict(connection.execute("SELECT key, result FROM steps WHERE run = ?", of))
            for (stored,) in connection.execute("SELECT entry FROM ledger WHERE run = ? ORDER BY number", of):
                entry = unpack(Entry, stored)
                self._ledger[entry.key, entry.attempt] = entry
            events = connection.execute("SELECT number, event FROM events WHERE run = ? ORDER BY number", of)
            self._told = Counter(_tale(unpack_event(event)) for _, event in events)
            self._last = max((number for number, _ in events), default=0)
            [(self._worked,)] = connection.execute("SELECT seconds FROM runs WHERE id = ?", of)

        await self.runs.database.read(do)
        return self

    async def once(self, key: str, kind: type[T], step: Callable[[], Awaitable[T]]) -> T:
        """As `Journal` says; what may be asked or computed again is not waited for to be stored.

        Anything else, as what a tool did to the world, is stored before the run goes on.
        """
        if key in self._steps:
            return unpack(kind, self._steps[key])
        try:
            result = await step()
        except ModelError as error:
            if self._can_wait and error.passes:  # else the answer would say of a part that it is missing
                self.away = self.away or error
                self._stop()
            raise
        if isinstance(result, Heard):
            self._put(result.entry)
        self._batch.steps.append((self.id, key, time.time(), getattr(kind, "__name__", str(kind)), pack(kind, result)))
        if isinstance(result, Heard | Execution):
            self._flush_within(KEEP_SECONDS)
            return result
        others = await self._store_all()
        return unpack(kind, others[key]) if key in others else result

    async def write(self, entry: Entry) -> None:
        self._put(entry)
        await self._store_all()

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
        self._flush_within(FLUSH_SECONDS)

    async def finish(self, state: State, answered: Answered | None = None, error: str = "", fault: str = "") -> None:
        """Store what is still in memory, and how the run ended.

        Raises:
            StoreError: if that cannot be done, or another life has begun.
        """
        if self._is_writing:
            self._rest = asyncio.get_running_loop().create_future()
            await self._rest
        self._is_writing, batch, spent = True, self._take(), Ledger(self._ledger.values())
        ending, number = Ending(state, answered, error, fault), self._last + len(batch.events) + 1

        def do(connection: Connection) -> None:
            batch.write(connection)
            end_life(connection, self.id, self.life, ending, number, spent)

        try:
            await self.runs.database.transact(do)
        except RunTaken:
            await self.runs.database.transact(batch.write)  # what was paid for
            raise
        self.runs.news.ring(self.id)

    def _stop(self) -> None:
        """End the work: nothing of it can be stored any more, or it is to go on another time."""
        if self.work:
            self.work.cancel()

    def _known(self, event: Event) -> bool:
        """Whether an earlier life told this already: a run that is resumed goes through its finished steps again."""
        stored = _tale(event) if self._told else ""
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

    def _put(self, entry: Entry) -> None:
        """Have a line of the ledger stored."""
        self._ledger[entry.key, entry.attempt] = entry
        self._batch.entries.append((entry, pack(Entry, entry)))

    def _take(self) -> Batch:
        """All that waits."""
        batch, self._batch = self._batch, Batch(self.id, self.life)
        batch.events = [
            (self.id, number, at, pack_event(event)) for number, (at, event) in enumerate(self._pending, self._last + 1)
        ]
        self._pending = []
        if self._timer:
            self._timer.cancel()
            self._timer = None
        return batch

    def _flush_within(self, seconds: float) -> None:
        """Store what waits, so many seconds from now at the latest."""
        if self._timer and seconds >= FLUSH_SECONDS:
            return
        loop = asyncio.get_running_loop()
        if self._timer:
            if self._timer.when() <= loop.time() + seconds:
                return
            self._timer.cancel()
        self._timer = loop.call_later(seconds, self._is_due)

    def _is_due(self) -> None:
        self._timer = None
        self._flush()

    async def _store_all(self) -> dict[str, str]:
        """Wait until all that waits is stored; gives the results of steps that another life stored first.

        What is to be stored will be, also if whoever waits is cancelled: it is paid for.
        """
        stored: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()
        self._waiting.append(stored)
        self._flush()
        return await stored

    # The invariant of `_flush`, `_settle_batch` and `finish`: at most one batch is on its way, as `_is_writing` says.
    #
    # - What comes meanwhile collects in `_batch`, `_pending` and `_waiting`, and leaves together, in the next batch. So
    #   batches are stored in the order in which their contents came, whatever the database does in between.
    # - Events get their numbers when a batch is taken, counted on from `_last`. Only `_settle_batch` moves that, and
    #   only if the batch was stored. So numbers have no gaps, also after a failure, and no two batches share one.
    # - Whoever waits is in `_waiting` until a batch is taken, then with that batch, and is told once what came of it.
    # - `finish` waits in `_rest` for the batch on its way; `_settle_batch` then leaves the turn to it instead of
    #   beginning the next batch. It never resets `_is_writing`: nothing is written after the end of a life.

    def _flush(self) -> None:
        """Have all that waits stored, in one transaction; after the one on its way if there is one."""
        if self._is_writing:
            return
        batch, waiting = self._take(), self._waiting
        self._waiting, self._is_writing = [], True
        self.runs.database.submit(batch.write, lambda outcome: self._settle_batch(batch, waiting, outcome))

    def _settle_batch(self, batch: Batch, waiting: Sequence[asyncio.Future[dict[str, str]]], outcome: Outcome) -> None:
        """Tell those who wait what came of a batch, and begin the next one."""
        result, error = outcome
        mine, others = result if error is None else (False, {})
        self._is_writing = False
        if error is None:
            self._last += len(batch.events)
        if error is None and not mine and (batch.begins or not batch.steps):
            error = RunTaken(f"{self.id} was taken over by another worker, or deleted")
        if error is not None:
            self.stopped = self.stopped or (error if isinstance(error, StoreError) else StoreError(repr(error)))
            self._stop()
        for one in waiting:
            settle(one, (others, error))
        self.runs.news.ring(self.id)
        if self._rest is not None:
            settle(self._rest, (None, None))
        elif self._batch or self._waiting or (self._pending and self._timer is None):
            self._flush()


def _tale(event: Event) -> str:
    """An event as it is stored, without what is another each time that a run goes through it: how long a tool took."""
    return pack_event(replace(event, seconds=0.0) if isinstance(event, Used) else event)
