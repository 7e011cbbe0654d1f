"""The body of `POST /v1/responses`, and what it asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from ...conversation import turn
from ...types import Form, Turn
from ..problems import refused, unreadable, unsupported
from .asking import VERBOSITY, Asking, budget, effort
from .functions import ToolOffer, offer, one_call
from .images import Fetched
from .messages import contents, question
from .schemas import answer_schema
from .shapes import MOST_MESSAGES, Effort, Format, Item, JSONSchema, Metadata, Part, Shape, Tier, Tokens

INCLUDABLE = ("reasoning.encrypted_content",)
"""What may be asked to be included: it is never there, and those who ask can do without."""


PARTS = TypeAdapter(list[Part])


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
    offered = ToolOffer()
    if request.tools or request.tool_choice:
        offered = offer(request.tools, request.tool_choice, request.parallel_tool_calls)
    form = Form(
        said,
        request.max_output_tokens,
        request.temperature,
        schema=answer_schema(text, "text.format") if text else None,
        tools=offered.tools,
        must_call=offered.must_call,
    )
    conversation = (*before, *from_items(request.input, fetched))
    return Asking(
        request.model,
        question(conversation, form, request.truncation == "auto", "input"),
        effort(request.reasoning.effort if request.reasoning else None),
        replace(budget(request.metadata, headers), written=request.max_output_tokens),
        ignored=offered.ignored,
        store=request.store is not False or bool(request.background),
        tier=request.service_tier or "default",
        conversation=conversation,
    )


def from_items(items: str | Sequence[Item], fetched: Fetched) -> list[Turn]:
    """What the items of a response's input say; the reasoning of earlier responses is skipped."""
    if isinstance(items, str):
        return [Turn("user", items)]
    turns = list[Turn]()
    for number, item in enumerate(items):
        param, extra = f"input[{number}]", item.model_extra or {}
        match item.kind:
            case "message":
                turns.append(_message(item, param, fetched))
            case "reasoning":
                pass
            case "function_call" | "custom_tool_call":
                call = one_call(extra, param)
                if turns and turns[-1].role == "assistant":
                    turns[-1] = replace(turns[-1], calls=(*turns[-1].calls, call))
                else:
                    turns.append(Turn("assistant", "", calls=(call,)))
            case "function_call_output" | "custom_tool_call_output":
                said = contents(_output(extra.get("output"), param), "tool", f"{param}.output", fetched)
                turns.append(turn("tool", said, answers=str(extra.get("call_id") or "")))
            case _:
                raise refused(f"{param}.type", f"items of type {item.type!r} are not supported here")
    return turns


def _output(output: object, param: str) -> str | list[Part]:
    """What a tool returned: a text, or texts and images; anything else as JSON."""
    if isinstance(output, list) and all(isinstance(part, dict) and "type" in part for part in output):
        try:
            return PARTS.validate_python(output)
        except ValidationError as error:
            raise unreadable(error, f"{param}.output") from None
    return output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)


def _message(item: Item, param: str, fetched: Fetched) -> Turn:
    if item.role is None:
        raise refused(f"{param}.role", "a message needs a role", "missing_required_parameter")
    said = contents(item.content, item.role, f"{param}.content", fetched)
    return turn("system" if item.role == "developer" else item.role, said)
