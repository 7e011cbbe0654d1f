"""What is stored of the settings of a run, and settings made of it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..house import House
from ..settings import Settings, choose, load

KEPT = {"model", "base_url", "agent_models", "strategy", "effort", "budget", "embedded", "agents"}
"""Settings that are stored. Keys never are: who resumes a run brings keys of their own."""


async def settled(settings: Settings) -> Settings:
    """The settings with a model by name, so that a run that is resumed asks the model it began with."""
    if settings.model not in ("", "auto"):
        return settings
    name, _ = await choose(settings)
    return settings.model_copy(update={"model": name})


def configuration(settings: Settings) -> dict[str, Any]:
    """The settings as they are stored."""
    return settings.model_dump(mode="json", include=KEPT)


def settings_of(configuration: Mapping[str, Any], **changes: Any) -> Settings:
    """The settings that a run was asked with, but for the changes; keys come from the environment.

    A setting that this version no longer has is left out.
    """
    known = {name: value for name, value in configuration.items() if name in KEPT & set(Settings.model_fields)}
    return load(**known | {name: value for name, value in changes.items() if value is not None})


def models_of(house: House) -> str:
    """The models a house uses, for a list."""
    return ", ".join(sorted({model.name for model in house.models.values()}))
