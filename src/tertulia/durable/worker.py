"""A process that takes stored questions out of the queues and answers them, and takes over from those who die."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from ..errors import TertuliaError
from ..settings import silence
from ..stores.records import Summary
from ..stores.runs import Runs, ticket
from .carry import carry, refuse
from .engine import Lane, Queues
from .keeper import Keeper
from .patient import patient
from .presence import DEAD_SECONDS, Presence, Watch, gone

SWEEP_SECONDS = 0.25
LOOK_SECONDS = 2.0
PRUNE_SECONDS = 3600.0
LONGEST_PAUSE = 60.0
"""Seconds that a run whose provider was away waits before it is handed out again."""


@dataclass
class Desk:
    """A worker at its desk; `serve` works until it is cancelled."""

    runs: Runs
    place: str
    lanes: Mapping[str, Lane] = field(default_factory=dict)
    say: Callable[[str], None] = silence
    keep_days: float | None = None
    """Age in days at which ended runs are deleted; None keeps them."""
    patience: float = DEAD_SECONDS
    """Seconds without a sign of life after which a worker counts as dead."""
    _working: set[asyncio.Task[object]] = field(default_factory=set)

    async def serve(self) -> None:
        """Answer what is asked until this is cancelled; what is at work then goes back to the queue."""
        async with Presence(self.runs) as self._presence:
            self._keeper = Keeper(self.say, patient, lambda: not self._presence.stops)
            self._queues = Queues(self.place, self._presence.worker.id, self.lanes)
            await self._queues.open(self._take)
            self.say(f"{self._presence.worker.id} waits for questions at {self.runs.database.url}")
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._again_and_again(SWEEP_SECONDS, self._sweep))
                    group.create_task(self._again_and_again(min(LOOK_SECONDS, self.patience / 5), self._reap))
                    group.create_task(self._again_and_again(PRUNE_SECONDS, self._prune))
            finally:
                await self._leave()

    async def _take(self, id: str) -> None:
        """Answer one run that came out of a queue; whatever becomes of it is in the store."""
        task = asyncio.current_task()
        assert task is not None
        self._working.add(task)
        try:
            stored = await self.runs.get(id)
            try:
                house = await self._keeper.house(stored)
            except TertuliaError as error:
                await refuse(id, self._presence, error)
                raise
            self.say(f"{id} begins")
            await carry(id, house, self._presence, queued=True)
            self.say(f"{id} is answered")
        except TertuliaError as error:
            self.say(f"{id}: {error}")
        finally:
            self._working.discard(task)

    async def _sweep(self) -> None:
        """Put runs in the queue that are not there yet."""
        found = await self.runs.waiting()
        for run in found:
            pause = min(LONGEST_PAUSE, 2.0**run.life) if run.error else 0.0
            await self._queues.put(run.id, ticket(run), provider(run), run.owner, run.priority, pause)
        if found:
            await self.runs.enqueued(found)

    async def _reap(self) -> None:
        """Let go of the runs of workers who died."""
        workers = [one for one in await self.runs.workers() if one.id != self._presence.worker.id]
        dead = {*self._watch.dead(workers, time.monotonic()), *(one.id for one in workers if gone(one))}
        for worker in dead:
            tickets = await self._queues.bury(worker)
            freed = await self.runs.requeue(worker, tickets)
            self.say(f"{worker} is dead; {len(freed)} runs go back to the queue")

    async def _prune(self) -> None:
        if self.keep_days is not None:
            await self.runs.prune(self.keep_days)

    async def _again_and_again(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work`, whatever the database says: it may come back."""
        while True:
            try:
                await work()
            except Exception as error:
                self.say(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")
            await asyncio.sleep(seconds)

    async def _leave(self) -> None:
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)
        with suppress(Exception):  # else another worker finds that we are gone
            me = self._presence.worker.id
            await self.runs.requeue(me, await self._queues.bury(me))
        await self._queues.close()
        await self._keeper.close()

    def __post_init__(self) -> None:
        self._watch = Watch(self.patience)


def provider(run: Summary) -> str:
    """Whose queue a run waits in: that of the provider of its first model."""
    return run.models.partition(",")[0].partition(":")[0].strip() or "default"
