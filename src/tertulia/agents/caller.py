"""Answers a task by using tools of MCP servers, one call at a time."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, model_validator

from ..errors import ToolError, UnusableReply
from ..excerpts import LOOKED_AT
from ..run import Run
from ..tools.documents import fence
from ..tools.structured import as_json
from ..tools.toolbox import McpServer, McpTool, Result, Toolbox
from ..types import Citation, Finding, Findings, Passage, Task
from . import Agent, brief

if TYPE_CHECKING:
    from ..settings import Settings, ToolServer

SYSTEM = """You find out one part of a question with tools. Reply in JSON with one step.
To use a tool, name it in "tool" and give its "arguments", taken from what is asked and known.
Tools:
{tools}"""
NONE = 'If no tool can give what is asked, "tool" is "none".'
ANSWER = """Or, if the results below hold it: "answer" is one or two sentences with what they say, in the language of
the question. If they do not hold it, "answer" is empty."""

NO_TOOL = "no tool gives this"
NOT_GIVEN = "the tools did not give this"
WORD = re.compile(r"\d+|[^\W\d_]{4,}")
EXCERPT = 240
"""Characters of the part of a result that is cited."""
DEEPEST = 5
"""Objects within objects that a tool's arguments may be."""
LONGEST = 500
"""Characters that a text among the arguments may have."""


class _Step(BaseModel):
    """What is done next, alone or as `{"step": …}`."""

    tool: str = ""
    arguments: dict[str, Any] | None = None
    answer: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _inner(cls, given: Any) -> Any:
        return given.get("step", given) if isinstance(given, dict) else given


@dataclass(frozen=True)
class Call:
    """A tool that a model wants used."""

    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Caller(Agent):
    """A user of tools whose results are data: it reads them fenced, and cites what in them bears out its finding."""

    condition: ClassVar[str] = "MCP servers are named ([mcp.NAME] in the settings)"
    unused: ClassVar[str] = "uses no tools of MCP servers; auto and tertulia do"

    toolbox: Toolbox = field(default_factory=lambda: Toolbox(()), compare=False, repr=False)
    tools: tuple[McpTool, ...] = ()
    name: str = "caller"
    system: str = SYSTEM
    calls: int = 3
    """Most tools used for a task, 1 or more."""
    characters: int = 6000
    """Most characters of results that are read in one call."""
    max_tokens: int = 300

    @property
    def skill(self) -> str:
        """What the tools do, for the planner."""
        if not self.tools:
            return "uses tools of MCP servers"
        return f"uses tools: {'; '.join(f'{tool.name} ({tool.description})' for tool in self.tools)}"[:1000]

    def invited(self, settings: Settings) -> Self | None:
        if not settings.mcp:
            return None
        return replace(self, toolbox=Toolbox([server_of(name, server) for name, server in settings.mcp.items()]))

    async def opened(self, say: Callable[[str], None]) -> Self | None:
        """With the tools that its servers offer; None if they offer none."""
        try:
            tools = await self.toolbox.open(say)
        except BaseException:
            await self.close()
            raise
        if not tools:
            await self.close()
        return replace(self, tools=tools) if tools else None

    async def close(self) -> None:
        await self.toolbox.close()

    async def work(self, task: Task, known: Findings, run: Run) -> Finding:
        run, asked = run.by(self.name), brief(task, known)
        results: list[Passage] = []
        for left in reversed(range(self.calls + 1)):
            step = await self.step(asked, results, left > 0, run)
            if isinstance(step, Call):
                results.append(await self.call(step, run))
            elif step:
                return Finding(
                    task.id,
                    self.name,
                    step,
                    asked=task.text,
                    sources=tuple(results),
                    citations=borne_out(step, results),
                )
            else:
                break
        why = NOT_GIVEN if results else NO_TOOL
        return Finding(task.id, self.name, why, ok=False, asked=task.text, sources=tuple(results))

    async def step(self, asked: str, results: Sequence[Passage], may_call: bool, run: Run) -> Call | str:
        """The next call, or the answer; empty if there is neither."""
        tools = self.tools if may_call else ()
        system = self.system.format(tools="\n".join(signature(tool) for tool in self.tools))
        system += f"\n{ANSWER if results else NONE}"
        text = f"{fence(results[::-1], self.characters)}\n\n{asked}" if results else asked
        try:
            reply = await run.ask(system, text, schema=schema(tools, bool(results)), max_tokens=self.max_tokens)
        except UnusableReply:
            return ""
        return parse(reply.text, {tool.name: tool for tool in tools})

    async def call(self, call: Call, run: Run) -> Passage:
        """What a tool gives, or why it gives nothing, so that the next call can be another."""
        try:
            result = await run.use(call.tool, Result, lambda: self.toolbox.call(call.tool, call.arguments))
        except ToolError as error:
            result = Result(str(error), ok=False)
        with_what = ", ".join(f"{name}={value!r}" for name, value in call.arguments.items())[:200]
        said = result.text if result.ok else f"It failed: {result.text}"
        source = f"{call.tool}({with_what})".replace("/", "∕")  # or it would be read as a path
        return Passage(said, source)


def server_of(name: str, given: ToolServer) -> McpServer:
    """How an MCP server of the settings is reached."""
    own = {variable: os.environ[variable] for variable in given.env_from if variable in os.environ}
    env = {variable: value.get_secret_value() for variable, value in given.env.items()}
    headers = {header: value.get_secret_value() for header, value in given.headers.items()}
    tools = tuple(given.tools)
    return McpServer(name, given.command, tuple(given.args), own | env, given.url, headers, tools, given.seconds)


def signature(tool: McpTool) -> str:
    """A tool in one line: its name, its arguments and what it does."""
    required = tool.schema.get("required") or []
    properties = tool.schema.get("properties") or {}
    arguments = ", ".join(f"{name}{'' if name in required else '?'}" for name in properties)
    return f"{tool.name}({arguments}): {tool.description}"


def schema(tools: Sequence[McpTool], may_answer: bool) -> dict[str, Any]:
    """JSON schema of a step: one of the tools with its own arguments, or else none of them, or an answer."""

    def object(**properties: Any) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }

    steps = [
        object(
            tool={"type": "string", "enum": [tool.name]},
            arguments=closed(tool.schema, tool.schema.get("$defs") or {}),
        )
        for tool in tools
    ]
    if may_answer:
        steps.append(object(answer={"type": "string", "maxLength": LONGEST}))
    else:
        steps.append(object(tool={"type": "string", "enum": ["none"]}))
    return object(step={"anyOf": steps})


def closed(given: Mapping[str, Any], named: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """A tool's schema as providers can enforce it: bounded, and with every property required or else null."""
    if reference := given.get("$ref"):
        given = named.get(str(reference).rpartition("/")[2]) or {}
    if depth > DEEPEST:
        return {"type": "string", "maxLength": LONGEST}
    if "enum" in given or "const" in given:
        return {"enum": list(given.get("enum") or [given.get("const")])}
    if several := given.get("anyOf") or given.get("oneOf"):
        return {"anyOf": [closed(one, named, depth + 1) for one in several[:8]]}
    kind = given.get("type")
    if isinstance(kind, list):
        return {"anyOf": [closed({**given, "type": one}, named, depth + 1) for one in kind]}
    if kind == "object" or (depth == 0 and kind is None):
        return _closed_object(given, named, depth)
    if kind == "array":
        items = given.get("items")
        inner = closed(items if isinstance(items, Mapping) else {}, named, depth + 1)
        return {"type": "array", "items": inner, "maxItems": min(20, given.get("maxItems") or 20)}
    if kind in ("integer", "number", "boolean", "null"):
        return {"type": kind}
    return {"type": "string", "maxLength": min(LONGEST, given.get("maxLength") or LONGEST)}


def _closed_object(given: Mapping[str, Any], named: Mapping[str, Any], depth: int) -> dict[str, Any]:
    required = given.get("required") or []
    properties = {}
    for name, one in (given.get("properties") or {}).items():
        inner = closed(one if isinstance(one, Mapping) else {}, named, depth + 1)
        properties[name] = inner if name in required else {"anyOf": [inner, {"type": "null"}]}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def parse(text: str, tools: Mapping[str, McpTool]) -> Call | str:
    """The step that the model's text says; empty if it says none."""
    try:
        step = as_json(text, _Step)
    except UnusableReply:
        return ""
    if step.tool in tools:
        return Call(step.tool, given(step.arguments or {}, tools[step.tool].schema))
    return (step.answer or "").strip()


def given(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments without those that are null because they had to be written."""
    required = schema.get("required") or []
    return {name: value for name, value in arguments.items() if value is not None or name in required}


def borne_out(answer: str, results: Sequence[Passage]) -> tuple[Citation, ...]:
    """The part of the results that shares most words and numbers with an answer; none if nothing does.

    Only the beginning of a long result is looked at, of which a model reads still less.
    """
    words = set(WORD.findall(answer.casefold()))
    best, most = None, 0
    for result in reversed(results):
        for part in re.finditer(rf"[^\n]{{1,{EXCERPT}}}", result.text[:LOOKED_AT]):
            shared = len(words & set(WORD.findall(part[0].casefold())))
            if shared > most:
                best, most = Citation(part[0], result.source, part.start(), part.end()), shared
    return (best,) if best else ()
