"""One response being made: at once, streamed, or in the background."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import JSONResponse, Response

from ..schedule import Bell
from ..types import Turn
from .archive import Kept
from .books import response_usage
from .conversation import called
from .desk import Visit, finish, new_id, now
from .problems import Problem
from .shapes import ResponsesRequest
from .streams import EventStream, frame
from .writer import Writer

JSON = dict[str, Any]
LONGEST_WAIT = 3600.0
"""Seconds that a background response waits for its turn."""


@dataclass
class Making:
    """One response being made."""

    visit: Visit
    asked: ResponsesRequest

    def __post_init__(self) -> None:
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
        ending = self.writer.end(status, response_usage(run, visit.asking.ignored), now())
        visit.status = "ok"
        await self.keep()
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
            for event in self.failed(error):
                yield event
            await self.keep()

    async def frames(self) -> AsyncGenerator[bytes, None]:
        async with aclosing(self.all_events()) as events:
            async for event in events:
                yield framed(event)

    def failed(self, error: Exception) -> list[JSON]:
        self.visit.status = "failed"
        return self.writer.fail(self._problem(error), self.usage)

    def last_words(self) -> bytes:
        stopping = Problem(503, "The server is stopping.", "server_error", "stopping")
        return b"".join(framed(event) for event in self.writer.fail(stopping, self.usage))

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

    async def keep(self, events: Sequence[JSON] = ()) -> None:
        """Put the response where it can be asked for again, unless nobody wants that."""
        if not self.is_kept:
            return
        question = self.visit.asking.question
        text = "\n".join(part for part in (self.writer.text, *map(called, self.writer.calls)) if part)
        turns = (*question.history, Turn("user", question.text), Turn("assistant", text)) if text else ()
        response, items = self.writer.response, items_of(self.asked)
        await self.visit.desk.archive.save(Kept(self.visit.holder, response["id"], response, items, turns, events))

    @property
    def usage(self) -> JSON | None:
        return response_usage(self.visit.runs[0], self.visit.asking.ignored) if self.visit.has_spent else None

    def _problem(self, error: BaseException) -> Problem:
        return self.visit.problem(error, self.usage)


def _blank(visit: Visit, asked: ResponsesRequest) -> JSON:
    """The response before anything is written."""
    text = asked.text.model_dump(mode="json", by_alias=True, exclude_none=True) if asked.text else {}
    reasoning = asked.reasoning
    return {
        "id": new_id("resp_"),
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
        "service_tier": "default",
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
    news: Bell = field(default_factory=Bell)
    task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        desk = self.making.visit.desk
        self.task = asyncio.create_task(self._work())
        desk.background.add(self.task)
        self.task.add_done_callback(desk.background.discard)

    async def _work(self) -> None:
        making, visit = self.making, self.making.visit
        try:
            self._tell(making.writer.begin())
            await visit.take_turn(LONGEST_WAIT)
            self._tell(making.writer.start())
            async with aclosing(making.events()) as events:
                async for event in events:
                    self._tell([event])
        except asyncio.CancelledError:
            making.writer.cancel(making.usage)
        except Exception as error:
            self._tell(making.failed(error))
        finally:
            visit.leave()
            await making.keep(self.log)
            visit.desk.live.pop((visit.holder, making.writer.response["id"]), None)
            self.task = None
            self.news.ring()

    def _tell(self, events: list[JSON]) -> None:
        self.log += events
        self.news.ring()

    async def follow(self, after: int) -> AsyncGenerator[JSON, None]:
        """Events with a `sequence_number` above `after`, those to come included."""
        place = after + 1
        while True:
            while place < len(self.log):
                yield self.log[place]
                place += 1
            if self.task is None:
                return
            await self.news.wait()

    async def cancel(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)


async def told(events: Sequence[JSON]) -> AsyncGenerator[JSON, None]:
    for event in events:
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
