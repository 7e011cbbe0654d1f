"""Server-sent events to one client: in order, with signs of life, and no longer than the client listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, TypeVar

from pydantic_core import to_json
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

T = TypeVar("T")
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
        last_words: Callable[[], bytes],
        ended: Callable[[], None],
        headers: dict[str, str],
    ) -> None:
        """
        Args:
            last_words: What to send when the server stops before the stream has ended.
            ended: Called once, however the stream ends.
        """
        super().__init__(None, 200, HEADERS | headers)
        del self.headers["content-length"]
        self.frames, self.last_words, self.ended = frames, last_words, ended
        self.sent_at = 0.0
        self.sending = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        jobs: list[asyncio.Task[None]] = []
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            jobs = [asyncio.create_task(job) for job in (self._write(send), until_gone(receive), self._watch(send))]
            await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
            if jobs[0].done():
                jobs[0].result()
        except asyncio.CancelledError:  # the server stops
            await send({"type": "http.response.body", "body": self.last_words(), "more_body": False})
            raise
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            await self.frames.aclose()
            self.ended()

    async def _write(self, send: Send) -> None:
        async for data in self.frames:
            await self._send(send, data)
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


async def until_gone(receive: Receive) -> None:
    """Return when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def unless_gone(request: Request, work: Awaitable[T]) -> T:
    """What `work` gives; it is cancelled when the client leaves.

    Raises:
        ClientDisconnect: if the client left first.
    """
    working = asyncio.ensure_future(work)
    gone = asyncio.create_task(until_gone(request.receive))
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        gone.cancel()
        working.cancel()
        await asyncio.gather(gone, working, return_exceptions=True)
