"""Houses made of what is stored of their settings, and kept open for the runs that want the same one."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from ..codec import as_json
from ..house import House
from ..opening import open_house
from ..settings import silence
from ..stores.records import Stored
from .configuration import overrides_of, settings_of, tailored, without_overrides

MOST = 16
"""Most houses that are kept open, each with the connections of its models."""


@dataclass
class OpenHouses:
    """Opens houses, and closes those that have not been asked for longest."""

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
            SettingsError, UnknownName: if it cannot be opened here.
        """
        overrides = overrides_of(run.configuration)
        key = as_json([overrides.house, without_overrides(run.configuration)])
        async with self._opening:
            if key not in self._houses:
                self._houses[key] = self.layer(await open_house(settings_of(run.configuration), self.say))
            self._houses.move_to_end(key)
            while len(self._houses) > MOST and self.is_idle():
                await self._houses.popitem(last=False)[1].close()
            return tailored(self._houses[key], overrides, run.question)

    async def close(self) -> None:
        """Close all of them."""
        while self._houses:
            await self._houses.popitem()[1].close()
