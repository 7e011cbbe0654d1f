"""Tools that clients offer: functions that the model may call instead of answering."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ...types import Call, Tool
from ..problems import refused, unsupported
from .asking import Asking

FUNCTION = TypeAdapter(Tool)


@dataclass(frozen=True)
class ToolOffer:
    """The tools of a request."""

    tools: tuple[Tool, ...] = ()
    must_call: str = ""
    """As `Form.must_call` has it."""
    ignored: tuple[str, ...] = ()
    """Names of parameters that have no effect, or not all of it."""


def offer(given: Sequence[Mapping[str, Any]] | None, choice: object, parallel: bool | None = None) -> ToolOffer:
    """The tools that may be called; those of other types than functions are left out.

    Args:
        parallel: Whether several may be called at once; that only one may is told to nobody, and so it is ignored.

    Raises:
        Problem: if one cannot be read, or the choice is none of them or of an unknown kind.
    """
    tools = _functions(given or ()) if choice != "none" else ()
    ignored = ["tools"] if len(given or ()) > len(tools) and choice != "none" else []
    ignored += ["parallel_tool_calls"] if tools and parallel is False else []
    return ToolOffer(tools, _must_call(choice, tools), tuple(ignored))


def _functions(given: Sequence[Mapping[str, Any]]) -> tuple[Tool, ...]:
    tools = []
    for number, one in enumerate(given):
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


def one_call(given: Mapping[str, Any], param: str) -> Call:
    """A call that an assistant made earlier; what a custom tool was given becomes its argument `input`.

    Raises:
        Problem: if it does not say what was called.
    """
    called = given.get("function") or given.get("custom") or given
    name = called.get("name") if isinstance(called, Mapping) else None
    if not isinstance(name, str) or not name:
        raise refused(param, "a call should say which function it calls", "missing_required_parameter")
    arguments = called.get("arguments")
    if arguments is None and "input" in called:
        arguments = {"input": called["input"]}
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments or {}, ensure_ascii=False)
    return Call(str(given.get("call_id") or given.get("id") or ""), name, arguments)


def _must_call(choice: object, tools: Sequence[Tool]) -> str:
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
