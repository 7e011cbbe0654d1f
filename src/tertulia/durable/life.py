"""Lives of stored runs: a process begins one or resumes it, and stores how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ..errors import RunCancelled, StoreError, TertuliaError
from ..events import Answered, Event, ignore
from ..house import House
from ..schedule import end
from ..stores.adding import NewRun
from ..stores.journal import RunJournal
from ..stores.records import Ending, State
from ..types import Question
from .liveness import Heartbeat

MOST_LIVES = 8
"""Times that a run from the queue is handed out before it fails for want of its provider."""

IfStopped = Literal["queued", "interrupted", "cancelled"]
"""What a run becomes if its process is stopped, or stops it, before it is answered.

`queued`: others go on with it; `interrupted`: somebody may resume it; `cancelled`: nobody waits for it any more, unless
the whole process is ending, when it is `interrupted`.
"""


async def resume(
    id: str,
    house: House,
    heartbeat: Heartbeat,
    on_event: Callable[[Event], None] = ignore,
    over: str | None = None,
    if_stopped: IfStopped = "interrupted",
    most_lives: int = 0,
) -> Answered:
    """Ask the house what a stored run asks; finished steps are not taken again, and paid calls not made again.

    Args:
        over: The dead process that had the run; None if nobody has it.
        if_stopped: What the run becomes if this process stops. With `queued`, a run that ended without an answer is
            not taken up again.
        most_lives: Lives in which an absent provider sends the run back to the queue; after them it fails.

    Raises:
        RunTaken: if another process has it, or takes it over.
        RunCancelled: if somebody asked for it to be stopped.
        TertuliaError: if it fails; the store says why, and it can be resumed.
    """
    number = await heartbeat.runs.lives.take(id, heartbeat.process.id, over, resume=if_stopped != "queued")
    stored = await heartbeat.runs.get(id)
    life = Life(id, house, heartbeat, number, if_stopped, number < most_lives)
    await life.journal.open()
    return await life.answer(stored.question, on_event)


async def begin(
    id: str,
    question: Question,
    house: House,
    heartbeat: Heartbeat,
    on_event: Callable[[Event], None],
    if_stopped: IfStopped,
    new: NewRun | None = None,
) -> Answered:
    """Like `resume`, for a run that this process begins.

    Args:
        new: The run as begun, which is added together with the first thing that is written; None if it is there.
    """
    return await Life(id, house, heartbeat, 1, if_stopped, new=new).answer(question, on_event)


async def refuse(id: str, heartbeat: Heartbeat, why: TertuliaError) -> None:
    """Store that a run failed because its house cannot be opened here.

    Raises:
        RunTaken: if another process has it.
    """
    life = await heartbeat.runs.lives.take(id, heartbeat.process.id, resume=False)
    await heartbeat.runs.lives.finish(id, life, Ending("failed", error=str(why), fault=type(why).__name__))


@dataclass
class Life:
    """One life of a run, in this process."""

    id: str
    house: House
    heartbeat: Heartbeat
    number: int
    """1 for the first life of the run."""
    if_stopped: IfStopped
    can_wait: bool = False
    """Whether another life goes on if its provider is away."""
    new: NewRun | None = None
    """The run, if it is still to be added."""

    def __post_init__(self) -> None:
        runs = self.heartbeat.runs
        self.journal = RunJournal(runs, self.id, self.number, can_wait=self.can_wait, new=self.new)

    async def answer(self, question: Question, on_event: Callable[[Event], None]) -> Answered:
        """Ask the house, and store how it ended.

        Raises:
            As `resume`.
        """

        def happened(event: Event) -> None:
            self.journal.see(event)
            on_event(event)

        asking = asyncio.create_task(self.house.ask(question, happened, self.journal))
        self.journal.work = asking
        with self.heartbeat.at_work(self.id, asking.cancel):
            try:
                answered = await asking
                if self.journal.away:
                    raise self.journal.away
                await self.journal.finish("answered", answered)
                return answered
            except asyncio.CancelledError:
                await end([asking])
                await self._store_stop()
                raise
            except StoreError:
                raise
            except Exception as error:
                await self._store_failure(error)
                raise

    async def _store_stop(self) -> None:
        """Store what the run becomes now that it was stopped.

        Raises:
            TertuliaError: if it was not this process that was stopped: the run was taken, cancelled, or has to wait.
        """
        journal = self.journal
        if journal.stopped:
            raise journal.stopped from None
        if self.id in self.heartbeat.cancelled:
            await journal.finish("cancelled")
            raise RunCancelled(f"{self.id} was cancelled; resume it with `tertulia runs resume {self.id}`") from None
        if journal.away:
            await journal.finish("queued", error=str(journal.away))
            raise journal.away from None
        is_over = self.if_stopped == "cancelled" and not self.heartbeat.is_ending
        state: State = "queued" if self.if_stopped == "queued" else "cancelled" if is_over else "interrupted"
        await journal.finish(state, error="stopped" if state == "interrupted" else "")

    async def _store_failure(self, error: Exception) -> None:
        """Store why the run failed, or that it goes back to the queue as its provider is away."""
        known = isinstance(error, TertuliaError)
        why = str(error) if known else f"{type(error).__name__}: {error}"
        state: State = "queued" if self.journal.away else "failed"
        await self.journal.finish(state, error=why, fault=type(error).__name__ if known else "")
