"""What several commands read from their options in the same way."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import SettingsError


def agent_models(options: Sequence[str] | None) -> dict[str, str] | None:
    """Model by agent, of options such as `planner=openai:gpt-5.2`; None if there are none."""
    return dict(map(_pair, options)) if options else None


def _pair(text: str) -> tuple[str, str]:
    """
    Raises:
        SettingsError: if the option has not that form.
    """
    agent, _, model = text.partition("=")
    if not (agent and model):
        raise SettingsError(f"{text!r} should look like planner=openai:gpt-5.2")
    return agent, model
