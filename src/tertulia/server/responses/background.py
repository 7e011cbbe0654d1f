"""Background responses: a stored run each, told from its events by any server, also after the death of this one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

from starlette.responses import JSONResponse, Response

from ... import ids
from ...errors import RunCancelled, RunTaken, StoreError, UnknownName
from ..problems import Problem, stopping
from ..runners import Job, new_run
from ..service import Service
from ..sse import EventStream
from ..visit import Visit
from .answering import Answering
from .archive import Archive
from .kept import KeptResponse, as_document, items_of
from .replay import Replay
from .response_objects import ResponseEvent
from .writer import as_frame

LOOK_SECONDS = 0.25
CANCEL_SECONDS = 10.0
"""Most time to wait until a run that is cancelled has stopped, wherever it is at work."""


@dataclass(frozen=True)
class Background:
    """Makes, streams and stops them."""

    service: Service

    async def make(self, answering: Answering, visit: AsyncExitStack) -> Response:
        """Store the run and the response, and answer at once with what there is: nothing yet, or the events to come.

        Args:
            visit: Holds the visit, which goes on if the response is new.
        """
        service, job, kept = self.service, *_begun(answering)
        if service.runner.works_here:
            service.turns.check()
        worker = service.heartbeat.process.id if service.runner.works_here else ""
        _, new = await service.heartbeat.runs.add(new_run(job, worker, document=as_document(kept)))
        if new:
            tasks = service.work if service.runner.works_here else service.watching
            tasks.begin(self._work(answering.visit, job, visit.pop_all()))
        else:  # the server that had this request before has died
            kept = await Archive(service).load(kept.owner, kept.id) or kept
        return self.stream(kept) if answering.asked.stream else JSONResponse(kept.blank)

    async def _work(self, visit: Visit, job: Job, leaving: AsyncExitStack) -> None:
        """Have the run answered, and the books kept."""
        service, progress = self.service, visit.note(job)
        service.background_runs.add(job.id)
        try:
            async with leaving:
                if service.runner.works_here:
                    await visit.take_turn(however_long=True)
                await service.runner.finish(job, progress.see)
        except (RunTaken, RunCancelled):  # a worker was faster, or nobody wants it any more
            pass
        except Exception as error:
            service.problem(error)  # so that what nobody foresaw is in the log
        finally:
            service.background_runs.discard(job.id)
            with suppress(StoreError):  # whoever asks for it next sees how it ended
                await Archive(service).load(job.owner, job.served)

    def stream(self, kept: KeptResponse, after: int = -1) -> EventStream:
        """Its events with a `sequence_number` above `after`, those to come included, whoever makes it."""
        replay = Replay(kept, Archive(self.service).run_ids(kept))

        def last_words() -> bytes:
            """Nothing if it goes on at another server."""
            return b"" if self.service.serving.store else b"".join(map(as_frame, replay.fail(stopping())))

        return EventStream(self._frames(replay, after), last_words=last_words)

    async def _frames(self, replay: Replay, after: int) -> AsyncGenerator[bytes, None]:
        async for events in self._events(replay):
            for event in events:
                if event["sequence_number"] > after:
                    yield as_frame(event)
        if replay.failure:
            raise replay.failure

    async def _events(self, replay: Replay) -> AsyncGenerator[Sequence[ResponseEvent], None]:
        yield replay.begin()
        runs, archive, kept = self.service.heartbeat.runs, Archive(self.service), replay.kept
        while True:
            async for numbered in runs.follow(ids.run_of(kept.id), replay.last):
                if kept.is_over and numbered.number > kept.until:  # somebody resumed the run by hand
                    break
                yield replay.see(numbered)
            now = kept if kept.is_over else await archive.load(kept.owner, kept.id)
            if now is None:
                return
            if now.is_over:
                replay.kept = now
                break
            await asyncio.sleep(LOOK_SECONDS)
        yield replay.end()

    async def has_events(self, kept: KeptResponse) -> bool:
        """Whether its events are still stored."""
        try:
            await self.service.heartbeat.runs.state(ids.run_of(kept.id))
        except UnknownName:
            return False
        return True

    async def stop(self, kept: KeptResponse) -> None:
        """Cancel it, wherever it is at work, and wait until it has stopped.

        Raises:
            Problem: if its worker does not stop it in time.
        """
        clock, heartbeat, id = asyncio.get_running_loop().time, self.service.heartbeat, ids.run_of(kept.id)
        until = clock() + CANCEL_SECONDS
        with suppress(UnknownName):
            state = await heartbeat.cancel(id)
            while state in ("running", "cancelling"):
                if clock() > until:
                    message = "The response is being stopped, and has not stopped yet; ask again in a moment."
                    raise Problem(409, message, code="stopping", retry_after=5, again=True)
                await asyncio.sleep(0.05)
                state = await heartbeat.runs.state(id)


def _begun(answering: Answering) -> tuple[Job, KeptResponse]:
    """The run of a response, and what is kept of that before it has begun."""
    visit, response = answering.visit, answering.writer.response
    visit.lasts, response["status"] = True, "queued"
    kept = KeptResponse(
        visit.holder,
        response["id"],
        response,
        items_of(answering.asked, response["id"]),
        said=visit.asking.conversation,
        reply=answering.reply,
        blank=response,
        ignored=visit.asking.ignored,
    )
    return visit.job(), kept
