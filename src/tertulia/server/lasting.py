"""Background responses that outlive their server: a stored run each, told from its events by any server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import JSONResponse, Response

from ..durable.life import resume
from ..durable.liveness import Heartbeat
from ..errors import RunCancelled, RunTaken, StoreError, UnknownName
from ..progress import Progress
from ..stores.documents import Documents
from .archive import Kept
from .desk import Visit
from .hands import Job, Queueing, Storing, adding, followed, run_id
from .making import Making, framed_all, items_of
from .problems import Problem
from .stored import StoredArchive, packed
from .streams import EventStream
from .telling import Telling

log = logging.getLogger("tertulia.server")
JSON = dict[str, Any]
LOOK_SECONDS = 0.25
CANCEL_SECONDS = 10.0
"""Most time to wait until a run that is cancelled has stopped, wherever it is at work."""


@dataclass
class Lasting:
    """Makes, tells and stops them."""

    presence: Heartbeat
    documents: Documents
    archive: StoredArchive
    hands: Storing | Queueing
    at_work: set[str] = field(default_factory=set)
    """Runs that this server works on, or follows."""
    following: set[asyncio.Task[None]] = field(default_factory=set)
    """Follows the runs of workers, for the metrics; nothing is lost if it ends."""

    async def close(self) -> None:
        for task in self.following:
            task.cancel()
        await asyncio.gather(*self.following, return_exceptions=True)

    async def make(self, making: Making) -> Response:
        """Store the run and the response, and answer at once with what there is: nothing yet, or the events to come."""
        visit, response = making.visit, making.writer.response
        if isinstance(self.hands, Storing):
            visit.desk.turns.check()
        visit.lasts, response["status"] = True, "queued"
        kept = Kept(
            visit.holder,
            response["id"],
            response,
            items_of(making.asked),
            reply=making.reply,
            blank=response,
            ignored=visit.asking.ignored,
        )
        job, worker = visit.job(), self.presence.process.id if isinstance(self.hands, Storing) else ""
        saving = self.documents.saving(kept.owner, kept.id, packed(kept))
        _, new = await self.presence.runs.database.transact(adding(job, worker, beside=saving))
        if new:
            working = asyncio.create_task(self._work(visit, job))
            tasks = visit.desk.background if isinstance(self.hands, Storing) else self.following
            tasks.add(working)
            working.add_done_callback(tasks.discard)
        else:  # the server that had this request before has died
            visit.leave()
            kept = await self.archive.load(kept.owner, kept.id) or kept
        if making.asked.stream:
            return EventStream(framed_all(self.told(kept)), lambda: b"", lambda: None, {})
        return JSONResponse(kept.blank)

    async def _work(self, visit: Visit, job: Job) -> None:
        """Have the run answered, and the books kept."""
        progress, visit.status = Progress(), "failed"
        visit.note(progress, job)
        self.at_work.add(job.id)
        try:
            if isinstance(self.hands, Storing):
                await visit.take_turn_at_last()
                await resume(job.id, job.house, self.presence, progress.see, if_stopped="queued")
            else:
                async for _ in followed(self.presence.runs, job.id, progress.see):
                    pass
            visit.status = "ok"
        except RunTaken:  # a worker was faster, or it was cancelled before it began
            visit.status = "gone"
        except (asyncio.CancelledError, RunCancelled):
            visit.status = "gone"
            raise
        except Exception as error:
            visit.problem(error, None)  # so that what nobody foresaw is in the log
        finally:
            self.at_work.discard(job.id)
            visit.leave()
            with suppress(StoreError):  # whoever asks for it next sees how it ended
                await self.archive.load(job.owner, job.served)

    async def told(self, kept: Kept, after: int = -1) -> AsyncGenerator[JSON, None]:
        """Its events with a `sequence_number` above `after`, those to come included, whoever makes it."""
        telling = Telling(kept)
        for event in _after(telling.begin(), after):
            yield event
        while True:
            async for numbered in self.presence.runs.follow(run_id(kept.id), telling.last):
                if kept.is_over and numbered.number > kept.until:  # somebody went on with the run by hand
                    break
                for event in _after(telling.see(numbered), after):
                    yield event
            now = kept if kept.is_over else await self.archive.load(kept.owner, kept.id)
            if now is None:
                return
            if now.is_over:
                telling.kept = now
                break
            await asyncio.sleep(LOOK_SECONDS)
        for event in _after(telling.end(), after):
            yield event

    async def is_there(self, kept: Kept) -> bool:
        """Whether its events are still stored."""
        try:
            await self.presence.runs.state(run_id(kept.id))
        except UnknownName:
            return False
        return True

    async def stop(self, kept: Kept) -> None:
        """Cancel it, wherever it is at work, and wait until it has stopped.

        Raises:
            Problem: if its worker does not stop it in time.
        """
        id, until = run_id(kept.id), asyncio.get_running_loop().time() + CANCEL_SECONDS
        with suppress(UnknownName):
            state = await self.presence.cancel(id)
            while state in ("running", "cancelling"):
                if asyncio.get_running_loop().time() > until:
                    message = "The response is being stopped, and has not stopped yet; ask again in a moment."
                    raise Problem(409, message, code="stopping", retry_after=5, again=True)
                await asyncio.sleep(0.05)
                state = await self.presence.runs.state(id)


def _after(events: Sequence[JSON], after: int) -> Sequence[JSON]:
    return [event for event in events if event["sequence_number"] > after]
