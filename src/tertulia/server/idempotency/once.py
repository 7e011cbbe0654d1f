"""Answers a request that bears an `Idempotency-Key` once, however often it is sent."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive

from ...errors import KeyReused
from ...stores.records import Idempotency
from ..problems import Problem, refused
from ..reading.asking import LIMITS
from ..reading.body import LARGE, whole_body
from ..reading.client import unless_gone
from ..service import REPLY, Handler, Service
from ..sse import EventStream
from .recording import STREAM, Recording
from .replies import KeptReply, Replies

HEADER = "Idempotency-Key"
LONGEST_KEY = 255


@dataclass
class Once:
    """Answers once for each key.

    A request with a key is worked on whether or not its client stays, as whoever sends one will ask again. A reply that
    failed is not kept: those who wait for it get it, and whoever comes later begins anew.
    """

    recordings: dict[tuple[str, str], Recording] = field(default_factory=dict)
    """Replies that this process is making, by owner and id."""

    async def answer(self, handler: Handler, request: Request, service: Service, holder: str) -> Response:
        """The reply to a request that bears a key.

        Raises:
            Problem: if the key is empty or too long, or came before with another request.
            ClientDisconnect: if the client left first.
        """
        key = request.headers[HEADER]
        if not 0 < len(key) <= LONGEST_KEY:
            raise refused(HEADER, f"the header {HEADER} may have 1 to {LONGEST_KEY} characters")
        body = await whole_body(request, service.serving.body_bytes)
        idempotency = Idempotency(key, await _digest(request, body))
        try:
            return await unless_gone(request, self._reply(handler, request, service, holder, idempotency, body))
        except KeyReused:
            message = f"The header {HEADER} came before with another request: use a new key for a new request."
            raise Problem(422, message, code="idempotency_key_reused", param=HEADER, again=False) from None

    async def _reply(
        self,
        handler: Handler,
        request: Request,
        service: Service,
        holder: str,
        idempotency: Idempotency,
        body: bytes,
    ) -> Response:
        """The reply that is there, that is being made, or that begins now."""
        dead, replies = "", Replies(service.documents, service.heartbeat)
        while True:
            recording = Recording(service, replies, holder, idempotency, replies.new_id(dead))
            # its own task: once claimed, the request must be worked on, even if the client leaves at that moment
            beginning = service.work.begin(self._begin(recording, handler, request, body, dead))
            known, dead = await asyncio.shield(beginning), ""
            if known is True:
                return await recording.response()
            if known is False:  # another inherits it
                continue
            if making := self.recordings.get((holder, known)):
                return await making.response()
            reply = await replies.look(holder, known)
            if reply == "dead":  # its runs go on, and this process tells them
                dead = known
            elif reply is not None:
                return _again(reply)

    async def _begin(
        self, recording: Recording, handler: Handler, request: Request, body: bytes, dead: str
    ) -> bool | str:
        """Begin to work, if nobody did or the process did that made reply `dead`; else the id of the reply it has."""
        place = recording.holder, recording.id
        self.recordings[place] = recording  # before the claim: others may see it at once
        known: bool | str = False
        try:
            known = await _claim(recording, dead)
        finally:
            if known is not True:
                del self.recordings[place]
        if known is True:
            scope = {**request.scope, REPLY: recording.id}
            making = recording.make(handler, Request(scope, _receiving(body)))
            recording.service.work.begin(making).add_done_callback(lambda _: self.recordings.pop(place))
        return known


async def _claim(recording: Recording, dead: str) -> bool | str:
    replies, holder, idempotency = recording.replies, recording.holder, recording.idempotency
    if dead:
        return await replies.inherit(holder, idempotency.key, dead, recording.id)
    return await replies.claim(holder, idempotency, recording.id)


def _again(reply: KeptReply) -> Response:
    """A reply that was given before."""
    headers = {"idempotent-replayed": "true"}
    if reply.media_type == STREAM:
        return EventStream(_frames(reply.chunks), headers=headers)
    return Response("".join(reply.chunks), reply.status, headers, reply.media_type)


async def _frames(chunks: Sequence[str]) -> AsyncGenerator[bytes, None]:
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
