"""What a request asks for, in the house's own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from ..budget import Budget
from ..types import Effort, Form, Question, Tool, Turn
from .conversation import from_items, from_messages, question
from .fit import check
from .images import Fetched
from .problems import refused, unsupported
from .shapes import ChatRequest, Format, JSONSchema, ResponsesRequest

FUNCTION = TypeAdapter(Tool)
LIMITS = {"tokens": int, "usd": float, "seconds": float, "calls": int}
VERBOSITY = {"low": "Be brief.", "high": "Be thorough: give the details and the reasons."}
WARM = 0.7
"""Temperature of the answer where several are asked for and none is named: at 0 they would all be the same."""
INCLUDABLE = ("reasoning.encrypted_content",)
"""What may be asked to be included: it is never there, and those who ask can do without."""


@dataclass(frozen=True)
class Asking:
    """A question, the house it is for, and the most it may cost."""

    model: str
    question: Question
    effort: Effort | None = None
    """None leaves it to the house."""
    budget: Budget = Budget()
    """Limits of this request; those of the house hold as well."""
    choices: int = 1
    ignored: tuple[str, ...] = ()
    """Parameters that were accepted and had no effect."""
    store: bool = True
    """Whether its run may be stored."""
    tier: str = "default"
    """How urgent it is."""

    def choice(self, number: int) -> Question:
        """The question as it is asked for one of several answers."""
        form = self.question.form
        seed = None if form.seed is None else form.seed + number
        return replace(self.question, form=replace(form, seed=seed)) if number else self.question


def from_chat(request: ChatRequest, headers: Mapping[str, str], fetched: Fetched = MappingProxyType({})) -> Asking:
    """What a chat completion asks for; `fetched` are images by their address.

    Raises:
        Problem: naming the parameter that cannot be used.
    """
    request.refuse_unsupported()
    choices = request.n or 1
    tools = tools_of(request.tools, request.tool_choice)
    form = Form(
        instructions=VERBOSITY.get(request.verbosity or "", ""),
        max_tokens=request.max_completion_tokens or request.max_tokens,
        temperature=WARM if choices > 1 and request.temperature is None else request.temperature,
        stop=(request.stop,) if isinstance(request.stop, str) else tuple(request.stop or ()),
        seed=request.seed,
        schema=schema_of(request.response_format, "response_format"),
        tools=tools,
        must_call=must_call(request.tool_choice, tools),
    )
    return Asking(
        request.model,
        question(from_messages(request.messages, fetched), form),
        effort(request.reasoning_effort),
        replace(budget(request.metadata, headers), written=request.max_completion_tokens),
        choices,
        left_out(request.tools, request.tool_choice, tools),
        request.store is not False,
        request.service_tier or "default",
    )


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
    tools = tools_of(request.tools, request.tool_choice)
    form = Form(
        said,
        request.max_output_tokens,
        request.temperature,
        schema=schema_of(text, "text.format"),
        tools=tools,
        must_call=must_call(request.tool_choice, tools),
    )
    return Asking(
        request.model,
        question(from_items(request.input, fetched), form, before, "input"),
        effort(request.reasoning.effort if request.reasoning else None),
        replace(budget(request.metadata, headers), written=request.max_output_tokens),
        ignored=left_out(request.tools, request.tool_choice, tools),
        store=request.store is not False or bool(request.background),
        tier=request.service_tier or "default",
    )


def effort(named: str | None) -> Effort | None:
    """The effort in the house's words; `max` is its most."""
    name = "xhigh" if named == "max" else named
    return next((known for known in get_args(Effort) if known == name), None)


def schema_of(format: Format | None, param: str) -> Mapping[str, Any] | None:
    """The JSON schema that the answer must follow; None if it is free text."""
    if format is None or format.type == "text":
        return None
    if format.type == "json_object":
        return {"type": "object"}
    given = format if isinstance(format, JSONSchema) else getattr(format, "json_schema", None)
    place = f"{param}.schema" if isinstance(format, JSONSchema) else f"{param}.json_schema.schema"
    if given is None or given.schema_ is None:
        raise refused(place, f"Missing required parameter: {place!r}.", "missing_required_parameter")
    check(given.schema_, place)
    return dict(given.schema_)


def budget(metadata: Mapping[str, str] | None, headers: Mapping[str, str]) -> Budget:
    """Limits that the request sets: `tertulia_budget_tokens` in its metadata, or the header `x-tertulia-budget-tokens`.

    Raises:
        Problem: if one is not a number above 0.
    """
    limits: dict[str, Any] = {}
    for name, kind in LIMITS.items():
        header = f"x-tertulia-budget-{name}"
        given = (metadata or {}).get(f"tertulia_budget_{name}") or headers.get(header)
        if given is None:
            continue
        param = f"metadata.tertulia_budget_{name}" if f"tertulia_budget_{name}" in (metadata or {}) else header
        try:
            limits[name] = kind(given)
        except ValueError:
            raise refused(param, f"{param} cannot be {given[:40]!r}; it should be a number") from None
        if not 0 < limits[name] < 1e15:
            raise refused(param, f"{param} cannot be {given[:40]!r}; it should be above 0")
    return Budget(**limits)


def tools_of(given: Sequence[Mapping[str, Any]] | None, choice: object) -> tuple[Tool, ...]:
    """The functions that may be called; tools of other types are left out."""
    if choice == "none":
        return ()
    tools = []
    for number, one in enumerate(given or ()):
        if one.get("type") != "function":
            continue
        function = one.get("function", one)
        if not isinstance(function, Mapping):
            raise refused(f"tools[{number}].function", "a function should be an object")
        try:
            tools.append(FUNCTION.validate_python({name: it for name, it in function.items() if it is not None}))
        except ValidationError as error:
            raise refused(f"tools[{number}]", f"Invalid function: {error.errors()[0]['msg']}.") from None
    return tuple(tools)


def must_call(choice: object, tools: Sequence[Tool]) -> str:
    """Which tool must be called, as `Form.must_call` has it.

    Raises:
        Problem: if it is none of the tools, or the choice is of a kind that is not known here.
    """
    if choice in (None, "auto", "none"):
        return ""
    function = choice.get("function", choice) if isinstance(choice, dict) else {}
    name = "*" if choice == "required" else function.get("name") if isinstance(function, dict) else None
    if not tools or (name != "*" and name not in [tool.name for tool in tools]):
        raise unsupported("tool_choice", "use 'auto', 'none', 'required' or the name of one of the function tools")
    return str(name)


def without_tools(asking: Asking) -> Asking:
    """The request as a model gets it that cannot call tools.

    Raises:
        Problem: if a call is demanded.
    """
    form = asking.question.form
    if form.must_call:
        raise unsupported("tool_choice", "use 'auto' or 'none': the model behind this server cannot call tools")
    if not form.tools:
        return asking
    question = replace(asking.question, form=replace(form, tools=()))
    return replace(asking, question=question, ignored=tuple(dict.fromkeys((*asking.ignored, "tools"))))


def left_out(given: Sequence[Any] | None, choice: object, tools: Sequence[Tool]) -> tuple[str, ...]:
    """Names of parameters that have no effect, or not all of it."""
    return ("tools",) if len(given or ()) > len(tools) and choice != "none" else ()
