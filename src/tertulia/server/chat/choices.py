"""Several answers to a chat at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from ...schedule import beside, gather
from ..pieces import Piece
from ..visit import Visit

AHEAD = 16
"""Pieces that may wait for a slow reader; then the runs' own queues grow, which merge text."""


async def interleaved(visit: Visit) -> AsyncGenerator[tuple[int, Piece], None]:
    """The pieces of all answers as they come, each with the number of its answer."""
    waiting: asyncio.Queue[tuple[int, Piece] | BaseException | None] = asyncio.Queue(AHEAD)

    async def put(number: int) -> None:
        async with aclosing(visit.pieces(number)) as pieces:
            async for piece in pieces:
                await waiting.put((number, piece))

    async def put_all() -> None:
        try:
            await gather(put(number) for number in range(visit.asking.choices))
            await waiting.put(None)
        except Exception as error:
            await waiting.put(error)

    async with beside(put_all()):
        while (one := await waiting.get()) is not None:
            if isinstance(one, BaseException):
                raise one
            yield one
