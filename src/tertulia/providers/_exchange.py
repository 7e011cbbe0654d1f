"""One request to a server and its reply: what is changed after a refusal, and what is heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp

from ..abilities import Thinking
from ..errors import ModelBusy
from ..model import Chunk
from . import _errors
from ._body import Asking
from ._heard import Heard, Sent
from ._refusals import Refusal, Remedy
from ._wire import Refused, Wire
from .reading import Lines, Unreadable, whole

MOST_REMEDIES = 2
"""Refusals of one request after which it is changed and made again."""
MOST_ERROR = 1 << 16
"""Bytes of an error that are read."""


@dataclass
class Exchange:
    """What is asked over a wire, as it stands after refusals, and what was heard."""

    wire: Wire
    asking: Asking
    heard: Heard
    idle: float
    """Most seconds of silence of a model that shows its thoughts."""
    most_bytes: int
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the body."""

    async def chunks(self) -> AsyncGenerator[Chunk, None]:
        """The reply, piece by piece.

        Raises:
            Refused: if the server did not take the call.
            ModelError: any other failure.
        """
        try:
            async with await self.open() as response, self.wire.connections.reading(self.wire.user, response):
                async for chunk in self.read(response):
                    yield chunk
        except Sent as sent:
            raise self.wire.classify(_errors.status_of(sent.error), sent.error, {}) from None
        except Unreadable as error:
            raise self.wire.unreadable(error) from error
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            failure = self.wire.broken(error, self.patience)
            if isinstance(error, aiohttp.ClientConnectorError):
                raise Refused(failure) from error
            if self.heard.finish is None:
                raise failure from error

    async def open(self) -> aiohttp.ClientResponse:
        """An answer with status 200; after a refusal that can be remedied, to another request.

        Raises:
            Refused: if the server answers that it will not.
        """
        tried: set[str] = set()
        while True:
            asked = self.asking.body() | dict(self.extra)
            response = await self.wire.post(asked, self.patience)
            if response.status == 200:
                return response
            async with response:
                error = _errors.details(await whole(response, MOST_ERROR))
            refusal = Refusal(asked, error, self.asking.abilities, self.asking.thinks)
            remedy = refusal.remedy() if response.status in (400, 422) else None
            if remedy is None or remedy.kind in tried or len(tried) == MOST_REMEDIES:
                raise Refused(self.wire.classify(response.status, error, response.headers))
            tried.add(remedy.kind)
            self.heed(remedy, asked, f"it said: {self.wire.safe(refusal.message)[:200]}")

    def heed(self, remedy: Remedy, asked: Mapping[str, Any], reason: str) -> None:
        """Change what is asked, and remember what was learnt."""
        learnt, where = self.wire.connections.learnt, (str(self.wire.url), self.wire.model)
        if remedy.parameter:
            learnt.refuse(*where, remedy.parameter, asked[remedy.parameter])
        elif remedy.ability and remedy.lasting:
            learnt.keep(*where, remedy.ability, remedy.value, reason)
        self.asking = replace(self.asking, abilities=remedy.heeded(self.asking.abilities, reason))
        if remedy.quiet:
            request = replace(self.asking.request, thinking=Thinking("none"))
            self.asking = replace(self.asking, request=request)

    async def read(self, response: aiohttp.ClientResponse) -> AsyncGenerator[Chunk, None]:
        """What an answer with status 200 says."""
        if response.content_type in ("text/html", "application/xhtml+xml"):
            where = self.wire.where
            raise ModelBusy(f"{where} returned a web page instead of a completion; should the address end in /v1?")
        if response.content_type == "application/json":
            for chunk in self.heard.take(await whole(response, self.most_bytes)):
                yield chunk
            return
        lines = Lines(self.most_bytes)
        async for data in response.content.iter_any():
            for chunk in self.heard.lines(lines.feed(data)):
                yield chunk
            if self.heard.circles:
                self.heard.finish = "length"
                response.close()  # it would go on, and bill
                return
            if self.heard.done:
                await _finish(response)
                return

    @property
    def patience(self) -> float:
        """Most seconds of silence: a model that thinks where nobody sees it is silent for long."""
        hidden = self.asking.abilities.hidden and self.asking.thinks is not False
        return self.wire.seconds if hidden else self.idle


async def _finish(response: aiohttp.ClientResponse) -> None:
    """Read what is left after the end mark, which is nothing, so that the connection can serve again."""
    with suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(1):
            async for _ in response.content.iter_any():
                pass
