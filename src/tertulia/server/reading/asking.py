"""What a request asks for, in the house's own words, and the parameters that both protocols have."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from ...budget import Budget
from ...errors import SettingsError
from ...tools.structured import validator
from ...types import Effort, Question, Tool
from ..problems import Problem, refused, unsupported
from .shapes import Format, JSONSchema

FUNCTION = TypeAdapter(Tool)
LIMITS = {"tokens": int, "usd": float, "seconds": float, "calls": int}
VERBOSITY = {"low": "Be brief.", "high": "Be thorough: give the details and the reasons."}
MOST_SCHEMA = 100_000
"""Characters of a schema."""


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
    check_schema(given.schema_, place)
    return dict(given.schema_)


def check_schema(schema: Mapping[str, Any], param: str) -> None:
    """Raise `Problem` unless it is a JSON schema that refers to no other place."""
    if len(json.dumps(schema)) > MOST_SCHEMA:
        raise refused(param, f"the schema is longer than {MOST_SCHEMA:,} characters")
    try:
        validator(schema)
    except SettingsError:
        raise
    except Exception as error:
        message = f"the schema is not usable: {str(error).splitlines()[0][:300]}"
        raise Problem(400, message, code="invalid_json_schema", param=param) from None


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
