"""A run as a tree of spans: a fold over its events."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from opentelemetry import context, metrics, trace
from opentelemetry.context import Context
from opentelemetry.metrics import Histogram, MeterProvider
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, TracerProvider
from opentelemetry.util.types import AttributeValue

from ..errors import BudgetExceeded
from ..events import (
    Answered,
    Asked,
    Called,
    Decided,
    Event,
    Executed,
    Failed,
    Found,
    Judged,
    Planned,
    Replied,
    Used,
    Waiting,
)
from ..usage import Entry
from . import names

LONGEST = 8000
"""Characters of a text that go into a span."""
Attributes = dict[str, AttributeValue]


@dataclass(frozen=True)
class Tracing:
    """Traces every run that it watches: what `House.watch` takes."""

    tracer: Tracer
    tokens: Histogram
    seconds: Histogram
    content: bool = False
    """Whether questions, answers, programs and messages of errors are told, too."""

    @contextmanager
    def __call__(self, on_event: Callable[[Event], None]) -> Iterator[Callable[[Event], None]]:
        run = Trace(self)

        def happened(event: Event) -> None:
            run.see(event)
            on_event(event)

        token = context.attach(run.context)  # so that what an HTTP client traces stands under the run
        try:
            yield happened
        except BaseException as error:
            run.end(error)
            raise
        else:
            run.end()
        finally:
            context.detach(token)


def tracing(
    tracers: TracerProvider | None = None, meters: MeterProvider | None = None, content: bool = False
) -> Tracing:
    """What traces runs with these providers; None for those that the application has set up for itself."""
    meter = metrics.get_meter("tertulia", meter_provider=meters)
    return Tracing(
        trace.get_tracer("tertulia", tracer_provider=tracers),
        meter.create_histogram(
            names.TOKEN_USAGE,
            "{token}",
            "Tokens read and written by each attempt at a model call",
            explicit_bucket_boundaries_advisory=names.TOKEN_BUCKETS,
        ),
        meter.create_histogram(
            names.DURATION,
            "s",
            "How long each attempt at a model call took",
            explicit_bucket_boundaries_advisory=names.SECONDS_BUCKETS,
        ),
        content,
    )


@dataclass
class Working:
    """An agent at work: its span, and when something last happened under it."""

    span: Span
    last: int

    @property
    def context(self) -> Context:
        return trace.set_span_in_context(self.span)


@dataclass
class Trace:
    """The spans of one run that are open."""

    tracing: Tracing
    agents: dict[str, Working] = field(default_factory=dict)
    """By place."""
    calls: dict[tuple[str, int], Span] = field(default_factory=dict)
    """By key and attempt."""

    def __post_init__(self) -> None:
        self.began = time.time_ns()
        self.span = self.tracing.tracer.start_span(
            names.WORKFLOW, start_time=self.began, attributes={names.OPERATION: names.WORKFLOW}
        )
        self.context = trace.set_span_in_context(self.span)

    def see(self, event: Event) -> None:
        match event:
            case Asked():
                self.span.update_name(f"{names.WORKFLOW} {event.strategy}")
                self.span.set_attribute(names.WORKFLOW_NAME, event.strategy)
                self._tell(self.span, {names.INPUT_MESSAGES: message("user", event.question.text)})
            case Called():
                self._called(event.entry)
            case Replied():
                self._replied(event)
            case Executed(execution=done):
                told: Attributes = {names.TOOL_ARGUMENTS: done.program, names.TOOL_RESULT: done.output}
                self._used(event.key, event.agent, names.SANDBOX, done.seconds, done.error, told)
            case Used():
                self._used(event.key, event.agent, event.tool, event.seconds, event.error, {})
            case Found(finding=finding):
                self._found(f"{finding.task}/{finding.agent}", "" if finding.ok else finding.text)
            case Answered():
                self._answered(event)
            case _:
                self._note(event)

    def end(self, error: BaseException | None = None) -> None:
        """End the run, and all that is open in it."""
        for span in self.calls.values():
            fail(span, "abandoned")
            span.end()
        for working in reversed(self.agents.values()):
            working.span.end(working.last)
        if error is not None:
            says = self.tracing.content or isinstance(error, BudgetExceeded)
            kind = "cancelled" if isinstance(error, asyncio.CancelledError) else type(error).__qualname__
            fail(self.span, kind, str(error) if says else "")
        self.span.end()

    def _called(self, entry: Entry) -> None:
        working = self._agent(entry.key, entry.agent)
        self.calls[entry.key, entry.attempt] = self.tracing.tracer.start_span(
            f"{names.CHAT} {entry.model}",
            working.context,
            SpanKind.CLIENT,
            {
                **_common(entry),
                names.REQUEST_MAX_TOKENS: entry.usage.written,
                names.KEY: entry.key,
                names.ATTEMPT: entry.attempt,
            },
        )

    def _replied(self, event: Replied) -> None:
        entry, usage, common = event.entry, event.entry.usage, _common(event.entry)
        span = self.calls.pop((entry.key, entry.attempt))
        span.set_attributes(
            {
                names.INPUT_TOKENS: usage.read,
                names.OUTPUT_TOKENS: usage.written,
                names.REASONING_TOKENS: usage.hidden,
                names.CACHED_TOKENS: usage.cached,
                names.EXACT: usage.exact,
                names.STATUS: entry.status,
                **({} if entry.cost is None else {names.COST: entry.cost}),
            }
        )
        self._tell(span, {names.OUTPUT_MESSAGES: message("assistant", event.text)})
        if entry.status != "ok":
            fail(span, entry.status, event.error if self.tracing.content else "")
            common[names.ERROR] = entry.status
        self._agent(entry.key, entry.agent).last = now = time.time_ns()
        span.end(now)
        self.tracing.seconds.record(entry.seconds, common)
        self.tracing.tokens.record(usage.read, {**common, names.TOKEN_TYPE: "input"})
        self.tracing.tokens.record(usage.written, {**common, names.TOKEN_TYPE: "output"})

    def _used(self, key: str, agent: str, tool: str, seconds: float, error: str, told: Attributes) -> None:
        now = time.time_ns()
        began = max(self.began, now - round(seconds * 1e9))  # a remembered step took its time in an earlier life
        working = self._agent(key, agent, began)
        span = self.tracing.tracer.start_span(
            f"{names.TOOL_RUN} {tool}",
            working.context,
            attributes={
                names.OPERATION: names.TOOL_RUN,
                names.TOOL_NAME: tool,
                names.TOOL_TYPE: "function",
                names.AGENT_NAME: agent,
                names.KEY: key,
            },
            start_time=began,
        )
        self._tell(span, told)
        if error:
            fail(span, "ToolError", error if self.tracing.content else "")
        span.end(now)
        working.last = now

    def _agent(self, key: str, name: str, began: int | None = None) -> Working:
        """The agent who works at the place of that key; its span begins with its first call."""
        place = key.rsplit(":", 1)[0]
        if place not in self.agents:
            began = began or time.time_ns()
            span = self.tracing.tracer.start_span(
                f"{names.AGENT_RUN} {name}",
                self._around(place),
                attributes={names.OPERATION: names.AGENT_RUN, names.AGENT_NAME: name, names.PLACE: place},
                start_time=began,
            )
            self.agents[place] = Working(span, began)
        return self.agents[place]

    def _around(self, place: str) -> Context:
        """The nearest agent at work around a place, or else the run."""
        while "/" in place:
            place = place.rpartition("/")[0]
            if place in self.agents:
                return self.agents[place].context
        return self.context

    def _found(self, place: str, failure: str) -> None:
        """The agent is done; one that tries again does so in a span of its own."""
        for own in [own for own in self.agents if f"/{own}/".endswith(f"/{place}/")]:
            working = self.agents.pop(own)
            if failure:
                fail(working.span, "not_found", failure if self.tracing.content else "")
            working.span.end()

    def _answered(self, event: Answered) -> None:
        report = event.report
        self.span.set_attributes(
            {
                names.INPUT: report.input,
                names.OUTPUT: report.output,
                names.REASONING: report.reasoning,
                names.EXACT: report.exact,
                names.CALLS: report.calls,
                names.STOPPED: event.answer.stopped is not None,
                **({} if report.cost is None else {names.COST: report.cost}),
            }
        )
        self._tell(self.span, {names.OUTPUT_MESSAGES: message("assistant", event.answer.text)})

    def _note(self, event: Event) -> None:
        """What is no work of its own is a note on the run."""
        match event:
            case Decided():
                self.span.add_event("tertulia.decided", {"choice": event.choice, **self._told(reason=event.reason)})
            case Planned():
                agents = [task.agent for task in event.plan.tasks]
                self.span.add_event("tertulia.planned", {"tasks": len(agents), "agents": agents})
            case Judged():
                told = self._told(reason=event.verdict.reason, evidence=event.verdict.evidence)
                self.span.add_event("tertulia.judged", {"task": event.task, "accepted": event.verdict.accepted, **told})
            case Waiting():
                self.span.add_event("tertulia.waiting", {names.KEY: event.key, "seconds": event.seconds})
            case Failed():
                self.span.add_event("tertulia.failed", {"where": event.where, **self._told(error=event.error)})
            case _:
                pass

    def _told(self, **texts: str) -> Attributes:
        return {name: text[:LONGEST] for name, text in texts.items()} if self.tracing.content else {}

    def _tell(self, span: Span, texts: Attributes) -> None:
        if self.tracing.content:
            span.set_attributes({name: str(text)[:LONGEST] for name, text in texts.items()})


def message(role: str, text: str) -> str:
    """One message as the conventions write it."""
    part = {"type": "text", "content": text[: LONGEST - 200]}
    return json.dumps([{"role": role, "parts": [part]}], ensure_ascii=False)


def fail(span: Span, kind: str, says: str = "") -> None:
    span.set_attribute(names.ERROR, kind)
    span.set_status(StatusCode.ERROR, says[:LONGEST] or kind)


def _common(entry: Entry) -> Attributes:
    """What spans and metrics of a model call have in common."""
    provider, _, _ = entry.model.partition(":")
    return {
        names.OPERATION: names.CHAT,
        names.PROVIDER: names.PROVIDERS.get(provider, provider),
        names.REQUEST_MODEL: entry.model.partition(":")[2] or entry.model,
        names.AGENT_NAME: entry.agent,
    }
