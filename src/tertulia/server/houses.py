"""The models that the server offers, each of them a house."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any

from .. import __version__
from ..durable.configuration import (
    Overrides,
    configuration,
    overrides_of,
    settled,
    strategy_named,
    tailored,
    without_overrides,
)
from ..errors import SettingsError
from ..house import House
from ..model import TakesTools, cost
from ..opening import open_house
from ..registry import parts
from ..settings import Settings, settings_of
from ..stores.records import Stored
from ..usage import Usage
from .problems import Problem, refused
from .reading.asking import Asking, without_tools

DEFAULT = "tertulia"


@dataclass(frozen=True)
class Houses:
    """Houses by the id under which clients ask for them."""

    default: House
    further: Mapping[str, House] = field(default_factory=dict)
    configurations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What is stored of the settings of each; the first has no name."""

    _prints: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def ids(self) -> list[str]:
        return [DEFAULT, *(f"{DEFAULT}-{name}" for name in sorted(parts("strategy"))), *self.further]

    def find(self, id: str) -> House:
        """The house of that id.

        Raises:
            Problem: if there is none; the message lists those there are.
        """
        if id == DEFAULT:
            return self.default
        if id in self.further:
            return self.further[id]
        name = id.removeprefix(f"{DEFAULT}-")
        if name == id or name not in parts("strategy"):
            offered = ", ".join(self.ids)
            message = f"The model {id[:100]!r} does not exist; there are: {offered}"
            raise Problem(404, message, code="model_not_found", param="model")
        return replace(self.default, strategy=strategy_named(name))

    def fit(self, asking: Asking) -> Asking:
        """The request without the tools, if a model of the house cannot call any.

        Raises:
            Problem: if a call is demanded all the same.
        """
        models = self.find(asking.model).models.values()
        if all(isinstance(model, TakesTools) and model.takes_tools for model in models):
            return asking
        return without_tools(asking)

    def house(self, asking: Asking) -> House:
        """The house as one request wants it: with its effort, its limits and its form of answer."""
        house = self.find(asking.model)
        if asking.budget.usd is not None and any(cost(model, Usage(1, 1)) is None for model in house.models.values()):
            named = "metadata.tertulia_budget_usd"
            raise refused(named, "the price of the model is unknown, so money cannot be limited: limit tokens instead")
        return tailored(house, self.order(asking), asking.question)

    def order(self, asking: Asking) -> Overrides:
        """What the request wants, as it is stored with its run."""
        id = asking.model
        strategy = "" if id == DEFAULT or id in self.further else id.removeprefix(f"{DEFAULT}-")
        return Overrides(id, id if id in self.further else "", strategy, asking.effort, asking.budget)

    def of(self, run: Stored) -> House | None:
        """The house of a stored run, if it is one of these with the settings of then; else None."""
        order = overrides_of(run.configuration)
        if without_overrides(run.configuration) != self.configurations.get(order.house):
            return None
        return tailored(self.further[order.house] if order.house else self.default, order, run.question)

    def fingerprint(self, id: str) -> str:
        """What the answers depend on besides the request, as a short hash."""
        if id in self._prints:
            return self._prints[id]
        house = self.find(id)
        names = sorted(f"{agent}={model.name}" for agent, model in house.models.items())
        seen = f"{__version__} {house.strategy!r} {names}"
        return self._prints.setdefault(id, "fp_" + blake2b(seen.encode(), digest_size=5).hexdigest())


async def open_houses(settings: Settings, stack: AsyncExitStack, say: Callable[[str], None]) -> Houses:
    """The houses of the settings, open until `stack` is closed.

    Raises:
        SettingsError: if a house has the id of another model.
    """
    settings = await settled(settings, say)
    default = await stack.enter_async_context(await open_house(settings, say))
    houses = Houses(default)
    for name in settings.houses:
        if name in houses.ids:
            raise SettingsError(f"a house cannot be named {name!r}: the server offers a model of that name already")
    own = await asyncio.gather(*(settled(settings_of(name, settings), say) for name in settings.houses))
    further = await asyncio.gather(*(open_house(one, say) for one in own))
    for house in further:
        await stack.enter_async_context(house)
    stored = {name: configuration(one) for name, one in zip(["", *settings.houses], [settings, *own], strict=True)}
    return Houses(default, dict(zip(settings.houses, further, strict=True)), stored)
