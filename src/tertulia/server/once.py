"""`Idempotency-Key`: the same request under the same key is answered once, however often it is sent."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive

from ..errors import KeyReused, StoreError
from ..schedule import Bell
from ..stores.records import Idempotency
from .asking import LIMITS
from .desk import Desk
from .problems import Problem, refused
from .replies import REPLY, Reply
from .streams import COMMENT, EventStream, unless_gone
from .wire import LARGE, whole_body

log = logging.getLogger("tertulia.server")
Handler = Callable[[Request, Desk, str], Awaitable[Response]]
HEADER = "Idempotency-Key"
LONGEST_KEY = 255
STREAM = EventStream.media_type
FAILURES = (b'data: {"error":', b"event: error\n", b"event: response.failed\n")
"""How an event begins that says of a stream that it failed."""
KEPT_HEADERS = ("retry-after", "x-should-retry")


def once(handler: Handler) -> Handler:
    """The handler for requests that may bear a key; those without one are as they were.

    A request with a key is worked on whether or not its client stays, as whoever sends one will ask again. A reply that
    failed is not kept: those who wait for it get it, and whoever comes later begins anew.
    """

    async def endpoint(request: Request, desk: Desk, holder: str) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return await handler(request, desk, holder)
        if not 0 < len(key) <= LONGEST_KEY:
            raise refused(HEADER, f"the header {HEADER} may have 1 to {LONGEST_KEY} characters")
        body = await whole_body(request, desk.serving.body_bytes)
        idempotency = Idempotency(key, await _digest(request, body))
        try:
            return await unless_gone(request, _replied(handler, request, desk, holder, idempotency, body))
        except KeyReused:
            message = f"The header {HEADER} came before with another request: use a new key for a new request."
            raise Problem(422, message, code="idempotency_key_reused", param=HEADER, again=False) from None

    return endpoint


async def _replied(
    handler: Handler, request: Request, desk: Desk, holder: str, idempotency: Idempotency, body: bytes
) -> Response:
    """The reply that is there, that is being made, or that begins now."""
    dead = ""
    while True:
        recording = Recording(desk, holder, idempotency, desk.replies.new_id(dead))
        # its own task: once claimed, the request must be worked on, even if the client leaves at that moment
        beginning = asyncio.create_task(recording.begin(handler, request, body, dead))
        desk.background.add(beginning)
        beginning.add_done_callback(desk.background.discard)
        known, dead = await asyncio.shield(beginning), ""
        if known is True:
            return await recording.response()
        if known is False:  # another inherits it
            continue
        if making := desk.recordings.get((holder, known)):
            return await making.response()
        reply = await desk.replies.look(holder, idempotency.key, known)
        if reply == "dead":  # its runs go on, and this process tells them
            dead = known
        elif reply is not None:
            return _again(reply)


@dataclass
class Recording:
    """A reply being made, for all who ask for it."""

    desk: Desk
    holder: str
    idempotency: Idempotency
    id: str
    status: int = 0
    """0 until it begins."""
    headers: dict[str, str] = field(default_factory=dict)
    chunks: list[bytes] = field(default_factory=list)
    is_over: bool = False
    error: Exception | None = None
    is_left: bool = False
    """Whether the server stops, so that another goes on with it."""
    news: Bell = field(default_factory=Bell)

    async def begin(self, handler: Handler, request: Request, body: bytes, dead: str = "") -> bool | str:
        """Begin to work, if nobody did or the process did that made reply `dead`; else the id of the reply it has."""
        self.desk.recordings[self.holder, self.id] = self  # before the claim: others may see it at once
        known: bool | str = False
        try:
            replies, key = self.desk.replies, self.idempotency.key
            if dead:
                known = await replies.inherit(self.holder, key, dead, self.id)
            else:
                known = await replies.claim(self.holder, self.idempotency, self.id)
        finally:
            if known is not True:
                del self.desk.recordings[self.holder, self.id]
        if known is True:
            scope = {**request.scope, REPLY: self.id}
            working = asyncio.create_task(self._work(handler, Request(scope, _receiving(body))))
            self.desk.background.add(working)
            working.add_done_callback(self.desk.background.discard)
        return known

    async def _work(self, handler: Handler, request: Request) -> None:
        try:
            response = await handler(request, self.desk, self.holder)
            await response(request.scope, request.receive, self._record)
        except asyncio.CancelledError:
            self.error = Problem(503, "The server is stopping.", "server_error", "stopping", again=True)
            self.is_left = True
        except Exception as error:
            self.error = error
        finally:
            await self._settle()
            del self.desk.recordings[self.holder, self.id]
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
        """Keep the reply, or free the key if it failed."""
        replies = self.desk.replies
        try:
            if self.is_left:
                pass
            elif self.has_failed:
                await replies.free(self.holder, self.idempotency.key, self.id)
            else:
                chunks = tuple(chunk.decode() for chunk in self.chunks)
                await replies.give(self.holder, self.id, Reply(self.status, self._media_type, chunks))
        except StoreError as error:
            log.error("a reply could not be stored: %s", error)

    @property
    def has_failed(self) -> bool:
        return self.error is not None or self.status >= 400 or any(c.startswith(FAILURES) for c in self.chunks)

    @property
    def _media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]

    async def response(self) -> Response:
        """The reply for one more client, as soon as it can begin."""
        while not self.status and not self.is_over:
            await self.news.wait()
        if self.status and self._media_type == STREAM:
            return EventStream(self._follow(), lambda: b"", lambda: None, {})
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


def _again(reply: Reply) -> Response:
    """A reply that was given before."""
    headers = {"idempotent-replayed": "true"}
    if reply.media_type == STREAM:
        return EventStream(_framed(reply.chunks), lambda: b"", lambda: None, headers)
    return Response("".join(reply.chunks), reply.status, headers, reply.media_type)


async def _framed(chunks: Sequence[str]) -> AsyncGenerator[bytes, None]:
    for chunk in chunks:
        yield chunk.encode()


def _receiving(body: bytes) -> Receive:
    """A client that sends `body` and never leaves."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if not messages:
            await asyncio.get_running_loop().create_future()
        return messages.pop()

    return receive


async def _digest(request: Request, body: bytes) -> str:
    """What makes two requests the same: the address, the limits in headers, and the body but for its spacing."""
    limits = [request.headers.get(f"x-tertulia-budget-{name}") for name in LIMITS]
    data = await asyncio.to_thread(_canonical, body) if len(body) > LARGE else _canonical(body)
    return hashlib.sha256(json.dumps([request.url.path, limits]).encode() + data).hexdigest()


def _canonical(body: bytes) -> bytes:
    try:
        return json.dumps(json.loads(body), sort_keys=True).encode()
    except (ValueError, RecursionError):
        return body
