"""What a house holds of its providers: open connections, what was learnt of models, and what they want sent back."""

from __future__ import annotations

import asyncio
import math
import time
from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp

from ..abilities import Abilities
from ..errors import ModelError
from ..types import Kept
from .dialects import Dialect
from .learnt import Learnt

SECONDS_KEPT_ALIVE = 4.0
"""How long an idle connection is kept: less than servers do, or a call may be sent into one that just closed."""
SECONDS_UNTIL_ASKED_AGAIN = 60.0
"""After which a server that did not answer is asked again what it knows of a model."""
MOST_KEPT = 10_000
"""Calls of tools for which it is remembered what their provider wants back."""


Opened = TypeVar("Opened", bound=AbstractAsyncContextManager[Any])


@dataclass(frozen=True)
class Said:
    """What servers and packages said of a model."""

    dialect: Dialect
    abilities: Abilities
    until: float
    """When they are asked again, on the monotonic clock."""


@dataclass(eq=False)
class Connections:
    """Shared by all models of a house, which closes it; it serves any number of event loops."""

    learnt: Learnt = field(default_factory=Learnt)
    _said: dict[tuple[str, str], Said] = field(default_factory=dict)
    """By address and model."""
    _asking: dict[tuple[AbstractEventLoop, str, str], asyncio.Lock] = field(default_factory=dict)
    _sessions: dict[AbstractEventLoop, dict[Hashable, aiohttp.ClientSession]] = field(default_factory=dict)
    _reading: dict[aiohttp.ClientSession, set[aiohttp.ClientResponse]] = field(default_factory=dict)
    _entered: dict[AbstractEventLoop, dict[Hashable, asyncio.Future[Any]]] = field(default_factory=dict)
    _kept: dict[tuple[str, str], Kept] = field(default_factory=dict)

    def session(self, user: Hashable) -> aiohttp.ClientSession:
        """The session of `user`, such as a model, in this event loop."""
        for old in [loop for loop in self._sessions if loop.is_closed()]:
            del self._sessions[old]
        self._asking = {key: lock for key, lock in self._asking.items() if not key[0].is_closed()}
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
        loop = asyncio.get_running_loop()
        if (opened := self._entered.get(loop, {}).pop(user, None)) is not None:
            await (await opened).__aexit__(None, None, None)
        session = self._sessions.get(loop, {}).pop(user, None)
        if session is not None:
            for response in self._reading.pop(session, ()):  # whoever reads it would wait for ever
                response.content.set_exception(aiohttp.ClientConnectionError("the provider was closed"))
            await session.close()

    async def close(self) -> None:
        """Close all connections opened in this event loop; later calls open new ones."""
        for held in (self._sessions, self._entered):
            for user in list(held.get(asyncio.get_running_loop(), {})):
                await self.leave(user)

    async def entered(self, user: Hashable, make: Callable[[], Awaitable[Opened]]) -> Opened:
        """What `make` makes for `user`, once in this event loop, entered until `user` leaves."""
        for old in [loop for loop in self._entered if loop.is_closed()]:
            del self._entered[old]
        mine = self._entered.setdefault(asyncio.get_running_loop(), {})
        if user not in mine:
            mine[user] = asyncio.ensure_future(_enter(make))
        try:
            found: Opened = await asyncio.shield(mine[user])
            return found
        except ModelError:
            mine.pop(user, None)
            raise

    def heard(self, address: str, model: str) -> tuple[Dialect, Abilities] | None:
        """What a server said of itself and of a model; None if it was not asked yet."""
        said = self._said.get((address, model))
        return (said.dialect, said.abilities) if said else None

    async def hear(
        self, address: str, model: str, ask: Callable[[], Awaitable[tuple[Dialect, Abilities, bool]]]
    ) -> tuple[Dialect, Abilities]:
        """The same, asked for if need be: once or, if nobody answered, again after a minute."""
        said = self._said.get((address, model))
        if said is None or said.until < time.monotonic():
            lock = self._asking.setdefault((asyncio.get_running_loop(), address, model), asyncio.Lock())
            async with lock:
                said = self._said.get((address, model))
                if said is None or said.until < time.monotonic():
                    dialect, known, answered = await ask()
                    until = math.inf if answered else time.monotonic() + SECONDS_UNTIL_ASKED_AGAIN
                    said = self._said[address, model] = Said(dialect, known, until)
        return said.dialect, said.abilities

    def keep(self, call: str, kept: Kept) -> None:
        """Remember what goes back to a provider with one of its calls, by the id of the call."""
        self._kept[kept.by, call] = kept
        while len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]

    def kept(self, by: str, call: str) -> Kept | None:
        """What `by` wants back with this call; None if it gave nothing, or too long ago."""
        return self._kept.get((by, call))


async def _enter(make: Callable[[], Awaitable[Opened]]) -> Opened:
    opened = await make()
    await opened.__aenter__()
    return opened
