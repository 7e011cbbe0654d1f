"""Resumes what servers left behind that died: their runs, as far as somebody asks for them later."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from ..durable.configuration import overrides_of
from ..durable.houses import OpenHouses
from ..durable.life import refuse, resume
from ..durable.liveness import Watch
from ..durable.reaper import LOOK_SECONDS, reap
from ..errors import RunCancelled, RunTaken, TertuliaError
from ..house import House
from ..progress import Progress
from ..schedule import beside, every
from ..settings import silence
from ..stores.records import Stored, Summary
from .problems import trace
from .service import Service

log = logging.getLogger(__name__)


@dataclass
class Takeover:
    """Looks for servers that died, and takes their runs unless workers are there for that."""

    service: Service
    watch: Watch = field(default_factory=Watch)
    taken: set[str] = field(default_factory=set)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[Takeover]:
        self._houses = OpenHouses(silence, is_idle=lambda: not self.service.turns.taken)
        try:
            async with beside(every(LOOK_SECONDS, self._look, self._report)):
                yield self
        finally:
            await self._houses.close()

    async def _look(self) -> None:
        if self.service.draining:
            return
        await self._bury()
        if self.service.runner.works_here:
            await self._take()

    def _report(self, error: Exception) -> None:
        """The database may come back, so that the next look may succeed."""
        known = isinstance(error, TertuliaError)
        log.error("runs of other servers cannot be looked for: %s", error if known else trace(error))

    async def _bury(self) -> None:
        """Let go of the runs of servers that died; workers do the same among themselves, and for servers."""
        async for dead, freed in reap(self.service.heartbeat, self.watch):
            log.warning("%s is dead; %d of its runs go on", dead, freed)

    async def _take(self) -> None:
        for run in await self.service.heartbeat.runs.lives.orphans():
            if run.id not in self.taken:
                self.taken.add(run.id)
                self.service.work.begin(self._resume(run))

    async def _resume(self, run: Summary) -> None:
        turns, progress, model = self.service.turns, Progress(), ""
        await turns.take()
        try:
            stored = await self.service.heartbeat.runs.get(run.id)
            model = overrides_of(stored.configuration).model
            if house := await self._house(stored):
                await resume(run.id, house, self.service.heartbeat, progress.see, if_stopped="queued")
        except (RunTaken, RunCancelled):
            pass
        except TertuliaError as error:
            log.warning("%s: %s", run.id, error)
        except Exception as error:
            log.error("a run failed: %s", trace(error))
        finally:
            turns.give_back()
            self.taken.discard(run.id)
            self.service.metrics.settle(model, progress)

    async def _house(self, run: Stored) -> House | None:
        """The house it was asked in; None if that cannot be had here, which is then said of the run."""
        try:
            return self.service.houses.of(run) or await self._houses.house(run)
        except TertuliaError as error:
            await refuse(run.id, self.service.heartbeat, error)
            return None
