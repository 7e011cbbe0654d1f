"""Carries one stored run from where it stands to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..errors import RunCancelled, StoreError, TertuliaError
from ..events import Answered, Event
from ..house import House
from ..run import ignore
from ..stores.journal import RunJournal
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
) -> Answered:
    """Ask the house what a stored run asks; steps that are finished are not taken again, calls paid for not made again.

    Args:
        over: The dead worker who had the run; None if nobody has it.
        queued: The run comes from the queue, and goes back there if this process is stopped or its provider is away.

    Raises:
        RunTaken: if another worker has it, or takes it over.
        RunCancelled: if somebody asked for it to be stopped.
        TertuliaError: if it fails; the store says why, and it can be resumed.
    """
    runs = presence.runs
    life = await runs.take(id, presence.worker.id, over, resume=not queued)
    stored = await runs.get(id)
    can_wait = queued and life < MOST_LIVES
    journal = RunJournal(runs, id, life, lambda: asking.cancel(), lambda error: can_wait and passing(error))
    await journal.open()

    def happened(event: Event) -> None:
        journal.see(event)
        on_event(event)

    asking = asyncio.create_task(house.ask(stored.question, happened, journal))
    presence.stops[id] = asking.cancel
    try:
        answered = await asking
        if journal.away:
            raise journal.away
        await journal.finish("answered", answered)
        return answered
    except asyncio.CancelledError:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        if journal.stopped:
            raise journal.stopped from None
        if id in presence.cancelled:
            await journal.finish("cancelled")
            raise RunCancelled(f"{id} was cancelled; `tertulia runs resume {id}` goes on with it") from None
        if journal.away:
            await journal.finish("queued", error=str(journal.away))
            raise journal.away from None
        await journal.finish("queued" if queued else "interrupted", error="" if queued else "stopped")
        raise
    except StoreError:
        raise
    except Exception as error:
        why = str(error) if isinstance(error, TertuliaError) else f"{type(error).__name__}: {error}"
        await journal.finish("queued" if journal.away else "failed", error=why)
        raise
    finally:
        presence.stops.pop(id, None)
        presence.cancelled.discard(id)
