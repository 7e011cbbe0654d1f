"""What a model of the zoo is asked, and what it says."""

from __future__ import annotations

import json
import string
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from ..counting_server import PIECE, Answer, content_text

JSON = dict[str, Any]
NO_CAP = 1_000_000
WORDS = ["".join(letters) for letters in product(string.ascii_lowercase, repeat=3)]
"""Thoughts are made of these, so that none repeats itself unless it is meant to."""


@dataclass(frozen=True)
class Asked:
    """What a model is asked."""

    body: JSON
    reply: str
    """What it will say when it has thought."""
    number: int = 1
    """1 for the first call to this behaviour."""

    @property
    def messages(self) -> list[JSON]:
        return list(self.body.get("messages") or ())

    @property
    def prompt(self) -> str:
        return "\n".join(content_text(message.get("content")) for message in self.messages)

    @property
    def cap(self) -> int:
        """Most tokens, in either of the two words."""
        return int(self.body.get("max_completion_tokens") or self.body.get("max_tokens") or NO_CAP)

    @property
    def format(self) -> str:
        return str((self.body.get("response_format") or {}).get("type") or "")

    @property
    def effort(self) -> str | None:
        effort = self.body.get("reasoning_effort")
        return None if effort is None else str(effort)

    @property
    def template(self) -> bool | None:
        """What a chat template is told about thinking."""
        told = self.body.get("chat_template_kwargs") or {}
        return told.get("enable_thinking", told.get("thinking"))

    @property
    def switch(self) -> str | None:
        """The type in the field `thinking`."""
        return (self.body.get("thinking") or {}).get("type")

    @property
    def forced(self) -> bool:
        return self.body.get("tool_choice") not in (None, "auto", "none")

    @property
    def calls_back(self) -> list[JSON]:
        """Earlier messages in which tools were called."""
        return [message for message in self.messages if message.get("tool_calls")]


@dataclass(frozen=True)
class Said:
    """A reply before it is cut at its most tokens."""

    thought: int = 0
    """Tokens of it."""
    text: str = ""
    drawer: str = "reasoning_content"
    """Field of a delta for the thought; `content` if it stands in the text, empty if nobody sees it."""
    opening: str = ""
    closing: str = ""
    """What stands around a thought in the text."""
    phrase: str = ""
    """What the thought says over and over; empty for words that do not repeat."""
    cap: int = NO_CAP
    finish: str = ""
    """Finish reason, if it is another than the true one."""
    usage: str = "details"
    """How tokens are counted: `details`, `plain`, `beside` (thoughts in the total only), `zero`, `lies` or `none`."""
    last: JSON = field(default_factory=dict)
    """Further fields of the last delta."""
    silent: float = 0.0
    """Seconds before anything is sent."""
    pace: float = 0.0
    """Seconds a token takes."""
    ends: bool = True
    """Whether the stream says why it ended."""
    choices: bool = True
    """Whether it holds a choice at all."""
    misplaced: bool = False
    """Whether the text arrives in the drawer of thoughts."""
    calls: tuple[JSON, ...] = ()
    """Tools that are called in the place of the text."""

    @property
    def thoughts(self) -> list[str]:
        """The thought in tokens."""
        said = PIECE.findall(self.phrase) * self.thought if self.phrase else [f"{word} " for word in WORDS]
        return [said[number % len(said)] for number in range(self.thought)]


def refuse(message: str, param: str | None = None, code: str | None = None) -> Answer:
    return Answer(400, message, {"param": param, "code": code})


def call_of_first_tool(asked: Asked) -> tuple[JSON, ...]:
    """A call of the first tool, unless one was just called."""
    tools = asked.body.get("tools") or ()
    if not tools or (asked.messages and asked.messages[-1].get("role") == "tool"):
        return ()
    function = {"name": tools[0]["function"]["name"], "arguments": json.dumps({"n": asked.number})}
    return ({"index": 0, "id": f"call_{asked.number}", "type": "function", "function": function},)
