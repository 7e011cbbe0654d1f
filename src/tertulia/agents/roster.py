"""Which agents are registered, by this package and by others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from ..errors import SettingsError
from ..registry import blaming, find, parts
from . import Agent

FIRST = "reasoner"
"""Who stands first in plans, since a plan that cannot be read falls to the first."""


@dataclass(frozen=True)
class Roster:
    """Agents by the name under which they are registered."""

    agents: Mapping[str, Agent]
    """Those that can be used, as they are by themselves."""
    standing: tuple[Agent, ...]
    """Those of them that join every plan."""
    broken: Mapping[str, str]
    """Why the others cannot be used."""


@cache
def roster() -> Roster:
    """All agents that are registered: one that cannot be used leaves the others as they are."""
    agents, broken = dict[str, Agent](), dict[str, str]()
    for name in sorted(parts("agent"), key=lambda name: (name != FIRST, name)):
        try:
            agents[name] = make_agent(name)
        except SettingsError as error:
            broken[name] = str(error)
    return Roster(agents, tuple(agent for agent in agents.values() if not agent.condition), broken)


def make_agent(name: str) -> Agent:
    """The agent that is registered under a name.

    Raises:
        SettingsError: if it cannot be made, or is no agent of that name.
    """
    with blaming("agent", name):
        agent = find("agent", name)()
        if not isinstance(agent, Agent):
            raise TypeError(f"{type(agent).__name__} is not derived from tertulia.agents.Agent")
        if agent.name != name:
            raise ValueError(f"it calls itself {agent.name!r}")
        return agent


def standing() -> tuple[Agent, ...]:
    """The agents that join every plan."""
    return roster().standing
