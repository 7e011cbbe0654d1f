"""One chat completion being written: plain, or streamed as it happens."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing

from ... import ids
from ...schedule import gather
from ...types import Call
from ..bill import chat_usage, finish_reason
from ..objects import ChatUsage, FinishReason
from ..pieces import Line, Piece, WantedCall, Words
from ..problems import Problem, stopping
from ..reading.chat_request import ChatRequest
from ..sse import EventStream, frame
from ..visit import Visit
from .chat_objects import (
    AssistantMessage,
    ChatChoice,
    ChatChunk,
    ChatChunkChoice,
    ChatCompletion,
    Delta,
    ToolCall,
)
from .choices import interleaved

DONE = b"data: [DONE]\n\n"


class Completion:
    """One chat completion being written."""

    def __init__(self, visit: Visit, asked: ChatRequest, reply: str = "") -> None:
        """`reply` is what it becomes under an idempotency key; empty for none."""
        self.visit, self.asked = visit, asked
        visit.served, visit.lasts = ids.new_id(ids.COMPLETION, reply), bool(reply)
        self._stem: ChatChunk = {
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

    async def _choice(self, number: int) -> ChatChoice:
        pieces = [piece async for piece in self.visit.pieces(number)]
        calls = [call_of(piece.call) for piece in pieces if isinstance(piece, WantedCall)]
        message: AssistantMessage = {
            "role": "assistant",
            "content": "".join(piece.text for piece in pieces if isinstance(piece, Words)) or (None if calls else ""),
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
        """The pieces of all answers, each with the number of its answer."""
        if self.visit.asking.choices > 1:
            async with aclosing(interleaved(self.visit)) as numbered:
                async for one in numbered:
                    yield one
        else:
            async with aclosing(self.visit.pieces()) as pieces:
                async for piece in pieces:
                    yield 0, piece

    def _delta(self, number: int, piece: Piece) -> Delta:
        """What a piece adds to an answer."""
        match piece:
            case Words():
                return {"content": piece.text}
            case Line():
                return {"reasoning_content": thought(piece)}
            case WantedCall():
                answer = self.visit.runs[number].answer
                assert answer is not None
                return {"tool_calls": [{"index": answer.calls.index(piece.call), **call_of(piece.call)}]}

    def _chunk(self, number: int, delta: Delta, ending: FinishReason | None = None) -> bytes:
        choice: ChatChunkChoice = {"index": number, "delta": delta, "logprobs": None, "finish_reason": ending}
        return frame({**self._stem, "choices": [choice]})

    # -- both

    def _usage(self) -> ChatUsage:
        return chat_usage(self.visit.runs, self.visit.asking.ignored, self.visit.stored)

    def _problem(self, error: BaseException) -> Problem:
        usage = self._usage() if self.visit.has_spent else None
        return self.visit.service.problem(error, usage)


def call_of(call: Call) -> ToolCall:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def thought(line: Line) -> str:
    return f"{line.text}\n"
