"""Parts of requests in either protocol: what is read, and what is refused since it would change the answer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..problems import unsupported

Metadata = Annotated[
    dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]], Field(max_length=16)
]
Tier = Literal["auto", "default", "flex", "priority", "scale"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
Tokens = Annotated[int, Field(ge=1, le=10_000_000)]
MOST_MESSAGES = 100_000
"""Of a conversation; its characters are bounded, too."""
NEUTRAL: dict[str, tuple[Any, ...]] = {
    "top_p": (1,),
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "logit_bias": ({},),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "modalities": (["text"],),
    "audio": (),
    "web_search_options": (),
    "functions": ([],),
    "function_call": ("none", "auto"),
    "conversation": (),
    "prompt": (),
    "moderation": (),
}
"""Parameters that would change the answer, with the values that leave it as it is; null does so always."""


class Shape(BaseModel):
    """A part of a request; fields that nobody knows are accepted, since clients add their own."""

    model_config = ConfigDict(extra="allow")

    def refuse_unsupported(self) -> None:
        """Raise `Problem` for a parameter that would change the answer and cannot be honoured."""
        for name, value in (self.model_extra or {}).items():
            if name in NEUTRAL and value is not None and value not in NEUTRAL[name]:
                raise unsupported(name)


class Part(Shape):
    """A piece of a message: text, or an image as a data URL or, where the server may fetch it, its address."""

    type: str
    text: str | None = None
    image_url: str | dict[str, Any] | None = None


class Message(Shape):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None
    name: str | None = None
    tool_calls: list[dict[str, Any]] | None = None
    tool_call_id: str | None = None


class JSONSchema(Shape):
    name: str = "answer"
    schema_: dict[str, Any] | None = Field(default=None, alias="schema")
    strict: bool | None = None


class Format(Shape):
    """How the answer is to be written."""

    type: Literal["text", "json_object", "json_schema"]


class Item(Shape):
    """A piece of the conversation."""

    type: str | None = None
    """None for a message or, without a role, a reference."""
    id: str | None = None
    role: Literal["system", "developer", "user", "assistant"] | None = None
    content: str | list[Part] | None = None

    @property
    def kind(self) -> str:
        return self.type or ("message" if self.role or not self.id else "item_reference")
