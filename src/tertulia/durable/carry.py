"""Carries one stored run from where it stands to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import ModelError, RunCancelled, StoreError, TertuliaError
from ..events import Answered, Event, ignore
from ..house import House
from ..stores.database import Connection
from ..stores.journal import RunJournal
from ..stores.records import State
from ..types import Question
from .patient import passing
from .presence import Presence

MOST_LIVES = 8
"""Times that a run from the queue is handed out before it fails for want of its provider."""


async def carry(
    id: str,
    house: House,
    presence: Presence,
    on_event: Callable[[Event], None] = ignore,
    over: str | None = None,
    queued: bool = False,
    again: bool = False,
) -> Answered:
    """Ask the house what a stored run asks; steps that are finished are not taken again, calls paid for not made again.

    Args:
        over: The dead worker who had the run; None if nobody has it.
        queued: The run comes from the queue, and goes back there if this process is stopped or its provider is away.
        again: It is for others to go on with if this process is stopped; but its provider is not waited for.

    Raises:
        RunTaken: if another worker has it, or takes it over.
        RunCancelled: if somebody asked for it to be stopped.
        TertuliaError: if it fails; the store says why, and it can be resumed.
    """
    runs = presence.runs
    life = await runs.take(id, presence.worker.id, over, resume=not (queued or again))
    stored = await runs.get(id)
    can_wait = queued and life < MOST_LIVES
    left: State = "queued" if queued or again else "interrupted"
    carrying = Carrying(id, house, presence, life, lambda: left, can_wait)
    await carrying.journal.open()
    return await carrying.on(stored.question, on_event)


async def begin(
    id: str,
    question: Question,
    house: House,
    presence: Presence,
    on_event: Callable[[Event], None],
    left: Callable[[], State],
    before: Callable[[Connection], object] | None = None,
) -> Answered:
    """Like `carry`, for a run that this process begins.

    Args:
        left: Says what it is to be if it is stopped.
        before: Adds it as begun, together with the first thing that is written; None if it is there.
    """
    return await Carrying(id, house, presence, 1, left, before=before).on(question, on_event)


async def refuse(id: str, presence: Presence, why: TertuliaError) -> None:
    """Say of a run whose house cannot be had here that it failed."""
    life = await presence.runs.take(id, presence.worker.id, resume=False)
    await presence.runs.finish(id, life, "failed", error=str(why), fault=type(why).__name__)


@dataclass
class Carrying:
    """One life of a run, in this process."""

    id: str
    house: House
    presence: Presence
    life: int
    left: Callable[[], State]
    """What the run is to be if it is stopped now."""
    can_wait: bool = False
    """Whether it goes on another time if its provider is away."""
    before: Callable[[Connection], object] | None = None
    """What is written before the first thing of the run; None for nothing."""

    def __post_init__(self) -> None:
        self.journal = RunJournal(self.presence.runs, self.id, self.life, self.stop, self._is_away, self.before)

    def stop(self) -> None:
        self.asking.cancel()

    def _is_away(self, error: ModelError) -> bool:
        return self.can_wait and passing(error)

    async def on(self, question: Question, on_event: Callable[[Event], None]) -> Answered:
        """Go on to the end."""
        id, journal, presence = self.id, self.journal, self.presence

        def happened(event: Event) -> None:
            journal.see(event)
            on_event(event)

        self.asking = asyncio.create_task(self.house.ask(question, happened, journal))
        presence.stops[id] = self.stop
        try:
            answered = await self.asking
            if journal.away:
                raise journal.away
            await journal.finish("answered", answered)
            return answered
        except asyncio.CancelledError:
            self.asking.cancel()
            await asyncio.gather(self.asking, return_exceptions=True)
            if journal.stopped:
                raise journal.stopped from None
            if id in presence.cancelled:
                await journal.finish("cancelled")
                raise RunCancelled(f"{id} was cancelled; `tertulia runs resume {id}` goes on with it") from None
            if journal.away:
                await journal.finish("queued", error=str(journal.away))
                raise journal.away from None
            left = self.left()
            await journal.finish(left, error="stopped" if left == "interrupted" else "")
            raise
        except StoreError:
            raise
        except Exception as error:
            known = isinstance(error, TertuliaError)
            why = str(error) if known else f"{type(error).__name__}: {error}"
            state: State = "queued" if journal.away else "failed"
            await journal.finish(state, error=why, fault=type(error).__name__ if known else "")
            raise
        finally:
            presence.stops.pop(id, None)
            presence.cancelled.discard(id)
