"""Runs that this process answers: forgotten at once, or stored."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import ClassVar

from ...durable.life import IfStopped, begin, resume
from ...durable.liveness import Heartbeat
from ...errors import StoreError
from ...events import Event
from ...listening import as_events
from ...progress import Progress
from ...stores.spending import Spending
from . import Job, See, new_run
from .queued import follow


@dataclass
class Here:
    """Answers in this process, and stores no run but those that are asked for later."""

    heartbeat: Heartbeat
    works_here: ClassVar[bool] = True

    def drain(self) -> None:
        self.heartbeat.is_ending = True

    def events(self, job: Job, see: See) -> AsyncGenerator[Event, None]:
        events = job.house.events(job.question, on_event=see)
        assert isinstance(events, AsyncGenerator)
        return events

    async def finish(self, job: Job, see: See) -> None:
        await resume(job.id, job.house, self.heartbeat, see, if_stopped="queued")

    def stored_id(self, job: Job) -> str:
        return ""


@dataclass
class HereStored(Here):
    """Answers in this process, and stores every run."""

    async def events(self, job: Job, see: See) -> AsyncGenerator[Event, None]:
        async with aclosing(await self._events(job, see)) as events:
            async for event in events:
                yield event

    async def _events(self, job: Job, see: See) -> AsyncGenerator[Event, None]:
        if not job.stored:
            return self._unstored(job, see)
        runs, heartbeat = self.heartbeat.runs, self.heartbeat
        new = new_run(job, worker=heartbeat.process.id, begun=True)
        if job.lasts:  # it may be there already
            _, is_new = await runs.add(new)
            if not is_new:
                return follow(runs, job.id, see)
        left: IfStopped = "queued" if job.lasts else "cancelled"
        to_add = None if job.lasts else new  # its first call waits until it is stored
        return as_events(lambda heard: begin(job.id, job.question, job.house, heartbeat, heard, left, to_add), see)

    async def _unstored(self, job: Job, see: See) -> AsyncGenerator[Event, None]:
        """A run of which nothing is stored but what it cost."""
        progress = Progress()

        def happened(event: Event) -> None:
            progress.see(event)
            see(event)

        try:
            async with aclosing(super().events(job, happened)) as events:
                async for event in events:
                    yield event
        finally:
            spent, spending = progress.ledger, Spending(self.heartbeat.runs.database)
            with suppress(StoreError):
                await spending.add(job.owner, spent.total, spent.cost or 0.0)

    def stored_id(self, job: Job) -> str:
        return job.id if job.stored else ""
