"""A layer around a model that waits while its provider is down: a stored run has time."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from ..errors import ModelBusy, ModelError, ModelUnreachable
from ..house import House
from ..model import Chunk, Closes, Model, Request, closing, cost, count
from ..usage import NOTHING, Usage

PATIENCE = 600.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0


@dataclass(frozen=True)
class Patient:
    """The model, asked again for as long as its server does not take the call, which costs nothing.

    Whatever was or may be billed is left to the run, which keeps the books; so are refusals for too many calls, from
    which it learns.
    """

    model: Model
    seconds: float = PATIENCE
    """Most time a call waits for its server."""

    @property
    def name(self) -> str:
        return self.model.name

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        until, pause = time.monotonic() + self.seconds, FIRST_PAUSE
        while True:
            refused = heard = False
            try:
                async with closing(self.model.stream(request)) as chunks:
                    async for chunk in chunks:
                        refused = chunk == Chunk(usage=NOTHING)
                        heard = heard or not refused
                        if not refused:
                            yield chunk
                return
            except (ModelBusy, ModelUnreachable) as error:
                if heard or not refused or not _down(error) or time.monotonic() > until:
                    if refused:
                        yield Chunk(usage=NOTHING)
                    raise
                asked = error.retry_after if isinstance(error, ModelBusy) else None
            except ModelError:
                if refused:
                    yield Chunk(usage=NOTHING)
                raise
            await asyncio.sleep(min(LONGEST_PAUSE, asked or pause) * random.uniform(1.0, 1.3))
            pause = min(LONGEST_PAUSE, 2 * pause)

    async def count(self, request: Request) -> int:
        return await count(self.model, request)

    def cost(self, usage: Usage) -> float | None:
        return cost(self.model, usage)

    async def close(self) -> None:
        if isinstance(self.model, Closes):
            await self.model.close()


def patient(house: House, seconds: float = PATIENCE) -> House:
    """The house, with models that wait for their providers."""
    return house.wrapped(lambda model: Patient(model, seconds))


def _down(error: ModelError) -> bool:
    """Whether the provider is away, rather than there and asking for fewer calls."""
    return error.passes and not (isinstance(error, ModelBusy) and error.overloaded)
