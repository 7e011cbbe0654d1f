"""Houses made of what is stored of their settings, and kept open for the runs that want the same one."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from ..house import House
from ..opening import open_house
from ..settings import silence
from ..stores.records import Stored
from ..stores.text import text
from .configuration import settings_of
from .orders import ORDER, order_of, tailored

HOUSES = 16
"""Most houses that are kept open, each with the connections of its models."""


@dataclass
class Keeper:
    """Opens houses, and closes those that nobody asked for long."""

    say: Callable[[str], None] = silence
    layer: Callable[[House], House] = lambda house: house
    """What is put around each."""
    is_idle: Callable[[], bool] = lambda: False
    """Whether no run is at work, so that houses may be closed."""
    _houses: OrderedDict[str, House] = field(default_factory=OrderedDict)
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def house(self, run: Stored) -> House:
        """The house that a run was asked in, as its request wanted it.

        Raises:
            SettingsError, UnknownName: if it cannot be had here.
        """
        order = order_of(run.configuration)
        base = {name: value for name, value in run.configuration.items() if name != ORDER}
        key = text([order.house, base])
        async with self._opening:
            if key not in self._houses:
                self._houses[key] = self.layer(await open_house(settings_of(run.configuration), self.say))
            self._houses.move_to_end(key)
            while len(self._houses) > HOUSES and self.is_idle():
                await self._houses.popitem(last=False)[1].close()
            return tailored(self._houses[key], order, run.question)

    async def close(self) -> None:
        while self._houses:
            await self._houses.popitem()[1].close()
