"""The body of `POST /v1/chat/completions`, and what it asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field

from ...conversation import turn
from ...types import Call, Form, Turn
from .asking import VERBOSITY, Asking, budget, effort
from .functions import ToolOffer, offer, one_call
from .images import Fetched
from .messages import contents, question
from .schemas import answer_schema
from .shapes import MOST_MESSAGES, Effort, Format, JSONSchema, Message, Metadata, Shape, Tier, Tokens

MOST_CHOICES = 8
SEED = Field(default=None, ge=-(2**63), lt=2**63)
WARM = 0.7
"""Temperature of the answer where several are asked for and none is named: at 0 they would all be the same."""


class ChatFormat(Format):
    json_schema: JSONSchema | None = None


class StreamOptions(Shape):
    include_usage: bool | None = None


class ChatRequest(Shape):
    """The body of `POST /v1/chat/completions`."""

    model: str
    messages: list[Message] = Field(min_length=1, max_length=MOST_MESSAGES)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: int | None = Field(default=None, ge=1, le=MOST_CHOICES)
    stop: str | Annotated[list[str], Field(max_length=4)] | None = None
    seed: int | None = SEED
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: Tokens | None = None
    max_completion_tokens: Tokens | None = None
    reasoning_effort: Effort | None = None
    response_format: ChatFormat | None = None
    verbosity: Literal["low", "medium", "high"] | None = None
    metadata: Metadata | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    store: bool | None = None
    service_tier: Tier | None = None


def from_chat(request: ChatRequest, headers: Mapping[str, str], fetched: Fetched = MappingProxyType({})) -> Asking:
    """What a chat completion asks for; `fetched` are images by their address.

    Raises:
        Problem: naming the parameter that cannot be used.
    """
    request.refuse_unsupported()
    choices, conversation = request.n or 1, from_messages(request.messages, fetched)
    offered = ToolOffer()
    if request.tools or request.tool_choice:
        offered = offer(request.tools, request.tool_choice, request.parallel_tool_calls)
    form = Form(
        instructions=VERBOSITY.get(request.verbosity or "", ""),
        max_tokens=request.max_completion_tokens or request.max_tokens,
        temperature=WARM if choices > 1 and request.temperature is None else request.temperature,
        stop=(request.stop,) if isinstance(request.stop, str) else tuple(request.stop or ()),
        seed=request.seed,
        schema=answer_schema(request.response_format, "response_format") if request.response_format else None,
        tools=offered.tools,
        must_call=offered.must_call,
    )
    return Asking(
        request.model,
        question(conversation, form),
        effort(request.reasoning_effort),
        replace(budget(request.metadata, headers), written=request.max_completion_tokens),
        choices,
        offered.ignored,
        request.store is not False,
        request.service_tier or "default",
    )


def from_messages(messages: Sequence[Message], fetched: Fetched) -> list[Turn]:
    """What a chat's messages say; `fetched` are images by their address."""
    turns, latest = list[Turn](), dict[str, str]()
    for number, message in enumerate(messages):
        param = f"messages[{number}]"
        said = contents(message.content, message.role, f"{param}.content", fetched)
        calls, name = _calls(message, param), message.name or ""
        latest |= {call.name: call.id for call in calls}
        match message.role:
            case "system" | "developer":
                turns.append(turn("system", said, name=name))
            case "user":
                turns.append(turn("user", said, name=name))
            case "assistant":
                turns.append(turn("assistant", said, calls=calls, name=name))
            case "tool":
                turns.append(turn("tool", said, answers=message.tool_call_id or ""))
            case "function":  # how results were sent once: by the name of what was called
                turns.append(turn("tool", said, answers=latest.get(name, "")))
    return turns


def _calls(message: Message, param: str) -> tuple[Call, ...]:
    """The tools that an assistant called, also in the way of old."""
    if message.role != "assistant":
        return ()
    calls = [one_call(call, f"{param}.tool_calls[{at}]") for at, call in enumerate(message.tool_calls or ())]
    if isinstance(old := (message.model_extra or {}).get("function_call"), dict):
        calls.append(one_call({"id": f"call_{param}", "function": old}, f"{param}.function_call"))
    return tuple(calls)
