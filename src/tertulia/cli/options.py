"""What several commands read from their options in the same way."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import SettingsError


def agent_models(options: Sequence[str] | None) -> dict[str, str] | None:
    """Model by agent, of options such as `planner=openai:gpt-5.2`; None if there are none."""
    return _pairs(options, "planner=openai:gpt-5.2")


def agent_efforts(options: Sequence[str] | None) -> dict[str, str] | None:
    """Effort by agent, of options such as `reasoner=high`; None if there are none."""
    return _pairs(options, "reasoner=high")


def _pairs(options: Sequence[str] | None, example: str) -> dict[str, str] | None:
    """
    Raises:
        SettingsError: if an option has not the form of the example.
    """
    if not options:
        return None
    pairs = [option.partition("=") for option in options]
    if wrong := [agent + sign + given for agent, sign, given in pairs if not (agent and given)]:
        raise SettingsError(f"{wrong[0]!r} should look like {example}")
    return {agent: given for agent, _, given in pairs}
