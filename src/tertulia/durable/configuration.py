"""What is stored of the settings of a run and of the request that asked it, and a house made of that again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from pydantic import SecretStr, TypeAdapter

from ..budget import Budget, tighter
from ..house import House
from ..opening import choose
from ..registry import find
from ..settings import Settings, load, silence
from ..settings import settings_of as dwelling
from ..strategies import Strategy
from ..strategies.fitting import Fitting
from ..types import Effort, Question

KEPT = {
    "model", "base_url", "agent_models", "agent_efforts", "strategy", "effort", "budget", "embedded", "agents",
    "documents",
}  # fmt: skip
"""Settings that are stored. Keys never are: who resumes a run brings keys of their own."""
OVERRIDES = "order"
"""Under which name the overrides stand in a stored configuration."""


@dataclass(frozen=True)
class Overrides:
    """What one request wants other than the settings of its house say."""

    model: str = ""
    """Id under which the client asked."""
    house: str = ""
    """Which of the further houses of the settings it is; empty for the first."""
    strategy: str = ""
    """Empty for that of the house."""
    effort: Effort | None = None
    budget: Budget = Budget()
    """Limits that hold beside those of the house."""


_OVERRIDES = TypeAdapter(Overrides)


async def settled(settings: Settings, say: Callable[[str], None] = silence) -> Settings:
    """The settings with a model by name, so that a run that is resumed asks the model it began with."""
    if settings.model not in ("", "auto"):
        return settings
    name, why = await choose(settings)
    say(f"model: {name} ({why})")
    return settings.model_copy(update={"model": name})


def configuration(settings: Settings) -> dict[str, Any]:
    """The settings as they are stored."""
    return settings.model_dump(mode="json", include=KEPT)


def settings_of(configuration: Mapping[str, Any], **changes: Any) -> Settings:
    """The settings that a run was asked with, but for the changes; keys come from the settings of this process.

    A setting that this version no longer has is left out. The key of one of the further houses is taken from the
    settings here if they have that house at the same address.
    """
    known = {name: value for name, value in configuration.items() if name in KEPT & set(Settings.model_fields)}
    settings = load(**known | {name: value for name, value in changes.items() if value is not None})
    house = overrides_of(configuration).house
    if not house:
        return settings
    here = load()
    own = dwelling(house, here) if house in here.houses else here
    key = own.api_key if own.base_url == settings.base_url else SecretStr("")  # to no address but the one it is for
    return settings.model_copy(update={"api_key": key})


def models_of(house: House) -> str:
    """The models a house uses, for a list."""
    return ", ".join(sorted({model.name for model in house.models.values()}))


def with_overrides(configuration: Mapping[str, Any], overrides: Overrides) -> dict[str, Any]:
    """A configuration as it is stored with the run of a request."""
    return {**configuration, OVERRIDES: _OVERRIDES.dump_python(overrides, mode="json")}


def without_overrides(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """A stored configuration as it was before a request changed it."""
    return {name: value for name, value in configuration.items() if name != OVERRIDES}


def overrides_of(configuration: Mapping[str, Any]) -> Overrides:
    """What the request of a stored configuration wanted; nothing if no request was made."""
    stored = configuration.get(OVERRIDES)
    return Overrides() if stored is None else _OVERRIDES.validate_python(stored)


def tailored(house: House, overrides: Overrides, question: Question) -> House:
    """The house as one request wants it: with its effort, its limits and its form of answer."""
    if overrides.strategy:
        house = replace(house, strategy=strategy_named(overrides.strategy))
    if overrides.effort:
        house = house.at(overrides.effort)
    strategy = house.strategy if question.form.schema is None else Fitting(house.strategy)
    return replace(house, strategy=strategy, budget=tighter(house.budget, overrides.budget))


@cache
def strategy_named(name: str) -> Strategy:
    """The strategy of that name, as it is by itself.

    Raises:
        UnknownName: if there is none.
    """
    strategy: Strategy = find("strategy", name)()
    return strategy
