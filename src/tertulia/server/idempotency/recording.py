"""One reply being made under an idempotency key."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from ...errors import StoreError
from ...schedule import Bell
from ...stores.records import Idempotency
from ..problems import stopping
from ..service import Handler, Service
from ..sse import COMMENT, EventStream
from .replies import KeptReply, Replies

log = logging.getLogger(__name__)
STREAM = EventStream.media_type
KEPT_HEADERS = ("retry-after", "x-should-retry")


@dataclass
class Recording:
    """A reply being made, for all who ask for it."""

    service: Service
    replies: Replies
    holder: str
    idempotency: Idempotency
    id: str
    status: int = 0
    """0 until it begins."""
    headers: dict[str, str] = field(default_factory=dict)
    chunks: list[bytes] = field(default_factory=list)
    is_over: bool = False
    has_failed: bool = False
    error: Exception | None = None
    is_left: bool = False
    """Whether the server stops, so that another resumes it."""
    news: Bell = field(default_factory=Bell)

    async def make(self, handler: Handler, request: Request) -> None:
        """Have the request answered; the reply is kept, or its key freed if it failed."""
        try:
            response = await handler(request, self.service, self.holder)
            await response(request.scope, request.receive, self._record)
            self.has_failed = self.status >= 400 or (isinstance(response, EventStream) and response.failed)
        except asyncio.CancelledError:
            self.error, self.is_left = stopping(), True
        except Exception as error:
            self.error, self.has_failed = error, True
        finally:
            await self._settle()
            self.is_over = True
            self.news.ring()

    async def _record(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode("latin-1") for name, value in message["headers"]}
        elif (chunk := message.get("body")) and chunk != COMMENT:
            self.chunks.append(chunk)
        self.news.ring()

    async def _settle(self) -> None:
        try:
            if self.has_failed:
                await self.replies.free(self.holder, self.idempotency.key, self.id)
            elif not self.is_left:
                chunks = tuple(chunk.decode() for chunk in self.chunks)
                await self.replies.give(self.holder, self.id, KeptReply(self.status, self._media_type, chunks))
        except StoreError as error:
            log.error("a reply could not be stored: %s", error)

    @property
    def _media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]

    async def response(self) -> Response:
        """The reply for one more client, as soon as it can begin."""
        while not self.status and not self.is_over:
            await self.news.wait()
        if self.status and self._media_type == STREAM:
            return EventStream(self._follow())
        while not self.is_over:
            await self.news.wait()
        if self.error:
            raise self.error
        kept = {name: self.headers[name] for name in KEPT_HEADERS if name in self.headers}
        return Response(b"".join(self.chunks), self.status, kept, self._media_type)

    async def _follow(self) -> AsyncGenerator[bytes, None]:
        place = 0
        while True:
            while place < len(self.chunks):
                yield self.chunks[place]
                place += 1
            if self.is_over:
                return
            await self.news.wait()
