"""What to make of a server's refusal: what it teaches of a model, or that one value will not do for one request."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..abilities import LEVELS, Abilities
from .reading import clean, text

RENAMED = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
SWITCHES = (
    "reasoning_effort",
    "reasoning",
    "reasoning_format",
    "reasoning_split",
    "thinking_budget",
    "thinking_token_budget",
    "thinking_budget_tokens",
    "reasoning_budget_tokens",
    "thinking",
    "enable_thinking",
    "chat_template_kwargs",
)
LEAST_ROOM = 256
"""Tokens for which it is worth asking again where the prompt leaves less room than was asked for."""
DROPPABLE = ("temperature", "response_format", "stream_options", "seed", "stop", "tool_choice", *SWITCHES)
REFUSED = re.compile(
    r"un(supported|known|recognized|expected|available)"
    r"|n[o']t (be )?(support|permit|allow|recognized|available|configured)"
    r"|extra (inputs|fields)|deprecated|incompatible",
    re.IGNORECASE,
)
_OUT_OF_RANGE = re.compile(r"between|range|less than|greater than|at (most|least)|(maxi|mini)mum|[<>]=?", re.IGNORECASE)
_NAMED = re.compile(
    r"(?:supported values are|must be one of|please use|allowed values are|expected one of):?(.*)", re.IGNORECASE
)
_MOST = re.compile(
    r"max_(?:completion_)?tokens\D{0,60}?(?:\[\d+,\s*(?P<range>\d+)\]"
    r"|\d+\s*>\s*(?P<above>\d+)"
    r"|(?:at most|less than or equal to|maximum(?: value)?(?: of| is)?|<=)\s*(?P<most>\d+))",
    re.IGNORECASE,
)
_ROOM = re.compile(
    r"maximum context length is (\d+) tokens.*?(\d+) (?:input tokens|in the messages|in your prompt)", re.IGNORECASE
)


@dataclass(frozen=True)
class Remedy:
    """What to change before a request is made again."""

    ability: str = ""
    """What was learnt of the model; empty if only a value was refused."""
    value: Any = None
    parameter: str = ""
    """Whose value was refused, which is held against that value alone."""
    quiet: bool = False
    """Whether this request is to be made without thought."""
    lasting: bool = True
    """Whether it holds for the next request, too."""

    @property
    def kind(self) -> str:
        """What it is about; the same is not tried twice for one request."""
        return f"{self.ability} {self.value if self.ability == 'without' else ''} {self.parameter} {self.quiet}"

    def heeded(self, abilities: Abilities, reason: str) -> Abilities:
        """The abilities with what was learnt."""
        if not self.ability:
            return abilities
        value = (*abilities.without, self.value) if self.ability == "without" else self.value
        return abilities.informed(reason, **{self.ability: value})


@dataclass(frozen=True)
class Refusal:
    """A server's answer that it will not do what it was asked."""

    asked: Mapping[str, Any]
    """The body of the request."""
    error: Mapping[str, Any]
    abilities: Abilities
    """What was known of the model."""
    thinks: bool | None = None
    """Whether it would have thought; None if that is not known, so that no better can be done in that regard."""

    @property
    def message(self) -> str:
        return clean(text(self.error.get("message")) or str(self.error.get("message") or ""))

    @property
    def parameter(self) -> str:
        """The parameter that the error names apart from its message."""
        return str(self.error.get("param") or "").split(".")[0]

    def remedy(self) -> Remedy | None:
        """What may help; None if nothing would."""
        for rule in RULES:
            if (remedy := rule(self)) is not None:
                return remedy
        return None

    def says(self, pattern: str) -> bool:
        return re.search(pattern, self.message, re.IGNORECASE) is not None


def alternation(refusal: Refusal) -> Remedy | None:
    """Some chat templates want the person and the assistant to speak in turn."""
    if refusal.says(r"roles? must alternate|alternate (between )?user|consecutive (user|assistant)|same role"):
        return Remedy("alternate", True)
    return None


def tools_without_thought(refusal: Refusal) -> Remedy | None:
    """Some models take tools only while they do not think, and have to be told not to."""
    if refusal.asked.get("tools") and refusal.says(r"tools with reasoning_effort|reasoning_effort to .?none"):
        return Remedy("tools", "while not thinking")
    return None


def thought_missing(refusal: Refusal) -> Remedy | None:
    """A thought that is to be sent back with its calls and is lost: the rest is done without thought."""
    if refusal.says(r"reasoning_(content|details)|thinking block") and refusal.says(r"missing|passed back|must start"):
        return Remedy(quiet=True)
    return None


def raw_thought(refusal: Refusal) -> Remedy | None:
    """Thoughts in the text do not go with JSON or tools; those of a model that is known to think come apart."""
    if refusal.says(r"reasoning_format") and refusal.says(r"\braw\b"):
        return Remedy("thinks", "can")
    return None


def forced_tool(refusal: Refusal) -> Remedy | None:
    if "tool_choice" in refusal.asked and refusal.says("tool_choice") and REFUSED.search(refusal.message):
        return Remedy("forced_tools", "while not thinking" if refusal.thinks and refusal.says("think") else "never")
    return None


def other_levels(refusal: Refusal) -> Remedy | None:
    """The levels that a message names are those there are."""
    found = _NAMED.search(refusal.message)
    if not found or not (refusal.parameter in SWITCHES or refusal.says("effort|reasoning|thinking")):
        return None
    words = re.findall(r"[a-z]+", found[1].lower())
    levels = tuple(level for level in LEVELS if level in words)
    if not levels and "default" not in words:
        return None
    return Remedy("levels", levels or ("none",))


def always_thinks(refusal: Refusal) -> Remedy | None:
    must = r"(reasoning|thinking) is (mandatory|required)|(cannot|can't|can not) be (disabled|turned off)"
    if refusal.says(rf"{must}|budget 0 is invalid"):
        return Remedy("thinks", "always")
    return None


def never_thinks(refusal: Refusal) -> Remedy | None:
    if refusal.says(r"does not support (thinking|reasoning)\b|(thinking|reasoning) is not (supported|available)"):
        return Remedy("thinks", "never")
    return None


def no_budget(refusal: Refusal) -> Remedy | None:
    for name in ("thinking_token_budget", "thinking_budget", "thinking_budget_tokens", "reasoning_budget_tokens"):
        if name in refusal.asked and refusal.says(rf"\b{name}\b|reasoning_config"):
            return Remedy("without", name)
    return None


def budget_above_cap(refusal: Refusal) -> Remedy | None:
    """The budget of thought that a server has set by itself leaves no room, so the call is made without thought."""
    if refusal.says(r"max_tokens.{0,20} must be greater than .{0,20}budget"):
        return Remedy(quiet=True)
    return None


def longest_reply(refusal: Refusal) -> Remedy | None:
    """The most tokens of a reply that the message names; or the room that the prompt leaves, for this request."""
    if found := _ROOM.search(refusal.message):
        room, cap = int(found[1]) - int(found[2]), _cap(refusal.asked)
        return Remedy("most_out", room, lasting=False) if min(LEAST_ROOM, cap // 2) <= room < cap else None
    found = _MOST.search(refusal.message)
    most = int(next(filter(None, found.groups()), 0)) if found else 0
    return Remedy("most_out", most) if 0 < most < _cap(refusal.asked) else None


def renamed_cap(refusal: Refusal) -> Remedy | None:
    """The most tokens of a reply go by another name."""
    for name, other in RENAMED.items():
        if name in refusal.asked and REFUSED.search(refusal.message) and _about(refusal) == name:
            return Remedy("cap", other)
    return None


def temperature(refusal: Refusal) -> Remedy | None:
    if "temperature" not in refusal.asked or _about(refusal) != "temperature":
        return None
    if refusal.says(r"only|deprecated|not support|thinking|extra inputs|unsupported|not permitted"):
        return Remedy("temperature", "while not thinking" if refusal.thinks else "never")
    return Remedy(parameter="temperature") if _OUT_OF_RANGE.search(refusal.message) else None


def format_of_reply(refusal: Refusal) -> Remedy | None:
    """A form that the server does not know at all, or one schema that it does not take."""
    format = refusal.asked.get("response_format")
    if not format or not (refusal.parameter == "response_format" or refusal.says("response_format|schema")):
        return None
    if refusal.says("invalid schema|in context="):
        return Remedy(parameter="response_format")
    if refusal.says(r"response_format\W{0,3} ?type\b|json_schema\W{0,3} ?(is not|isn't|unsupported|not supported)"):
        return Remedy("schema", "object" if format.get("type") == "json_schema" else "words")
    return None


def unsupported(refusal: Refusal) -> Remedy | None:
    """A parameter that the server does not know, and that the request can do without."""
    name = _about(refusal)
    if name in DROPPABLE and REFUSED.search(f"{refusal.message} {refusal.error.get('code')}"):
        return Remedy("without", name)
    return None


RULES: tuple[Callable[[Refusal], Remedy | None], ...] = (
    alternation,
    tools_without_thought,
    thought_missing,
    raw_thought,
    forced_tool,
    other_levels,
    always_thinks,
    never_thinks,
    no_budget,
    budget_above_cap,
    longest_reply,
    renamed_cap,
    temperature,
    format_of_reply,
    unsupported,
)
"""In the order in which they are tried, the more particular first."""


def _about(refusal: Refusal) -> str:
    """The parameter of the request that a refusal is about; empty if none is found."""
    optional = [name for name in (*RENAMED, *DROPPABLE) if name in refusal.asked]
    if refusal.parameter in optional:
        return refusal.parameter
    places = {name: at.start() for name in optional if (at := re.search(rf"\b{name}\b", refusal.message))}
    return min(places, key=lambda name: places[name], default="")


def _cap(asked: Mapping[str, Any]) -> int:
    return int(asked.get("max_tokens") or asked.get("max_completion_tokens") or 0)
