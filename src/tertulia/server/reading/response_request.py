"""The body of `POST /v1/responses`, and what it asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field

from ...types import Form, Turn
from ..problems import refused, unsupported
from .asking import VERBOSITY, Asking, budget, effort
from .functions import ToolOffer, offer
from .images import Fetched
from .messages import Spoken, call_in_words, content, question, tool_result
from .schemas import answer_schema
from .shapes import MOST_MESSAGES, Effort, Format, Item, JSONSchema, Metadata, Shape, Tier, Tokens

INCLUDABLE = ("reasoning.encrypted_content",)
"""What may be asked to be included: it is never there, and those who ask can do without."""


class TextFormat(Format, JSONSchema):
    pass


class Reasoning(Shape):
    effort: Effort | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None


class TextConfig(Shape):
    format: TextFormat | None = None
    verbosity: Literal["low", "medium", "high"] | None = None


class ResponsesRequest(Shape):
    """The body of `POST /v1/responses`."""

    model: str
    input: str | Annotated[list[Item], Field(min_length=1, max_length=MOST_MESSAGES)]
    instructions: str | None = None
    stream: bool | None = None
    background: bool | None = None
    store: bool | None = None
    previous_response_id: str | None = None
    max_output_tokens: Tokens | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    reasoning: Reasoning | None = None
    text: TextConfig | None = None
    metadata: Metadata | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    service_tier: Tier | None = None
    truncation: Literal["auto", "disabled"] | None = None
    user: str | None = None


def from_responses(
    request: ResponsesRequest,
    headers: Mapping[str, str],
    before: Sequence[Turn] = (),
    fetched: Fetched = MappingProxyType({}),
) -> Asking:
    """What a response asks for, after the conversation `before`.

    Raises:
        Problem: naming the parameter that cannot be used.
    """
    request.refuse_unsupported()
    include = (request.model_extra or {}).get("include") or []
    if not isinstance(include, list) or any(one not in INCLUDABLE for one in include):
        raise unsupported("include", f"it may hold {', '.join(INCLUDABLE)}")
    text, verbosity = (request.text.format, request.text.verbosity) if request.text else (None, None)
    said = "\n\n".join(part for part in (request.instructions, VERBOSITY.get(verbosity or "")) if part)
    offered = offer(request.tools, request.tool_choice) if request.tools or request.tool_choice else ToolOffer()
    form = Form(
        said,
        request.max_output_tokens,
        request.temperature,
        schema=answer_schema(text, "text.format") if text else None,
        tools=offered.tools,
        must_call=offered.must_call,
    )
    return Asking(
        request.model,
        question(from_items(request.input, fetched), form, before, "input"),
        effort(request.reasoning.effort if request.reasoning else None),
        replace(budget(request.metadata, headers), written=request.max_output_tokens),
        ignored=offered.ignored,
        store=request.store is not False or bool(request.background),
        tier=request.service_tier or "default",
    )


def from_items(items: str | Sequence[Item], fetched: Fetched) -> list[Spoken]:
    """What the items of a response's input say; the reasoning of earlier responses is skipped."""
    if isinstance(items, str):
        return [Spoken("user", items)]
    spoken = []
    for number, item in enumerate(items):
        param = f"input[{number}]"
        extra = item.model_extra or {}
        match item.type:
            case "message":
                spoken.append(_message(item, param, fetched))
            case "reasoning":
                pass
            case "function_call" | "custom_tool_call":
                spoken.append(Spoken("assistant", call_in_words(extra)))
            case "function_call_output" | "custom_tool_call_output":
                output = extra.get("output")
                text = output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)
                spoken.append(tool_result(text))
            case _:
                raise refused(f"{param}.type", f"items of type {item.type!r} are not supported here")
    return spoken


def _message(item: Item, param: str, fetched: Fetched) -> Spoken:
    if item.role is None:
        raise refused(f"{param}.role", "a message needs a role", "missing_required_parameter")
    text, images = content(item.content, f"{param}.content", fetched)
    role = "system" if item.role == "developer" else item.role
    return Spoken(role, text, images if role == "user" else ())
