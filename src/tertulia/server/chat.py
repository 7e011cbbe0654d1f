"""`POST /v1/chat/completions`: plain, or streamed as it happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .. import ids
from ..schedule import beside, gather
from ..types import Call
from .bill import chat_usage, finish_reason
from .objects import (
    AssistantMessage,
    ChatCompletion,
    Choice,
    Chunk,
    ChunkChoice,
    Delta,
    FinishReason,
    ToolCall,
    Usage,
)
from .pieces import Line, Piece, Said, Wanted
from .problems import Problem, stopping
from .reading.body import read
from .reading.chat_request import ChatRequest, from_chat
from .reading.client import unless_gone
from .reading.messages import addresses
from .service import Service, reply_of
from .sse import EventStream, frame
from .visit import Visit

DONE = b"data: [DONE]\n\n"
AHEAD = 16
"""Pieces of several answers that may wait for a slow reader; then the runs' own queues grow, which merge text."""


async def complete(request: Request, service: Service, holder: str) -> Response:
    """Answer a chat."""
    asked = await read(request, ChatRequest, service.serving.body_bytes)
    fetched = await service.fetch(request, addresses(asked.messages, "messages"))
    async with AsyncExitStack() as stack:
        visit = await stack.enter_async_context(Visit(service, holder, from_chat(asked, request.headers, fetched)))
        completion = Completion(visit, asked, reply_of(request))
        await unless_gone(request, visit.take_turn())
        if asked.stream:
            return completion.stream(stack.pop_all())
        return JSONResponse(await unless_gone(request, completion.whole()))


class Completion:
    """One chat completion being written."""

    def __init__(self, visit: Visit, asked: ChatRequest, reply: str = "") -> None:
        """`reply` is what it becomes under an idempotency key; empty for none."""
        self.visit, self.asked = visit, asked
        visit.served, visit.lasts = ids.new_id(ids.COMPLETION, reply), bool(reply)
        self._stem: Chunk = {
            "id": visit.served,
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": visit.asking.model,
            "system_fingerprint": visit.service.houses.fingerprint(visit.asking.model),
            "service_tier": visit.tier,
            "choices": [],
        }
        if asked.stream_options and asked.stream_options.include_usage:
            self._stem["usage"] = None

    # -- plain

    async def whole(self) -> ChatCompletion:
        """All of it at once.

        Raises:
            Problem: if it fails, with what was spent.
        """
        try:
            choices = await gather(self._choice(number) for number in range(self.visit.asking.choices))
        except Exception as error:
            raise self._problem(error) from error
        completion: ChatCompletion = {
            "id": self._stem["id"],
            "object": "chat.completion",
            "created": self._stem["created"],
            "model": self._stem["model"],
            "system_fingerprint": self._stem["system_fingerprint"],
            "service_tier": self._stem["service_tier"],
            "choices": choices,
            "usage": self._usage(),
        }
        if self.asked.metadata:
            completion["metadata"] = self.asked.metadata
        return completion

    async def _choice(self, number: int) -> Choice:
        pieces = [piece async for piece in self.visit.pieces(number)]
        calls = [call_of(piece.call) for piece in pieces if isinstance(piece, Wanted)]
        message: AssistantMessage = {
            "role": "assistant",
            "content": "".join(piece.text for piece in pieces if isinstance(piece, Said)) or (None if calls else ""),
            "reasoning_content": "".join(thought(piece) for piece in pieces if isinstance(piece, Line)),
            "refusal": None,
            "annotations": [],
        }
        if calls:
            message["tool_calls"] = calls
        ending = finish_reason(self.visit.runs[number])
        return {"index": number, "message": message, "logprobs": None, "finish_reason": ending}

    # -- streamed

    def stream(self, visit: AsyncExitStack) -> EventStream:
        return EventStream(self._frames(), last_words=lambda: frame(stopping().body), visit=visit)

    async def _frames(self) -> AsyncGenerator[bytes, None]:
        numbers = range(self.visit.asking.choices)
        try:
            for number in numbers:
                yield self._chunk(number, {"role": "assistant", "content": ""})
            async with aclosing(self._pieces()) as pieces:
                async for number, piece in pieces:
                    yield self._chunk(number, self._delta(number, piece))
            for number in numbers:
                yield self._chunk(number, {}, finish_reason(self.visit.runs[number]))
            if "usage" in self._stem:
                yield frame({**self._stem, "usage": self._usage()})
            yield DONE
        except Exception as error:
            problem = self._problem(error)
            yield frame(problem.body)
            raise problem from error

    async def _pieces(self) -> AsyncGenerator[tuple[int, Piece], None]:
        """The pieces of all answers, each with the number of its answer, as they come."""
        visit = self.visit
        if visit.asking.choices == 1:
            async with aclosing(visit.pieces()) as pieces:
                async for piece in pieces:
                    yield 0, piece
            return
        waiting: asyncio.Queue[tuple[int, Piece] | BaseException | None] = asyncio.Queue(AHEAD)

        async def put(number: int) -> None:
            async with aclosing(visit.pieces(number)) as pieces:
                async for piece in pieces:
                    await waiting.put((number, piece))

        async def put_all() -> None:
            try:
                await gather(put(number) for number in range(visit.asking.choices))
                await waiting.put(None)
            except Exception as error:
                await waiting.put(error)

        async with beside(put_all()):
            while (one := await waiting.get()) is not None:
                if isinstance(one, BaseException):
                    raise one
                yield one

    def _delta(self, number: int, piece: Piece) -> Delta:
        """What a piece adds to an answer."""
        match piece:
            case Said():
                return {"content": piece.text}
            case Line():
                return {"reasoning_content": thought(piece)}
            case Wanted():
                answer = self.visit.runs[number].answer
                assert answer is not None
                return {"tool_calls": [{"index": answer.calls.index(piece.call), **call_of(piece.call)}]}

    def _chunk(self, number: int, delta: Delta, ending: FinishReason | None = None) -> bytes:
        choice: ChunkChoice = {"index": number, "delta": delta, "logprobs": None, "finish_reason": ending}
        return frame({**self._stem, "choices": [choice]})

    # -- both

    def _usage(self) -> Usage:
        return chat_usage(self.visit.runs, self.visit.asking.ignored, self.visit.stored)

    def _problem(self, error: BaseException) -> Problem:
        usage = self._usage() if self.visit.has_spent else None
        return self.visit.service.problem(error, usage)


def call_of(call: Call) -> ToolCall:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def thought(line: Line) -> str:
    return f"{line.text}\n"
