"""A request as pydantic-ai takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ..conversation import with_names, with_results_placed
from ..model import Message
from ..types import Call
from ._body import Asking

if TYPE_CHECKING:
    from pydantic_ai import messages, models
    from pydantic_ai.settings import ModelSettings

LEAST_BUDGET = 1024
"""Tokens of thought below which Claude takes no budget."""


def asked(model: models.Model, asking: Asking, seconds: float) -> Any:
    """The stream of a reply, as an async context manager."""
    from pydantic_ai.direct import model_request_stream

    return model_request_stream(
        model,
        conversation(asking),
        model_settings=settings(model, asking, seconds),
        model_request_parameters=parameters(model, asking),
        instrument=False,
    )


def parameters(model: models.Model, asking: Asking) -> Any:
    """The tools that may be called, and the form of the reply."""
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.output import OutputObjectDefinition
    from pydantic_ai.tools import ToolDefinition

    request, form = asking.request, {}
    enforced = model.profile.get("supports_json_schema_output") and asking.abilities.schema in ("enforced", "unknown")
    if request.schema is not None and enforced:
        strict = True if request.strict is None else request.strict
        wanted = OutputObjectDefinition(json_schema=dict(request.schema), name="reply", strict=strict)
        form = {"output_mode": "native", "output_object": wanted}
    none = {"type": "object", "properties": {}}
    tools = [
        ToolDefinition(
            name=tool.name, description=tool.description, parameters_json_schema=dict(tool.parameters) or none
        )
        for tool in request.tools
    ]
    return ModelRequestParameters(function_tools=tools, **cast("Any", form))


def settings(model: models.Model, asking: Asking, seconds: float) -> ModelSettings:
    """How long, how hot and how thoughtful the reply may be."""
    request, known = asking.request, asking.abilities
    asked: ModelSettings = {
        "max_tokens": asking.most,
        "timeout": seconds,
        "max_retries": 0,  # a retry that the ledger does not see is not counted
    }
    if asking.takes_temperature:
        asked["temperature"] = request.temperature
    if request.stop:
        asked["stop_sequences"] = list(request.stop)
    if request.seed is not None:
        asked["seed"] = request.seed
    if request.tools and request.must_call and asking.may_force:
        asked["tool_choice"] = "required" if request.must_call == "*" else [request.must_call]
    if "reasoning_effort" not in known.without:
        _think(asked, model, asking)
    for name in model.unsupported_settings & asked.keys():
        del asked[name]
    return asked


def _think(asked: ModelSettings, model: models.Model, asking: Asking) -> None:
    """Say how much to think: a level or, where only a budget bounds a thought, the allowance."""
    level, profile = asking.level, model.profile
    if level is None:
        return
    allowance = asking.thinking.allowance if asking.thinking else 0
    if level == "none" or not allowance:
        asked["thinking"] = False if level == "none" else level
    elif profile.get("anthropic_supports_adaptive_thinking") is False:
        if allowance >= LEAST_BUDGET:
            cast("Any", asked)["anthropic_thinking"] = {"type": "enabled", "budget_tokens": allowance}
        else:
            asked["thinking"] = False
    elif profile.get("google_supports_thinking_level") is False:
        cast("Any", asked)["google_thinking_config"] = {"thinking_budget": allowance}
    else:
        asked["thinking"] = level


def conversation(asking: Asking) -> list[messages.ModelMessage]:
    """The messages, with calls of tools and their results as such."""
    from pydantic_ai.messages import ModelMessage, ModelRequest

    turns: list[ModelMessage] = []
    names = {call.id: call.name for message in asking.request.messages for call in message.calls}
    for message in with_names(with_results_placed(asking.request.messages)):
        if message.role == "assistant":
            turns.append(_answered(message, asking))
            continue
        part = _part(message, names)
        if turns and isinstance(turns[-1], ModelRequest):
            turns[-1] = ModelRequest(parts=[*turns[-1].parts, part])
        else:
            turns.append(ModelRequest(parts=[part]))
    return turns


def _part(message: Message, names: dict[str, str]) -> Any:
    from pydantic_ai.messages import BinaryContent, SystemPromptPart, ToolReturnPart, UserPromptPart

    if message.role == "system":
        return SystemPromptPart(message.text)
    contents = message.contents or ((message.text, *message.images) if message.images else ())
    shown = [
        one if isinstance(one, str) else BinaryContent(one.data, media_type=one.media_type) for one in contents if one
    ]
    said: Any = shown or message.text
    if message.role == "tool":
        return ToolReturnPart(names.get(message.answers, "tool"), said, tool_call_id=message.answers)
    return UserPromptPart(said)


def _answered(message: Message, asking: Asking) -> messages.ModelResponse:
    """What the model said before: word for word, with its thoughts and their signatures, if it was this very one."""
    from pydantic_ai.messages import ModelMessagesTypeAdapter, ModelResponse, TextPart, ToolCallPart

    if message.calls and (kept := asking.kept(message)):
        (response,) = ModelMessagesTypeAdapter.validate_json(kept.data)
        if isinstance(response, ModelResponse):
            return response
    calls = [_call(call) for call in message.calls]
    texts = [TextPart(message.text)] if message.text or not calls else []
    return ModelResponse(parts=[*texts, *(ToolCallPart(**call) for call in calls)])


def _call(call: Call) -> dict[str, Any]:
    return {"tool_name": call.name, "args": call.arguments, "tool_call_id": call.id}
