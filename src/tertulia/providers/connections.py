"""What a house holds of its providers: open connections, what was learnt of models, and what they want sent back."""

from __future__ import annotations

import asyncio
from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from ..abilities import Abilities
from ..types import Kept
from .learnt import Learnt

SECONDS_KEPT_ALIVE = 4.0
"""How long an idle connection is kept: less than servers do, or a call may be sent into one that just closed."""
MOST_KEPT = 10_000
"""Calls of tools for which it is remembered what their provider wants back."""


@dataclass(eq=False)
class Connections:
    """Shared by all models of a house, which closes it; it serves any number of event loops."""

    learnt: Learnt = field(default_factory=Learnt)
    said: dict[tuple[str, str], Abilities] = field(default_factory=dict)
    """What servers and packages said of models, by address and model; each is asked once."""
    _sessions: dict[AbstractEventLoop, dict[Hashable, aiohttp.ClientSession]] = field(default_factory=dict)
    _reading: dict[aiohttp.ClientSession, set[aiohttp.ClientResponse]] = field(default_factory=dict)
    _kept: dict[tuple[str, str], Kept] = field(default_factory=dict)

    def session(self, user: Hashable) -> aiohttp.ClientSession:
        """The session of `user`, such as a model, in this event loop."""
        for old in [loop for loop in self._sessions if loop.is_closed()]:
            del self._sessions[old]
        mine = self._sessions.setdefault(asyncio.get_running_loop(), {})
        if user not in mine or mine[user].closed:
            mine[user] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=SECONDS_KEPT_ALIVE),  # the gate is the limit
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return mine[user]

    @asynccontextmanager
    async def reading(self, user: Hashable, response: aiohttp.ClientResponse) -> AsyncIterator[None]:
        """Remember that a response is being read, for as long as it is."""
        session = self.session(user)
        mine = self._reading.setdefault(session, set())
        mine.add(response)
        try:
            yield
        finally:
            mine.discard(response)
            if not mine:
                self._reading.pop(session, None)

    async def leave(self, user: Hashable) -> None:
        """Close the connections that `user` opened in this event loop; a later call opens new ones."""
        session = self._sessions.get(asyncio.get_running_loop(), {}).pop(user, None)
        if session is not None:
            for response in self._reading.pop(session, ()):  # whoever reads it would wait for ever
                response.content.set_exception(aiohttp.ClientConnectionError("the provider was closed"))
            await session.close()

    async def close(self) -> None:
        """Close all connections opened in this event loop; later calls open new ones."""
        for user in list(self._sessions.get(asyncio.get_running_loop(), {})):
            await self.leave(user)

    def keep(self, call: str, kept: Kept) -> None:
        """Remember what goes back to a provider with one of its calls, by the id of the call."""
        self._kept[kept.by, call] = kept
        while len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]

    def kept(self, by: str, call: str) -> Kept | None:
        """What `by` wants back with this call; None if it gave nothing, or too long ago."""
        return self._kept.get((by, call))
