"""The models that the server offers, each of them a house."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any

from .. import __version__
from ..durable.configuration import (
    Overrides,
    overrides_of,
    strategy_named,
    tailored,
    without_overrides,
)
from ..house import House
from ..model import TakesTools, cost
from ..registry import parts
from ..stores.records import Stored
from ..usage import Usage
from .problems import Problem, refused
from .reading.asking import Asking
from .reading.functions import without_tools

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
        if not asking.question.form.tools and not asking.question.form.must_call:
            return asking
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
