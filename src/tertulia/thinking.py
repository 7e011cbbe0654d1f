"""How much each agent lets its model think, and how many tokens are set aside for that."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from .abilities import Abilities, Level, Thinking
from .types import Effort

QUIET = frozenset(("triage", "planner", "restater", "librarian", "caller", "synthesizer", "mender"))
"""Agents whose work is to sort, split or write down: thought gains them nothing."""
LITTLE = frozenset(("calculator",))
"""Agents who have code to think for them."""
MUCH = frozenset(("think",))
"""Who is asked because its model thinks."""
ALLOWANCES: Mapping[Level, int] = {
    "none": 0, "minimal": 512, "low": 1_500, "medium": 4_000, "high": 12_000, "xhigh": 24_000, "max": 24_000,
}  # fmt: skip
"""Most tokens of thought at each level, as long as nothing was seen of a model; about what other clients allow."""
UNSAID: Level = "low"
"""The level whose allowance is set aside where nothing is said about it."""
LARGEST = 32_768
"""Tokens that a thought may have which was cut in a smaller allowance."""
MARGIN = 1.5
"""By how much more is allowed than was ever seen."""
KEPT = 20
"""Latest thoughts of each model, agent and level that are remembered."""
QUIET_CALLS = 3
"""Calls in a row without a thought after which nothing is set aside for one."""


@dataclass(frozen=True)
class Thoughts:
    """What the latest thoughts of each model took, by agent and level; the runs of a house share it."""

    seen: dict[tuple[str, str, Level | None], deque[int]] = field(default_factory=dict)
    calls: dict[str, deque[int]] = field(default_factory=dict)
    """Of each model, whoever asked."""

    def add(self, model: str, agent: str, level: Level | None, tokens: int) -> None:
        """Remember a thought; 0 tokens for a reply without one."""
        self.seen.setdefault((model, agent, level), deque(maxlen=KEPT)).append(tokens)
        self.calls.setdefault(model, deque(maxlen=KEPT)).append(tokens)

    def longest(self, model: str, agent: str, level: Level | None) -> int | None:
        """Tokens of the longest thought seen at a level: of this agent, else of any, else at any level.

        None if nothing was seen. Room that is not used costs nothing, so a level that was never tried gets much.
        """
        at_level = [most for (name, _, at), seen in self.seen.items() if (name, at) == (model, level) for most in seen]
        return max(self.seen.get((model, agent, level)) or at_level, default=self.longest_ever(model))

    def longest_ever(self, model: str) -> int | None:
        """Tokens of the longest of its latest thoughts at any level; None if nothing was seen."""
        return max(self.calls.get(model, ()), default=None)

    def is_quiet(self, model: str) -> bool:
        """Whether its latest calls came without any thought."""
        latest = list(self.calls.get(model, ()))[-QUIET_CALLS:]
        return len(latest) == QUIET_CALLS and not any(latest)

    def thinks(self, model: str) -> bool:
        """Whether it was ever seen to think."""
        return any(self.calls.get(model, ()))


@dataclass(frozen=True)
class Efforts:
    """How much thought a run asks for."""

    run: Effort = "auto"
    """Of those who answer in words; `auto` leaves it to their model."""
    agents: Mapping[str, Effort] = field(default_factory=dict)
    """Of some agents by name, whatever the run's."""

    def level(self, agent: str) -> Level | None:
        """How much an agent's model is asked to think; None says nothing about it."""
        if own := self.agents.get(agent):
            return None if own == "auto" else own
        if agent in QUIET:
            return "none"
        if agent in LITTLE:
            return self.run if self.run in ("none", "minimal") else "low"
        if agent in MUCH:
            return self.run if self.run in ("high", "xhigh") else "medium"
        return None if self.run == "auto" else self.run


def thinking_of(abilities: Abilities, wanted: Level | None, seen: Thoughts, model: str, agent: str) -> Thinking | None:
    """What a call says about thought, and the most it sets aside for one; None for a model that does not think.

    Of a model of which nothing is known nothing is asked, so that none refuses, until it was seen to think.
    """
    if abilities.thinks == "never" or (abilities.thinks == "unknown" and seen.is_quiet(model)):
        return None
    is_known = abilities.thinks != "unknown" or seen.thinks(model)
    level = abilities.level(wanted) if wanted and is_known else None
    longest = seen.longest(model, agent, level) if abilities.thinks == "can" else seen.longest_ever(model)
    return Thinking(level, allowance(abilities, level, longest))


def allowance(abilities: Abilities, level: Level | None, longest: int | None) -> int:
    """Tokens to set aside for a thought at a level, of which the longest that was seen is known, or None."""
    usual = ALLOWANCES[level or UNSAID]
    if level == "none" and abilities.thinks != "can":
        usual = ALLOWANCES["minimal"]  # it may not stop, whatever it is told
    most = usual if longest is None else max(usual, int(MARGIN * longest))
    return min(most, max(LARGEST, usual))
