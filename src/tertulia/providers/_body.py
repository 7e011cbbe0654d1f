"""A request as the JSON that one server takes for one model."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..abilities import Abilities, Level, Thinking
from ..conversation import in_words, merged, with_names, with_results_placed
from ..model import Message, Request
from ..types import Image, Kept, Tool
from .dialects import EMBEDDED, Dialect
from .schemas import is_strict

JSON = dict[str, Any]
NAMES = ("temperature", "response_format", "stop", "seed", "tool_choice")
"""Parameters that whoever asks may miss."""


def never(name: str, value: Any) -> bool:
    """Nothing was refused."""
    return False


def nobody(message: Message) -> Kept | None:
    """Nothing was kept."""
    return message.kept


@dataclass(frozen=True)
class Asking:
    """A request, and what is known of who is asked."""

    model: str
    request: Request
    dialect: Dialect
    abilities: Abilities
    refused: Callable[[str, Any], bool] = never
    """Whether a parameter was refused with this very value."""
    kept: Callable[[Message], Kept | None] = nobody
    """What goes back with an assistant's message."""

    def body(self) -> JSON:
        """The fields of the request, in the order in which they were always sent."""
        request, abilities = self.request, self.abilities
        asked: JSON = {
            "model": self.model,
            "messages": self._messages(),
            abilities.cap or "max_tokens": self.most,
        }
        if self.takes_temperature:
            asked["temperature"] = request.temperature
        asked |= {"stream": True, "stream_options": {"include_usage": True}}
        if (format := self._format()) is not None:
            asked["response_format"] = format
        if request.stop:
            asked["stop"] = list(request.stop)
        if request.seed is not None:
            asked["seed"] = request.seed
        if request.tools and abilities.tools != "never":
            asked["tools"] = [{"type": "function", "function": _function(tool)} for tool in request.tools]
            if request.must_call and self.may_force:
                named = {"type": "function", "function": {"name": request.must_call}}
                asked["tool_choice"] = "required" if request.must_call == "*" else named
        asked |= self._thinking()
        return {
            name: value
            for name, value in asked.items()
            if name not in abilities.without and not (name in NAMES and self.refused(name, value))
        }

    def left_out(self, asked: Mapping[str, Any]) -> tuple[str, ...]:
        """Parameters that whoever asks may miss in what is sent."""
        request = self.request
        wanted = {
            "temperature": True,
            "response_format": request.schema is not None,
            "stop": bool(request.stop),
            "seed": request.seed is not None,
            "tool_choice": bool(request.must_call and request.tools),
        }
        return tuple(name for name in NAMES if wanted[name] and name not in asked)

    @property
    def thinking(self) -> Thinking | None:
        """How much it is asked to think; nothing, if it takes the tools of the request only so."""
        return Thinking("none") if self._stops else self.request.thinking

    @property
    def _stops(self) -> bool:
        return bool(self.request.tools) and self.abilities.tools == "while not thinking"

    @property
    def level(self) -> Level | None:
        """The level that is sent; None if nothing is said of it."""
        wanted = self.thinking.level if self.thinking else None
        level = None if wanted is None else self.abilities.level(wanted)
        return level or ("none" if self._stops else None)

    @property
    def thinks(self) -> bool | None:
        """Whether it will think; None if that is unknown."""
        return self.abilities.at_work(self.thinking)

    @property
    def may_force(self) -> bool:
        """Whether it can be told that it must call a tool."""
        when = self.abilities.forced_tools
        return when in ("always", "unknown") or (when == "while not thinking" and not self.thinks)

    @property
    def most(self) -> int:
        """Most tokens of the reply: those of the thought are added, unless there can be none."""
        most = self.request.max_tokens if self.abilities.thinks == "never" else self.request.cap
        return min(most, self.abilities.most_out or most)

    @property
    def takes_temperature(self) -> bool:
        """Whether a temperature is sent: not to a model that thinks, unless it is known to take one."""
        when = self.abilities.temperature
        if when in ("always", "never"):
            return when == "always"
        may_think = when == "while not thinking" and self.level not in (None, "none")
        return not (self.thinks or (self.thinks is None and may_think))

    def _thinking(self) -> JSON:
        """The fields that say how much to think; none if nothing is said."""
        fields, level = dict(self.dialect.fields), self.level
        if level is None:
            return fields if self.abilities.thinks in ("can", "always") else {}
        allowance = self.thinking.allowance if self.thinking and self.abilities.budget else 0
        return fields | self.dialect.switch(level, allowance or None)

    def _format(self) -> JSON | None:
        """The form of the reply, as strict as the server is known to take it; None if it takes none."""
        schema, known = self.request.schema, self.abilities.schema
        if schema is None or known == "words" or self._thinks_instead:
            return None
        if known == "object" or (dict(schema) == {"type": "object"} and self.dialect is not EMBEDDED):
            return None if self.refused("response_format", JSON_OBJECT) else JSON_OBJECT
        strict = self.request.strict
        if strict is None:
            strict = not self.dialect.strict or is_strict(schema)
        for held in (True, False) if strict else (False,):
            format = {"type": "json_schema", "json_schema": {"name": "reply", "schema": dict(schema), "strict": held}}
            if not self.refused("response_format", format):
                return format
        return None

    @property
    def _thinks_instead(self) -> bool:
        """Whether a schema would keep it from a thought that was asked for."""
        thinking = self.request.thinking
        asked = thinking is not None and thinking.level not in (None, "none")
        return asked and self.abilities.schema_with_thought is False and self.abilities.thinks in ("can", "always")

    # -- messages

    def _messages(self) -> list[JSON]:
        """The conversation; images of a tool's result follow in a message of their own, as no result may hold any."""
        asked, shown = list[JSON](), list[JSON]()
        for message in self._turns():
            if message.role != "tool" and shown:
                asked.append({"role": "user", "content": shown})
                shown = []
            if message.role == "tool":
                shown += _pictures(message)
            asked.append(self._message(message))
        return [*asked, {"role": "user", "content": shown}] if shown else asked

    def _turns(self) -> list[Message]:
        """The conversation as far as the server takes its structure; the rest in words."""
        first, *turns = self.request.messages
        if words := self._in_words():
            first = replace(first, text=f"{first.text}\n\n{words}".strip())
        if self.abilities.tools == "never":
            return in_words([first, *turns])
        turns = with_results_placed([first, *turns])
        if not self.dialect.names or self.abilities.alternate:
            turns = with_names(turns)
        return merged(turns) if self.abilities.alternate else turns

    def _message(self, message: Message) -> JSON:
        said: JSON = {"role": message.role, "content": message.text if message.role == "tool" else _content(message)}
        if message.name:
            said["name"] = message.name
        if message.role == "tool":
            said["tool_call_id"] = message.answers
        if message.calls:
            self._add_calls(said, message)
        return said

    def _in_words(self) -> str:
        """The schema in words, where the server does not enforce it and nothing else says that JSON is wanted."""
        schema, known = self.request.schema, self.abilities.schema
        untold = known in ("object", "words") and "json" not in self.request.text.lower()
        if schema is None or not (untold or self._thinks_instead):
            return ""
        return f"Reply with nothing but JSON that follows this schema: {json.dumps(dict(schema))}"

    def _add_calls(self, said: JSON, message: Message) -> None:
        kept = self.kept(message) if self.dialect.returns and "kept" not in self.abilities.without else None
        back = json.loads(kept.data) if kept else {}
        said["content"] = said["content"] or None
        if parts := (back.get("fields") or {}).get("content"):
            back["fields"]["content"] = [*parts, *([{"type": "text", "text": message.text}] if message.text else [])]
        said |= back.get("fields") or {}
        said["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
                **(back.get("calls") or {}).get(call.id, {}),
            }
            for call in message.calls
        ]


JSON_OBJECT = {"type": "json_object"}


def _function(tool: Tool) -> JSON:
    none = {"type": "object", "properties": {}}
    said = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters) or none}
    return said if tool.strict is None else {**said, "strict": tool.strict}


def _content(message: Message) -> str | list[JSON]:
    if not (message.images or message.contents):
        return message.text
    contents = message.contents or (*((message.text,) if message.text else ()), *message.images)
    return [{"type": "text", "text": one} if isinstance(one, str) else _image(one) for one in contents]


def _pictures(message: Message) -> list[JSON]:
    """The images of a tool's result, with whose they are."""
    said = {"type": "text", "text": f"(images that the call {message.answers} returned:)"}
    return [said, *map(_image, message.images)] if message.images else []


def _image(image: Image) -> JSON:
    data = base64.b64encode(image.data).decode()
    return {"type": "image_url", "image_url": {"url": f"data:{image.media_type};base64,{data}"}}
