"""What a model can do, and how much it is to think: values that say where each of their parts comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, Protocol, get_args, runtime_checkable

Level = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
"""How much a model is asked to think, in the words of `reasoning_effort`."""
LEVELS: tuple[Level, ...] = get_args(Level)
"""From the least to the most."""
Thinks = Literal["never", "can", "always", "unknown"]
When = Literal["always", "while not thinking", "never", "unknown"]
"""When a model takes something."""
Schemas = Literal["enforced", "object", "words", "unknown"]
"""Whether a server makes a reply follow a schema, only makes it JSON, or has to be told in words."""


@dataclass(frozen=True)
class Thinking:
    """How much a model is asked to think before it replies."""

    level: Level | None = None
    """The nearest that the model has is taken; None for what it does by itself."""
    allowance: int = 0
    """Most tokens of thought, beside those of the reply."""


@dataclass(frozen=True)
class Abilities:
    """What is known of a model; what is unknown says so, or is None or empty."""

    thinks: Thinks = "unknown"
    by_default: bool | None = None
    """Whether it thinks when nothing is said about it."""
    levels: tuple[Level, ...] = ()
    """How much it can be asked to think; empty if that is unknown."""
    budget: str = ""
    """The field of a request that bounds its thoughts in tokens; empty if there is none."""
    hidden: bool | None = None
    """Whether its thoughts are kept from us, so that it is silent while it thinks."""
    opened: bool | None = None
    """Whether its replies begin inside a thought, since the tag that opens it stands in the prompt."""
    temperature: When = "unknown"
    schema: Schemas = "unknown"
    schema_with_thought: bool | None = None
    """Whether it can both think and follow a schema in one reply."""
    tools: When = "unknown"
    forced_tools: When = "unknown"
    """Whether it can be told that it must call a tool."""
    images: bool | None = None
    alternate: bool | None = None
    """Whether it takes only conversations in which the person and the assistant speak in turn."""
    context: int | None = None
    """Tokens of a prompt and its reply together."""
    most_out: int | None = None
    """Tokens of a reply, thoughts included."""
    cap: str = ""
    """The field of a request that holds the most tokens of a reply; empty for `max_tokens`."""
    without: tuple[str, ...] = ()
    """Further fields of a request that it refuses."""
    price: tuple[float, float] | None = None
    """US dollars for a million tokens read, and for a million written; None if that is unknown."""
    sources: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Where each of the other fields was learnt, by its name; what nobody said is not in it."""

    def informed(self, source: str, **known: Any) -> Abilities:
        """The same with what `source` knows; a None or an empty text says that it does not."""
        said = {name: value for name, value in known.items() if value is not None and value != ""}
        return replace(self, **said, sources={**self.sources, **dict.fromkeys(said, source)})

    def over(self, other: Abilities) -> Abilities:
        """What these say and, where they say nothing, what `other` does."""
        mine = {name: getattr(self, name) for name in NAMES if name in self.sources}
        return replace(other, **mine, sources={**other.sources, **self.sources})

    @property
    def stops(self) -> bool:
        """Whether it can be told not to think, as far as is known."""
        return self.thinks != "always" and (not self.levels or "none" in self.levels)

    def level(self, wanted: Level) -> Level | None:
        """The level it has that is nearest to the one that is wanted: the next lower or, if there is none, the lowest.

        None if there is no use in saying anything. A model that cannot stop thinking is asked for the least.
        """
        if self.thinks == "never":
            return None
        has = sorted(self.levels or LEVELS, key=LEVELS.index)
        if self.thinks == "always":
            has = [level for level in has if level != "none"]
        if not has or wanted in has:
            return wanted if has else None
        if wanted == "none":
            return has[0]
        rank = LEVELS.index(wanted)
        lower = [level for level in has if LEVELS.index(level) < rank and level != "none"]
        return lower[-1] if lower else next((level for level in has if level != "none"), None)

    def at_work(self, thinking: Thinking | None) -> bool | None:
        """Whether it thinks when asked so; None if that is unknown."""
        if self.thinks in ("never", "always"):
            return self.thinks == "always"
        if thinking is None or thinking.level is None:
            return self.by_default if self.thinks == "can" else None
        level = self.level(thinking.level)
        return None if self.thinks == "unknown" and level != "none" else level not in (None, "none")


NAMES: tuple[str, ...] = tuple(each.name for each in fields(Abilities) if each.name != "sources")
"""All that can be known of a model."""


@runtime_checkable
class Able(Protocol):
    """A model of which it is known what it can do."""

    async def abilities(self) -> Abilities:
        """What is known by now; the first time, the server may be asked."""
        ...


async def abilities_of(model: object) -> Abilities:
    """What is known of a model; nothing if it does not say."""
    return await model.abilities() if isinstance(model, Able) else Abilities()
