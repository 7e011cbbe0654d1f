"""The models that the server offers, each of them a house."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import blake2b

from .. import __version__
from ..errors import SettingsError
from ..house import House
from ..model import TakesTools, cost
from ..registry import find, parts
from ..settings import Settings, open_house, settings_of
from ..strategies import Scales, Strategy
from ..usage import Usage
from .asking import Asking, tighter, without_tools
from .fit import Fitting
from .problems import Problem, refused

DEFAULT = "tertulia"


@dataclass(frozen=True)
class Houses:
    """Houses by the id under which clients ask for them."""

    default: House
    further: Mapping[str, House] = field(default_factory=dict)

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
        return replace(self.default, strategy=_strategy(name))

    def fitting(self, asking: Asking) -> Asking:
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
        strategy = house.strategy
        if asking.effort and isinstance(strategy, Scales):
            strategy = strategy.scaled(asking.effort)
        if asking.question.form.schema is not None:
            strategy = Fitting(strategy)
        if asking.budget.usd is not None and any(cost(model, Usage(1, 1)) is None for model in house.models.values()):
            named = "metadata.tertulia_budget_usd"
            raise refused(named, "the price of the model is unknown, so money cannot be limited: limit tokens instead")
        return replace(house, strategy=strategy, budget=tighter(house.budget, asking.budget))

    def fingerprint(self, id: str) -> str:
        """What the answers depend on besides the request, as a short hash."""
        if id in self._prints:
            return self._prints[id]
        house = self.find(id)
        names = sorted(f"{agent}={model.name}" for agent, model in house.models.items())
        seen = f"{__version__} {house.strategy!r} {names}"
        return self._prints.setdefault(id, "fp_" + blake2b(seen.encode(), digest_size=5).hexdigest())


@cache
def _strategy(name: str) -> Strategy:
    strategy: Strategy = find("strategy", name)()
    return strategy


async def open_houses(settings: Settings, stack: AsyncExitStack, say: Callable[[str], None]) -> Houses:
    """The houses of the settings, open until `stack` is closed.

    Raises:
        SettingsError: if a house has the id of another model.
    """
    default = await stack.enter_async_context(await open_house(settings, say))
    houses = Houses(default)
    for name in settings.houses:
        if name in houses.ids:
            raise SettingsError(f"a house cannot be named {name!r}: the server offers a model of that name already")
    further = await asyncio.gather(*(open_house(settings_of(name, settings), say) for name in settings.houses))
    for house in further:
        await stack.enter_async_context(house)
    return Houses(default, dict(zip(settings.houses, further, strict=True)))
