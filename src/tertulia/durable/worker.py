"""A process that takes stored questions out of the queues and answers them, and takes over from those who die."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from ..errors import TertuliaError
from ..schedule import Tasks, every
from ..settings import silence
from ..stores.lives import ticket
from ..stores.records import Summary
from ..stores.runs import Runs
from .houses import OpenHouses
from .life import MOST_LIVES, refuse, resume
from .liveness import DEAD_SECONDS, Heartbeat, Watch
from .patient import patient
from .queues import Lane, Queues
from .reaper import LOOK_SECONDS, PRUNE_SECONDS, prune, reap

SWEEP_SECONDS = 0.25
"""How often a worker looks for runs that are not in a queue yet."""
LONGEST_PAUSE = 60.0
"""Seconds that a run whose provider was away waits before it is handed out again."""


@dataclass
class Worker:
    """This process as a worker; `serve` works until it is cancelled."""

    runs: Runs
    place: str
    lanes: Mapping[str, Lane] = field(default_factory=dict)
    say: Callable[[str], None] = silence
    keep_days: float | None = None
    """Age in days at which ended runs and responses are deleted; None keeps them."""
    patience: float = DEAD_SECONDS
    """Seconds without a sign of life after which a worker counts as dead."""
    _working: Tasks = field(default_factory=Tasks)

    async def serve(self) -> None:
        """Answer what is asked until this is cancelled; what is at work then goes back to the queue."""
        async with Heartbeat(self.runs) as self._heartbeat:
            self._houses = OpenHouses(self.say, patient, lambda: not self._heartbeat.stops)
            self._queues = Queues(self.place, self._heartbeat.process.id, self.lanes)
            await self._queues.open(self._take)
            self.say(f"{self._heartbeat.process.id} waits for questions at {self.runs.database.url}")
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(every(SWEEP_SECONDS, self._sweep, self._report))
                    group.create_task(every(min(LOOK_SECONDS, self.patience / 5), self._reap, self._report))
                    group.create_task(every(PRUNE_SECONDS, self._prune, self._report))
            finally:
                await self._leave()

    async def _take(self, id: str) -> None:
        """Answer one run that came out of a queue; whatever becomes of it is in the store."""
        task = asyncio.current_task()
        assert task is not None
        self._working.adopt(task)
        try:
            stored = await self.runs.get(id)
            try:
                house = await self._houses.house(stored)
            except TertuliaError as error:
                await refuse(id, self._heartbeat, error)
                raise
            self.say(f"{id} begins")
            await resume(id, house, self._heartbeat, if_stopped="queued", most_lives=MOST_LIVES)
            self.say(f"{id} is answered")
        except TertuliaError as error:
            self.say(f"{id}: {error}")

    async def _sweep(self) -> None:
        """Put runs in the queue that are not there yet."""
        found = await self.runs.lives.waiting()
        for run in found:
            pause = min(LONGEST_PAUSE, 2.0**run.life) if run.error else 0.0
            await self._queues.put(run.id, ticket(run), provider(run), run.owner, run.priority, pause)
        if found:
            await self.runs.lives.note_tickets(found)

    async def _reap(self) -> None:
        """Let go of the runs of processes that died."""
        async for dead, freed in reap(self._heartbeat, self._watch, self._queues):
            self.say(f"{dead} is dead; {freed} runs go back to the queue")

    async def _prune(self) -> None:
        await prune(self.runs, self.keep_days)

    def _report(self, error: Exception) -> None:
        """Say what went wrong in a loop; it goes on, as the database may come back."""
        self.say(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")

    async def _leave(self) -> None:
        await self._working.close()
        with suppress(Exception):  # else another worker finds that we are gone
            me = self._heartbeat.process.id
            await self.runs.lives.requeue(me, await self._queues.withdraw(me))
        await self._queues.close()
        await self._houses.close()

    def __post_init__(self) -> None:
        self._watch = Watch(self.patience)


def provider(run: Summary) -> str:
    """Whose queue a run waits in: that of the provider of its first model."""
    return run.models.partition(",")[0].partition(":")[0].strip() or "default"
