"""`POST /v1/chat/completions`: plain, or streamed as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..schedule import gather
from ..types import Call
from .asking import from_chat
from .books import chat_usage
from .desk import Desk, Visit, finish, new_id, now
from .fetching import addresses, fetch
from .problems import Problem
from .replies import REPLY
from .shapes import ChatRequest
from .streams import EventStream, frame, unless_gone
from .wire import read
from .work import Line, Piece, Said, Wanted

JSON = dict[str, Any]
DONE = b"data: [DONE]\n\n"
AHEAD = 16
"""Pieces of several answers that may wait for a slow reader; then the runs' own queues grow, which merge text."""


async def complete(request: Request, desk: Desk, holder: str) -> Response:
    """Answer a chat."""
    asked = await read(request, ChatRequest, desk.serving.body_bytes)
    fetched = await fetch(request, desk.fetcher, addresses(asked.messages, "messages"))
    visit = desk.visit(holder, from_chat(asked, request.headers, fetched))
    completion = Completion(visit, asked, request.scope.get(REPLY, ""))
    try:
        await unless_gone(request, visit.take_turn(desk.serving.wait_seconds))
        if asked.stream:
            return completion.stream(request)
        answer = await unless_gone(request, completion.whole())
        visit.leave()
        return JSONResponse(answer)
    except BaseException as error:
        visit.status = "failed" if isinstance(error, Problem) else "gone"
        visit.leave()
        raise


class Completion:
    """One chat completion being written."""

    def __init__(self, visit: Visit, asked: ChatRequest, reply: str = "") -> None:
        """`reply` is what it becomes under an idempotency key; empty for none."""
        self.visit, self.asked = visit, asked
        visit.served, visit.lasts = new_id("chatcmpl-", reply), bool(reply)
        self.stem: JSON = {
            "id": visit.served,
            "object": "chat.completion",
            "created": now(),
            "model": visit.asking.model,
            "system_fingerprint": visit.desk.houses.fingerprint(visit.asking.model),
            "service_tier": visit.tier,
        }

    # -- plain

    async def whole(self) -> JSON:
        """All of it at once.

        Raises:
            Problem: if it fails, with what was spent.
        """
        try:
            choices = await gather(self._choice(number) for number in range(self.visit.asking.choices))
        except Exception as error:
            raise self._problem(error) from error
        metadata = {"metadata": self.asked.metadata} if self.asked.metadata else {}
        return {**self.stem, "choices": choices, "usage": self._usage(), **metadata}

    async def _choice(self, number: int) -> JSON:
        pieces = [piece async for piece in self.visit.tell(number)]
        calls = [called(piece.call) for piece in pieces if isinstance(piece, Wanted)]
        message: JSON = {
            "role": "assistant",
            "content": "".join(piece.text for piece in pieces if isinstance(piece, Said)) or (None if calls else ""),
            "reasoning_content": "".join(thought(piece) for piece in pieces if isinstance(piece, Line)),
            "refusal": None,
            "annotations": [],
        }
        if calls:
            message["tool_calls"] = calls
        ending = finish(self.visit.runs[number])
        return {"index": number, "message": message, "logprobs": None, "finish_reason": ending}

    # -- streamed

    def stream(self, request: Request) -> EventStream:
        self.stem["object"] = "chat.completion.chunk"
        if self.asked.stream_options and self.asked.stream_options.include_usage:
            self.stem["usage"] = None
        return EventStream(self._frames(), self._last_words, self.visit.leave, {})

    async def _frames(self) -> AsyncGenerator[bytes, None]:
        visit = self.visit
        try:
            visit.status = "gone"
            for number in range(visit.asking.choices):
                yield self._chunk(number, {"role": "assistant", "content": ""})
            async with aclosing(self._pieces()) as pieces:
                async for number, piece in pieces:
                    yield self._chunk(number, self._delta(number, piece))
            for number in range(visit.asking.choices):
                yield self._chunk(number, {}, finish(visit.runs[number]))
            if "usage" in self.stem:
                yield frame({**self.stem, "choices": [], "usage": self._usage()})
            yield DONE
            visit.status = "ok"
        except Exception as error:
            visit.status = "failed"
            yield frame(self._problem(error).body)

    async def _pieces(self) -> AsyncGenerator[tuple[int, Piece], None]:
        """The pieces of all answers, each with the number of its answer, as they come."""
        visit = self.visit
        if visit.asking.choices == 1:
            async with aclosing(visit.tell()) as pieces:
                async for piece in pieces:
                    yield 0, piece
            return
        waiting: asyncio.Queue[tuple[int, Piece] | BaseException | None] = asyncio.Queue(AHEAD)

        async def put(number: int) -> None:
            async with aclosing(visit.tell(number)) as pieces:
                async for piece in pieces:
                    await waiting.put((number, piece))

        async def put_all() -> None:
            try:
                await gather(put(number) for number in range(visit.asking.choices))
                await waiting.put(None)
            except Exception as error:
                await waiting.put(error)

        async with AsyncExitStack() as stack:
            putting = asyncio.create_task(put_all())
            stack.push_async_callback(ended, putting)
            while (one := await waiting.get()) is not None:
                if isinstance(one, BaseException):
                    raise one
                yield one

    def _delta(self, number: int, piece: Piece) -> JSON:
        """What a piece adds to an answer."""
        match piece:
            case Said():
                return {"content": piece.text}
            case Line():
                return {"reasoning_content": thought(piece)}
            case Wanted():
                answer = self.visit.runs[number].answer
                assert answer is not None
                return {"tool_calls": [{"index": answer.calls.index(piece.call), **called(piece.call)}]}

    def _chunk(self, number: int, delta: JSON, ending: str | None = None) -> bytes:
        choice = {"index": number, "delta": delta, "logprobs": None, "finish_reason": ending}
        return frame({**self.stem, "choices": [choice]})

    def _last_words(self) -> bytes:
        return frame(Problem(503, "The server is stopping.", "server_error", "stopping", again=True).body)

    # -- both

    def _usage(self) -> JSON:
        return chat_usage(self.visit.runs, self.visit.asking.ignored, self.visit.stored)

    def _problem(self, error: BaseException) -> Problem:
        usage = self._usage() if self.visit.has_spent else None
        return self.visit.problem(error, usage)


def called(call: Call) -> JSON:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def thought(line: Line) -> str:
    return f"{line.text}\n"


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
