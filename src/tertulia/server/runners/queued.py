"""Runs that workers answer, told from what they store."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import ClassVar

from ...durable.liveness import Heartbeat
from ...errors import RunCancelled, StoreError, UnknownName, remade
from ...events import Event
from ...schedule import Tasks
from ...stores.deleting import delete_run
from ...stores.records import Stored
from ...stores.runs import Runs
from . import Job, See, new_run

log = logging.getLogger(__name__)
FORGET_SECONDS = 0.5
"""How often it is tried to delete a run that was to be kept by nobody."""


@dataclass
class Queued:
    """Puts runs in the queue, and tells what workers store of them."""

    heartbeat: Heartbeat
    works_here: ClassVar[bool] = False
    _forgetting: Tasks = field(default_factory=Tasks)

    def drain(self) -> None:
        """Nothing to do: the workers go on."""

    async def events(self, job: Job, see: See) -> AsyncGenerator[Event, None]:
        runs, whole = self.heartbeat.runs, False
        await runs.add(new_run(job))
        try:
            async with aclosing(follow(runs, job.id, see)) as events:
                async for event in events:
                    yield event
            whole = True
        finally:
            with suppress(StoreError, UnknownName):
                if not (whole or job.lasts):
                    await runs.lives.cancel(job.id)
            if not job.stored:
                self._forgetting.begin(_forget(runs, job.id))

    async def finish(self, job: Job, see: See) -> None:
        async for _ in follow(self.heartbeat.runs, job.id, see):
            pass

    def stored_id(self, job: Job) -> str:
        return job.id if job.stored else ""


async def follow(runs: Runs, id: str, see: See) -> AsyncGenerator[Event, None]:
    """A run that somebody works on, event by event, from the first one.

    Raises:
        TertuliaError: if it does not end with an answer.
    """
    async for numbered in runs.follow(id):
        see(numbered.event)
        yield numbered.event
    run = await runs.get(id)
    if run.state != "answered":
        raise why_unanswered(run)


def why_unanswered(run: Stored) -> Exception:
    """Why a run that is over has no answer."""
    if run.state == "failed":
        return remade(run.fault, run.error) if run.fault else RuntimeError(run.error)
    return RunCancelled("the run was cancelled")


async def _forget(runs: Runs, id: str) -> None:
    """Delete a run as soon as no worker has it any more."""
    while True:
        try:
            return await delete_run(runs, id)
        except UnknownName:
            return None
        except StoreError as error:
            log.debug("a run cannot be deleted yet: %s", error)
        await asyncio.sleep(FORGET_SECONDS)
