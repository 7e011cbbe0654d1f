"""What a request wants of a house, stored with its run, so that any process can make the very same house of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from ..budget import Budget, tighter
from ..house import House
from ..registry import find
from ..strategies import Scales, Strategy
from ..strategies.fitting import Fitting
from ..types import Effort, Question

ORDER = "order"
"""Under which name it stands in the configuration of a run."""


@dataclass(frozen=True)
class Order:
    """What differs from the settings of a house for one request."""

    model: str = ""
    """Id under which the client asked."""
    house: str = ""
    """Which of the further houses of the settings it is; empty for the first."""
    strategy: str = ""
    """Empty for that of the house."""
    effort: Effort | None = None
    budget: Budget = Budget()
    """Limits that hold beside those of the house."""


KIND = TypeAdapter(Order)


def ordered(configuration: Mapping[str, Any], order: Order) -> dict[str, Any]:
    """A configuration as it is stored for a request."""
    return {**configuration, ORDER: KIND.dump_python(order, mode="json")}


def order_of(configuration: Mapping[str, Any]) -> Order:
    """What a stored configuration says of the request; nothing if no request was made."""
    return KIND.validate_python(configuration[ORDER]) if ORDER in configuration else Order()


def tailored(house: House, order: Order, question: Question) -> House:
    """The house as one request wants it: with its effort, its limits and its form of answer."""
    strategy = named(order.strategy) if order.strategy else house.strategy
    if order.effort and isinstance(strategy, Scales):
        strategy = strategy.scaled(order.effort)
    if question.form.schema is not None:
        strategy = Fitting(strategy)
    return replace(house, strategy=strategy, budget=tighter(house.budget, order.budget))


@cache
def named(name: str) -> Strategy:
    """The strategy of that name, as it is by itself."""
    strategy: Strategy = find("strategy", name)()
    return strategy
