"""One response being answered: at once, or streamed."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass

from ... import ids
from ...errors import StoreError
from ..bill import end_status, response_usage
from ..objects import ResponseUsage
from ..problems import Problem, stopping
from ..reading.response_request import ResponsesRequest
from ..sse import EventStream
from ..visit import Visit
from .archive import Archive
from .kept import KeptResponse, items_of
from .response_objects import Response, ResponseEvent
from .writer import Writer, as_frame, turns_of

log = logging.getLogger(__name__)


@dataclass
class Answering:
    """A request, and the response that it gets."""

    visit: Visit
    asked: ResponsesRequest
    reply: str = ""
    """The reply that it becomes under an idempotency key; empty for none."""

    def __post_init__(self) -> None:
        self.visit.served, self.visit.lasts = ids.new_id(ids.RESPONSE, self.reply), bool(self.reply)
        self.writer = Writer(_blank(self.visit, self.asked))

    async def whole(self) -> Response:
        """The response, once it is complete.

        Raises:
            Problem: if it fails, with what was spent.
        """
        self.writer.start()
        try:
            async with aclosing(self._events()) as events:
                async for _ in events:
                    pass
        except Exception as error:
            raise self._problem(error) from error
        return self.writer.response

    def stream(self, visit: AsyncExitStack) -> EventStream:
        return EventStream(self._frames(), last_words=self._last_words, visit=visit)

    async def _frames(self) -> AsyncGenerator[bytes, None]:
        for event in [*self.writer.begin(), *self.writer.start()]:
            yield as_frame(event)
        try:
            async with aclosing(self._events()) as events:
                async for event in events:
                    yield as_frame(event)
        except Exception as error:
            problem = self._problem(error)
            ending = self.writer.fail(problem, self._usage)
            await self._keep()
            for event in ending:
                yield as_frame(event)
            raise problem from error

    def _last_words(self) -> bytes:
        return b"".join(map(as_frame, self.writer.fail(stopping(), self._usage)))

    async def _events(self) -> AsyncGenerator[ResponseEvent, None]:
        """The run as events, up to its end."""
        visit = self.visit
        async with aclosing(visit.pieces()) as pieces:
            async for piece in pieces:
                for event in self.writer.write(piece):
                    yield event
        run = visit.runs[0]
        usage = response_usage(run, visit.asking.ignored, visit.stored)
        ending = self.writer.end(end_status(run), usage, int(time.time()))
        await self._keep()
        for event in ending:
            yield event

    async def _keep(self) -> None:
        """Keep the response, unless nobody wants that; one that cannot be kept is sent all the same: it is paid for."""
        if self.asked.store is False:
            return
        turns = turns_of(self.visit.asking.conversation, self.writer)
        response = self.writer.response
        items = items_of(self.asked, response["id"])
        kept = KeptResponse(self.visit.holder, response["id"], response, items, turns, reply=self.reply)
        try:
            await Archive(self.visit.service).save(kept)
        except StoreError as error:
            log.error("a response could not be stored: %s", error)
            response["store"] = False

    @property
    def _usage(self) -> ResponseUsage | None:
        visit = self.visit
        return response_usage(visit.runs[0], visit.asking.ignored, visit.stored) if visit.has_spent else None

    def _problem(self, error: BaseException) -> Problem:
        return self.visit.service.problem(error, self._usage)


def _blank(visit: Visit, asked: ResponsesRequest) -> Response:
    """The response before anything is written."""
    text = asked.text.model_dump(mode="json", by_alias=True, exclude_none=True) if asked.text else {}
    reasoning = asked.reasoning
    return {
        "id": visit.served,
        "object": "response",
        "created_at": int(time.time()),
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
