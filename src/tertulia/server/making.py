"""One response being made: at once, streamed, or in the background."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import JSONResponse, Response

from ..errors import StoreError
from ..schedule import Bell
from ..types import Question, Turn
from .archive import InMemory, Kept
from .books import response_usage
from .conversation import called
from .desk import Visit, finish, new_id, now
from .problems import Problem
from .shapes import ResponsesRequest
from .streams import EventStream, frame
from .writer import Writer

log = logging.getLogger("tertulia.server")
JSON = dict[str, Any]
LONGEST_WAIT = 3600.0
"""Seconds that a background response waits for its turn."""
STORE_SECONDS = 0.05
"""How often new events of a background response are stored."""


@dataclass
class Making:
    """One response being made."""

    visit: Visit
    asked: ResponsesRequest
    reply: str = ""
    """The reply that it becomes under an idempotency key; empty for none."""

    def __post_init__(self) -> None:
        self.visit.served, self.visit.lasts = new_id("resp_", self.reply), bool(self.reply)
        self.writer = Writer(_blank(self.visit, self.asked))

    @property
    def is_kept(self) -> bool:
        return self.asked.store is not False or bool(self.asked.background)

    async def whole(self) -> JSON:
        """The response, once it is complete.

        Raises:
            Problem: if it fails, with what was spent.
        """
        self.writer.start()
        try:
            await self._tell()
        except Exception as error:
            raise self._problem(error) from error
        return self.writer.response

    async def _tell(self) -> None:
        async with aclosing(self.events()) as events:
            async for _ in events:
                pass

    async def events(self) -> AsyncGenerator[JSON, None]:
        """The run as events, up to its end; what fails is raised."""
        visit = self.visit
        visit.status = "gone"
        async with aclosing(visit.tell()) as pieces:
            async for piece in pieces:
                for event in self.writer.write(piece):
                    yield event
        run = visit.runs[0]
        status = "incomplete" if finish(run) == "length" else "completed"
        ending = self.writer.end(status, response_usage(run, visit.asking.ignored, visit.stored), now())
        visit.status = "ok"
        await self.keep_if_possible()
        for event in ending:
            yield event

    async def all_events(self) -> AsyncGenerator[JSON, None]:
        """The run as events, from the first one; a failure is an event too."""
        for event in [*self.writer.begin(), *self.writer.start()]:
            yield event
        try:
            async with aclosing(self.events()) as events:
                async for event in events:
                    yield event
        except Exception as error:
            events_of_failure = self.failed(error)
            await self.keep_if_possible()
            for event in events_of_failure:
                yield event

    async def frames(self) -> AsyncGenerator[bytes, None]:
        async with aclosing(self.all_events()) as events:
            async for event in events:
                yield framed(event)

    def failed(self, error: Exception) -> list[JSON]:
        self.visit.status = "failed"
        return self.writer.fail(self._problem(error), self.usage)

    def stopped(self) -> list[JSON]:
        """The server stops before the response is complete."""
        return self.writer.fail(Problem(503, "The server is stopping.", "server_error", "stopping"), self.usage)

    def last_words(self) -> bytes:
        return b"".join(map(framed, self.stopped()))

    async def in_background(self) -> Response:
        """Begin, and answer at once with what there is: nothing yet, or the events to come."""
        live, desk = Live(self), self.visit.desk
        desk.turns.check()
        desk.live[self.visit.holder, self.writer.response["id"]] = live
        self.writer.response["status"] = "queued"
        await self.keep()
        live.begin()
        if self.asked.stream:
            return EventStream(framed_all(live.follow(-1)), lambda: b"", lambda: None, {})
        return JSONResponse(self.writer.response)

    async def keep_if_possible(self) -> None:
        """Keep the response; one that cannot be kept was paid for and is told all the same."""
        try:
            await self.keep()
        except StoreError as error:
            log.error("a response could not be stored: %s", error)
            self.writer.response["store"] = False

    async def keep(self) -> None:
        """Put the response where it can be asked for again, unless nobody wants that."""
        if not self.is_kept:
            return
        turns = turns_of(self.visit.asking.question, self.writer)
        response, items = self.writer.response, items_of(self.asked)
        await self.visit.desk.archive.save(Kept(self.visit.holder, response["id"], response, items, turns, self.reply))

    @property
    def usage(self) -> JSON | None:
        visit = self.visit
        return response_usage(visit.runs[0], visit.asking.ignored, visit.stored) if visit.has_spent else None

    def _problem(self, error: BaseException) -> Problem:
        return self.visit.problem(error, self.usage)


def turns_of(question: Question, writer: Writer) -> tuple[Turn, ...]:
    """The conversation up to the answer; empty if there is none."""
    text = "\n".join(part for part in (writer.text, *map(called, writer.calls)) if part)
    return (*question.history, Turn("user", question.text), Turn("assistant", text)) if text else ()


def _blank(visit: Visit, asked: ResponsesRequest) -> JSON:
    """The response before anything is written."""
    text = asked.text.model_dump(mode="json", by_alias=True, exclude_none=True) if asked.text else {}
    reasoning = asked.reasoning
    return {
        "id": visit.served,
        "object": "response",
        "created_at": now(),
        "status": "in_progress",
        "background": bool(asked.background),
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "instructions": asked.instructions,
        "max_output_tokens": asked.max_output_tokens,
        "max_tool_calls": None,
        "model": visit.asking.model,
        "output": [],
        "parallel_tool_calls": asked.parallel_tool_calls is not False,
        "previous_response_id": asked.previous_response_id,
        "reasoning": {
            "effort": reasoning.effort if reasoning else None,
            "summary": (reasoning.summary if reasoning else None) or "detailed",
        },
        "service_tier": visit.tier,
        "store": asked.store is not False,
        "temperature": asked.temperature,
        "text": {"format": {"type": "text"}, "verbosity": "medium"} | text,
        "tool_choice": asked.tool_choice or "auto",
        "tools": asked.tools or [],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": asked.truncation or "disabled",
        "usage": None,
        "user": asked.user,
        "metadata": asked.metadata or {},
    }


# -- in the background


@dataclass
class Live:
    """A response that is made whether or not anybody listens."""

    making: Making
    log: list[JSON] = field(default_factory=list)
    shown: int = 0
    """How many events are in the archive, and may be seen."""
    news: Bell = field(default_factory=Bell)
    task: asyncio.Task[None] | None = None
    unwanted: bool = False

    def begin(self) -> None:
        desk = self.making.visit.desk
        self.task = asyncio.create_task(self._work())
        desk.background.add(self.task)
        self.task.add_done_callback(desk.background.discard)

    async def _work(self) -> None:
        making, visit = self.making, self.making.visit
        storing = asyncio.create_task(self._store())
        try:
            self.log += making.writer.begin()
            await visit.take_turn(LONGEST_WAIT)
            self.log += making.writer.start()
            async with aclosing(making.events()) as events:
                async for event in events:
                    self.log.append(event)
        except asyncio.CancelledError:
            if self.unwanted:
                making.writer.cancel(making.usage)
            else:
                self.log += making.stopped()
        except Exception as error:
            self.log += making.failed(error)
        finally:
            visit.leave()
            storing.cancel()
            await asyncio.gather(storing, return_exceptions=True)
            await self._store_new()
            await making.keep_if_possible()
            visit.desk.live.pop((visit.holder, making.writer.response["id"]), None)
            self.task = None
            self.news.ring()

    async def _store(self) -> None:
        while True:
            await self._store_new()
            await asyncio.sleep(STORE_SECONDS)

    async def _store_new(self) -> None:
        """Store events before they are shown: whoever saw one can go on behind it, even if this process ends."""
        if not (new := self.log[self.shown :]):
            return
        visit, id = self.making.visit, self.making.writer.response["id"]
        assert isinstance(visit.desk.archive, InMemory)
        await visit.desk.archive.append(visit.holder, id, self.shown, new)
        self.shown += len(new)
        self.news.ring()

    async def follow(self, after: int) -> AsyncGenerator[JSON, None]:
        """Events with a `sequence_number` above `after`, those to come included."""
        place = after + 1
        while True:
            while place < self.shown:
                yield self.log[place]
                place += 1
            if self.task is None:
                return
            await self.news.wait()

    async def cancel(self) -> None:
        if self.task is not None:
            self.unwanted = True
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)


async def told(archive: InMemory, kept: Kept, after: int) -> AsyncGenerator[JSON, None]:
    """Events of a response that is over, with a `sequence_number` above `after`."""
    for event in await archive.events(kept.owner, kept.id, after):
        yield event


async def framed_all(events: AsyncGenerator[JSON, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(events):
        async for event in events:
            yield framed(event)


def framed(event: JSON) -> bytes:
    return frame(event, event["type"])


def items_of(asked: ResponsesRequest) -> list[JSON]:
    """The request's input, as items with ids."""
    if isinstance(asked.input, str):
        content = [{"type": "input_text", "text": asked.input}]
        return [{"id": "msg_0", "type": "message", "role": "user", "status": "completed", "content": content}]
    items = []
    for number, item in enumerate(asked.input):
        data = item.model_dump(mode="json", exclude_none=True)
        if isinstance(data.get("content"), str):
            kind = "output_text" if item.role == "assistant" else "input_text"
            data["content"] = [{"type": kind, "text": data["content"]}]
        items.append({"id": f"msg_{number}", "status": "completed", **data})
    return items
