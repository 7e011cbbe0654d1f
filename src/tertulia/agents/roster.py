"""Which agents are registered, by this package and by others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from ..registry import find, parts, unusable
from . import Agent

FIRST = "reasoner"
"""Who stands first in plans, since a plan that cannot be read falls to the first."""


@dataclass(frozen=True)
class Roster:
    """Agents by the name under which they are registered."""

    agents: Mapping[str, Agent]
    """Those that can be used, as they are by themselves."""
    broken: Mapping[str, str]
    """Why the others cannot."""

    @property
    def standing(self) -> tuple[Agent, ...]:
        """Those that join every plan."""
        return tuple(agent for agent in self.agents.values() if not agent.condition)


@cache
def roster() -> Roster:
    """All agents that are registered: one that cannot be used leaves the others as they are."""
    agents, broken = dict[str, Agent](), dict[str, str]()
    for name in sorted(parts("agent"), key=lambda name: (name != FIRST, name)):
        try:
            agents[name] = made(name)
        except Exception as error:  # other people's code may fail in any way
            broken[name] = str(unusable("agent", name, error))
    return Roster(agents, broken)


def made(name: str) -> Agent:
    agent = find("agent", name)()
    if not isinstance(agent, Agent):
        raise TypeError(f"{type(agent).__name__} is not derived from tertulia.agents.Agent")
    if agent.name != name:
        raise ValueError(f"it calls itself {agent.name!r}")
    return agent


def standing() -> tuple[Agent, ...]:
    """The agents that join every plan."""
    return roster().standing
