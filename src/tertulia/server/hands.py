"""Who answers the questions of clients: this process with or without a store, or workers by way of a queue."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Protocol

from ..durable.configuration import models_of
from ..durable.life import IfStopped, begin
from ..durable.liveness import Heartbeat
from ..errors import RunCancelled, StoreError, UnknownName, remade
from ..events import Event
from ..house import House
from ..listening import as_events
from ..progress import Progress
from ..stores.adding import ALPHABET, Adding
from ..stores.database import Connection
from ..stores.records import Stored
from ..stores.runs import Runs
from ..stores.spending import Spending
from ..types import Question

log = logging.getLogger("tertulia.server")
See = Callable[[Event], None]
FORGET_SECONDS = 0.5
"""How often it is tried to delete a run that was to be kept by nobody."""


@dataclass(frozen=True)
class Job:
    """A question of a client, on its way to becoming a run."""

    id: str
    """Of the run."""
    served: str
    """Id of the response or chat completion that it answers."""
    owner: str
    question: Question
    house: House
    configuration: Mapping[str, Any]
    """What the house can be made of again."""
    priority: int = 0
    stored: bool = True
    lasts: bool = False
    """Whether it is answered though its client leaves: it is asked for later."""


class Hands(Protocol):
    """Whoever answers."""

    def drain(self) -> None:
        """The server begins to stop."""
        ...

    def events(self, job: Job, see: See) -> AsyncGenerator[Event, None]:
        """The run, event by event; one that is there already is told from its beginning and gone on with.

        Leaving the loop early cancels it unless it lasts. `see` is told of every event, also after that.
        """
        ...

    def name(self, job: Job) -> str:
        """The id under which the run is stored; empty if it is not."""
        ...


@dataclass
class Forgetting:
    """Answers in this process, and stores nothing."""

    def drain(self) -> None:
        pass

    def events(self, job: Job, see: See) -> AsyncGenerator[Event, None]:
        events = job.house.events(job.question, on_event=see)
        assert isinstance(events, AsyncGenerator)
        return events

    def name(self, job: Job) -> str:
        return ""


@dataclass
class Storing:
    """Answers in this process, and stores every run."""

    presence: Heartbeat

    def drain(self) -> None:
        self.presence.is_ending = True

    async def events(self, job: Job, see: See) -> AsyncGenerator[Event, None]:
        async with aclosing(await self._events(job, see)) as events:
            async for event in events:
                yield event

    async def _events(self, job: Job, see: See) -> AsyncGenerator[Event, None]:
        if not job.stored:
            return self._unstored(job, see)
        runs, presence = self.presence.runs, self.presence
        storing = adding(job, worker=presence.process.id, begun=True)
        if job.lasts:  # it may be there already
            _, new = await runs.database.transact(storing)
            if not new:
                return followed(runs, job.id, see)
        left: IfStopped = "queued" if job.lasts else "cancelled"
        before = None if job.lasts else storing  # its first call waits until it is stored
        return as_events(lambda heard: begin(job.id, job.question, job.house, presence, heard, left, before), see)

    async def _unstored(self, job: Job, see: See) -> AsyncGenerator[Event, None]:
        """A run of which nothing is stored but what it cost."""
        progress = Progress()

        def happened(event: Event) -> None:
            progress.see(event)
            see(event)

        try:
            async with aclosing(Forgetting().events(job, happened)) as events:
                async for event in events:
                    yield event
        finally:
            spent, spending = progress.ledger, Spending(self.presence.runs.database)
            with suppress(StoreError):
                await spending.add(job.owner, spent.total, spent.cost or 0.0)

    def name(self, job: Job) -> str:
        return job.id if job.stored else ""


@dataclass
class Queueing:
    """Puts runs in the queue, and tells what workers store of them."""

    presence: Heartbeat
    _forgetting: set[asyncio.Task[None]] = field(default_factory=set)

    def drain(self) -> None:
        pass

    async def events(self, job: Job, see: See) -> AsyncGenerator[Event, None]:
        runs, whole = self.presence.runs, False
        await runs.database.transact(adding(job))
        try:
            async with aclosing(followed(runs, job.id, see)) as events:
                async for event in events:
                    yield event
            whole = True
        finally:
            with suppress(StoreError, UnknownName):
                if not (whole or job.lasts):
                    await runs.cancel(job.id)
            if not job.stored:
                forgetting = asyncio.create_task(_forget(runs, job.id))
                self._forgetting.add(forgetting)
                forgetting.add_done_callback(self._forgetting.discard)

    def name(self, job: Job) -> str:
        return job.id if job.stored else ""


def run_id(served: str, number: int = 0) -> str:
    """The id of the run that gives a response its answer, or one of its answers: always the same one."""
    digest = int.from_bytes(blake2b(f"{served} {number}".encode(), digest_size=13).digest(), "big")
    return "run_" + "".join(ALPHABET[(digest >> 5 * place) % 32] for place in range(20))


def adding(
    job: Job,
    worker: str = "",
    begun: bool = False,
    beside: Callable[[Connection], object] = lambda connection: None,
) -> Adding:
    """What stores the run of a job, or finds it; without a `worker` it is for any."""
    return Adding(
        job.question,
        job.configuration,
        owner=job.owner,
        strategy=job.house.strategy.name,
        models=models_of(job.house),
        priority=job.priority,
        id=job.id,
        served=job.served,
        outlives=job.lasts or not worker,
        worker=worker,
        begun=begun,
        beside=beside,
    )


async def followed(runs: Runs, id: str, see: See) -> AsyncGenerator[Event, None]:
    """A run that somebody works on, event by event, from the first one.

    Raises:
        TertuliaError: if it does not end with an answer.
    """
    async for numbered in runs.follow(id):
        see(numbered.event)
        yield numbered.event
    run = await runs.get(id)
    if run.state != "answered":
        raise failure(run)


def failure(run: Stored) -> Exception:
    """Why a run that is over has no answer."""
    if run.state == "failed":
        return remade(run.fault, run.error) if run.fault else RuntimeError(run.error)
    return RunCancelled("the run was cancelled")


async def _forget(runs: Runs, id: str) -> None:
    """Delete a run as soon as no worker has it any more."""
    while True:
        try:
            return await runs.delete(id)
        except UnknownName:
            return
        except StoreError as error:
            log.debug("a run cannot be deleted yet: %s", error)
        await asyncio.sleep(FORGET_SECONDS)
