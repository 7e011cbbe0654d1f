"""What is stored of the settings of a run, and settings made of it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import SecretStr

from ..house import House
from ..opening import choose
from ..settings import Settings, load, silence
from ..settings import settings_of as dwelling
from .orders import order_of

KEPT = {"model", "base_url", "agent_models", "strategy", "effort", "budget", "embedded", "agents", "documents"}
"""Settings that are stored. Keys never are: who resumes a run brings keys of their own."""


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
    house = order_of(configuration).house
    if not house:
        return settings
    here = load()
    own = dwelling(house, here) if house in here.houses else here
    key = own.api_key if own.base_url == settings.base_url else SecretStr("")  # to no address but the one it is for
    return settings.model_copy(update={"api_key": key})


def models_of(house: House) -> str:
    """The models a house uses, for a list."""
    return ", ".join(sorted({model.name for model in house.models.values()}))
