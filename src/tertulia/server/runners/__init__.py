"""Who answers the questions of clients.

This process does, and forgets the runs (`here.Here`) or stores them (`here.HereStored`); or workers do, by way of a
queue (`queued.Queued`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from ...durable.configuration import models_of
from ...events import Event
from ...house import House
from ...stores.adding import NewRun
from ...types import Question

See = Callable[[Event], None]


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


class Runner(Protocol):
    """Whoever answers."""

    works_here: ClassVar[bool]
    """Whether it answers in this process."""

    def drain(self) -> None:
        """The server begins to stop."""
        ...

    def events(self, job: Job, see: See) -> AsyncGenerator[Event, None]:
        """The run, event by event; a run that exists is replayed from its first event, and then followed.

        Leaving the loop early cancels it unless it lasts. `see` is told of every event, also after that.
        """
        ...

    async def finish(self, job: Job, see: See) -> None:
        """Wait until a run that is stored already is answered.

        Raises:
            RunTaken: if another process works on it.
            RunCancelled: if somebody cancels it.
            TertuliaError: if it fails; the store says why.
        """
        ...

    def stored_id(self, job: Job) -> str:
        """The id under which the run is stored; empty if it is not."""
        ...


def new_run(job: Job, worker: str = "", begun: bool = False, document: Mapping[str, Any] | None = None) -> NewRun:
    """The run of a job, to be stored; without a `worker` it is for any."""
    return NewRun(
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
        document=document,
    )
