"""Server-sent events to one client: in order, with signs of life, and no longer than the client listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from typing import Any

from pydantic_core import to_json
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..schedule import end
from .problems import Problem
from .reading.client import until_gone

SILENCE = 10.0
"""Seconds without an event after which a comment tells that the server still works."""
STALLED = 120.0
"""Seconds after which a client that takes nothing counts as gone."""
COMMENT = b": keep-alive\n\n"
HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}


def frame(data: Any, event: str = "") -> bytes:
    """One event; `event` is its name, empty for none."""
    head = b"event: " + event.encode() + b"\n" if event else b""
    return head + b"data: " + to_json(data) + b"\n\n"


class EventStream(Response):
    """Sends frames as they come; when the client leaves, the source of the frames is closed at once."""

    media_type = "text/event-stream"

    def __init__(
        self,
        frames: AsyncGenerator[bytes, None],
        *,
        last_words: Callable[[], bytes] = bytes,
        visit: AsyncExitStack | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """
        Args:
            frames: The source; it may end by raising a `Problem` that it has told the client of.
            last_words: What to send when the server stops before the stream has ended.
            visit: Left when the stream has ended, with the problem if there was one, or as the client left.
        """
        super().__init__(None, 200, {**HEADERS, **(headers or {})})
        del self.headers["content-length"]
        self.frames, self.last_words, self.visit = frames, last_words, visit or AsyncExitStack()
        self.problem: Problem | None = None
        self.sent_at = 0.0
        self.sending = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(Problem, ClientDisconnect):  # they are for the visit
            async with self.visit:
                await self._until_it_ends(receive, send)

    @property
    def failed(self) -> bool:
        """Whether the source told of a problem."""
        return self.problem is not None

    async def _until_it_ends(self, receive: Receive, send: Send) -> None:
        jobs: list[asyncio.Task[None]] = []
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            jobs = [asyncio.create_task(job) for job in (self._write(send), until_gone(receive), self._watch(send))]
            await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
            if not jobs[0].done():
                raise ClientDisconnect
            jobs[0].result()
            if self.problem:
                raise self.problem
        except asyncio.CancelledError:  # the server stops
            await send({"type": "http.response.body", "body": self.last_words(), "more_body": False})
            raise
        finally:
            await end(jobs)
            await self.frames.aclose()

    async def _write(self, send: Send) -> None:
        try:
            async for data in self.frames:
                await self._send(send, data)
        except Problem as problem:
            self.problem = problem
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _watch(self, send: Send) -> None:
        """Break silences; return if the client takes nothing any more."""
        clock = asyncio.get_running_loop().time
        self.sent_at = self.sent_at or clock()
        while True:
            quiet = clock() - self.sent_at
            if self.sending and quiet >= STALLED:
                return
            if not self.sending and quiet >= SILENCE:
                await self._send(send, COMMENT)
            await asyncio.sleep(max(SILENCE - (clock() - self.sent_at), SILENCE / 10))

    async def _send(self, send: Send, data: bytes) -> None:
        self.sending, self.sent_at = True, asyncio.get_running_loop().time()
        await send({"type": "http.response.body", "body": data, "more_body": True})
        self.sending = False
