"""Spans and metrics are a fold over a run's events: complete, private by default, and sent only where it was asked."""

import asyncio
import sys
from typing import Any

import aiohttp.web
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from tertulia import Budget, House, Question
from tertulia.errors import ModelBusy, SettingsError, TertuliaError
from tertulia.events import Replied
from tertulia.gate import Gate
from tertulia.model import Chunk
from tertulia.opening import open_house
from tertulia.providers.scripted import Scripted
from tertulia.settings import load
from tertulia.strategies.direct import Direct
from tertulia.strategies.tertulia import Tertulia
from tertulia.telemetry import exporter, names
from tertulia.telemetry.tracing import tracing

from . import conftest

QUESTION = Question("Are there more minutes in a day than hours in a week?")
SECRET = "1440"
"""Part of what the agents find, and of no name."""


class Watched:
    """A house that is traced into memory."""

    def __init__(self, model=None, content=False, **kwargs):
        self.exported, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        tracers = TracerProvider(shutdown_on_exit=False)
        tracers.add_span_processor(SimpleSpanProcessor(self.exported))
        watch = tracing(tracers, MeterProvider([self.reader], shutdown_on_exit=False), content)
        models = {"default": model or Scripted(conftest.says)}
        self.house = House(models, **{"strategy": Tertulia(), **kwargs}, watch=watch)
        self.events = []

    async def ask(self):
        async with self.house:
            return await self.house.ask(QUESTION, self.events.append)

    @property
    def spans(self):
        return self.exported.get_finished_spans()

    def kind(self, operation):
        return [span for span in self.spans if span.attributes[names.OPERATION] == operation]

    @property
    def run(self):
        (run,) = self.kind(names.WORKFLOW)
        return run

    def parent(self, span):
        return next(other for other in self.spans if other.context.span_id == span.parent.span_id)

    def metric(self, name):
        data = self.reader.get_metrics_data()
        return [
            point
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]


class Broken(Scripted):
    """Fails for a passing reason at first."""

    left: int

    def __init__(self, failures):
        super().__init__()
        self.__dict__["left"] = failures

    async def stream(self, request):
        if self.left:
            self.__dict__["left"] -= 1
            raise ModelBusy(f"too busy for {request.messages[-1].text}")
        yield Chunk("Yes.", finish="stop")


def patient():
    return {"scripted": Gate(chance=lambda: 0.0)}


def test_a_run_is_a_tree_of_agents_with_their_calls_and_tools():
    watched = Watched(strategy=Tertulia())
    asyncio.run(watched.ask())
    assert watched.run.name == "invoke_workflow tertulia"
    assert watched.run.parent is None
    agents = watched.kind(names.AGENT_RUN)
    places = sorted(span.attributes[names.PLACE] for span in agents)
    assert places == ["planner", "synthesizer", "t1/calculator", "t2/calculator", "t3/reasoner"]
    assert all(watched.parent(span) is watched.run for span in agents)
    assert all(watched.parent(span) in agents for span in watched.kind(names.CHAT) + watched.kind(names.TOOL_RUN))
    tools = [span.name for span in watched.kind(names.TOOL_RUN)]
    assert sorted(tools) == ["execute_tool sandbox"] * 2 + ["execute_tool skills"] * 2
    assert len({span.context.trace_id for span in watched.spans}) == 1


def test_every_span_lies_within_its_parent():
    watched = Watched(strategy=Tertulia())
    asyncio.run(watched.ask())
    for span in watched.spans:
        assert span.start_time <= span.end_time
        if span.parent:
            assert watched.parent(span).start_time <= span.start_time
            assert span.end_time <= watched.parent(span).end_time


def test_tokens_of_spans_and_of_metrics_are_those_of_the_ledger():
    watched = Watched(strategy=Tertulia())
    report = asyncio.run(watched.ask()).report
    calls = watched.kind(names.CHAT)
    assert len(calls) == report.calls == sum(isinstance(event, Replied) for event in watched.events)
    told = sum(call.attributes[names.INPUT_TOKENS] + call.attributes[names.OUTPUT_TOKENS] for call in calls)
    assert told == sum(point.sum for point in watched.metric(names.TOKEN_USAGE)) == report.total
    assert sum(point.count for point in watched.metric(names.DURATION)) == report.calls
    numbers = [watched.run.attributes[name] for name in (names.INPUT, names.OUTPUT, names.REASONING)]
    assert numbers == [report.input, report.output, report.reasoning]


def test_a_failed_attempt_is_a_span_in_error_beside_the_one_that_went_well():
    watched = Watched(Broken(1), strategy=Direct(), gates=patient())
    asyncio.run(watched.ask())
    failed, good = watched.kind(names.CHAT)
    assert (failed.status.status_code, failed.attributes[names.ERROR]) == (StatusCode.ERROR, "failed")
    assert (failed.attributes[names.ATTEMPT], good.attributes[names.ATTEMPT]) == (1, 2)
    assert good.status.status_code is StatusCode.UNSET
    assert watched.run.status.status_code is StatusCode.UNSET
    assert [event.name for event in watched.run.events].count("tertulia.waiting") == 1
    assert {point.attributes.get(names.ERROR) for point in watched.metric(names.DURATION)} == {"failed", None}


def test_a_run_that_fails_ends_its_spans_in_error():
    watched = Watched(Broken(9), strategy=Direct(), gates=patient())
    with pytest.raises(TertuliaError):
        asyncio.run(watched.ask())
    assert watched.run.status.status_code is StatusCode.ERROR
    assert watched.run.attributes[names.ERROR] == "ModelBusy"


def test_a_run_that_meets_its_budget_says_so():
    watched = Watched(strategy=Direct(), budget=Budget(tokens=1))
    with pytest.raises(TertuliaError):
        asyncio.run(watched.ask())
    assert watched.run.attributes[names.ERROR] == "BudgetExceeded"
    assert "the budget allows 1 tokens" in watched.run.status.description


def test_spans_end_when_the_run_is_cancelled():
    watched = Watched(Scripted(conftest.says, seconds=30), strategy=Tertulia())

    async def leave():
        asking = asyncio.create_task(watched.ask())
        while not watched.events or len(watched.events) < 2:
            await asyncio.sleep(0.01)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    asyncio.run(leave())
    (call,) = watched.kind(names.CHAT)
    assert call.attributes[names.STATUS] == "cancelled"
    assert watched.run.attributes[names.ERROR] == "cancelled"
    assert len(watched.kind(names.AGENT_RUN)) == 1


def told(watched):
    """All that the spans say, as one text."""
    return " ".join(span.to_json() for span in watched.spans)


def test_no_question_answer_program_or_error_is_told_unless_it_is_asked_for():
    watched = Watched(strategy=Tertulia())
    asyncio.run(watched.ask())
    assert SECRET not in told(watched)
    assert "minutes" not in told(watched)
    failing = Watched(Broken(9), strategy=Direct(), gates=patient())
    with pytest.raises(TertuliaError):
        asyncio.run(failing.ask())
    assert "minutes" not in told(failing)


def test_content_is_told_when_it_is_asked_for():
    watched = Watched(strategy=Tertulia(), content=True)
    asyncio.run(watched.ask())
    assert QUESTION.text in watched.run.attributes[names.INPUT_MESSAGES]
    assert conftest.ANSWER in watched.run.attributes[names.OUTPUT_MESSAGES]
    tools = [span for span in watched.kind(names.TOOL_RUN) if span.name == "execute_tool sandbox"]
    programs = {span.attributes[names.TOOL_ARGUMENTS] for span in tools}
    assert programs == {"print(24*60)", "print(24*7)"}


def test_an_agent_that_tries_again_has_a_span_for_each_try():
    def says(system, text):
        if "Python" in system and "Your part: How many hours has a week?" in text and "rejected" not in text:
            return "1/0"
        return conftest.says(system, text)

    watched = Watched(Scripted(says), strategy=Tertulia())
    asyncio.run(watched.ask())
    tries = [span for span in watched.kind(names.AGENT_RUN) if span.attributes[names.PLACE] == "t2/calculator"]
    assert [span.attributes.get(names.ERROR) for span in tries] == ["not_found", None]


@pytest.fixture
def variables(monkeypatch):
    for name in (*exporter.VARIABLES, "OTEL_SDK_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_nothing_is_exported_unless_it_is_configured(variables):
    assert exporter.exporter("", False, print) is None
    variables.setenv("OTEL_SDK_DISABLED", "true")
    assert exporter.exporter("http://127.0.0.1:4318", False, print) is None


def test_without_the_extra_a_setting_is_an_error_and_a_variable_is_not(variables):
    variables.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(SettingsError, match="tertulia setup telemetry"):
        exporter.exporter("http://127.0.0.1:4318", False, print)
    variables.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    said = []
    assert exporter.exporter("", False, said.append) is None
    assert "tertulia setup telemetry" in said[0]


@pytest.mark.parametrize("by", ["setting", "variable"])
async def test_a_collector_gets_spans_and_metrics_as_protobuf(by, variables, tmp_path):
    got = []

    async def take(request):
        assert request.content_type == "application/x-protobuf"
        kinds: dict[str, Any] = {"/v1/traces": ExportTraceServiceRequest, "/v1/metrics": ExportMetricsServiceRequest}
        got.append(kinds[request.path].FromString(await request.read()))
        return aiohttp.web.Response(body=b"", content_type="application/x-protobuf")

    app = aiohttp.web.Application()
    app.router.add_post("/v1/{signal}", take)
    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}"
    variables.setenv("TERTULIA_CONFIG", str(tmp_path / "none.toml"))
    if by == "variable":
        variables.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
    telemetry = {"endpoint": endpoint} if by == "setting" else None
    try:
        async with await open_house(load(model="scripted", strategy="direct", telemetry=telemetry)) as house:
            answered = await house.ask(Question("How are you?"))
    finally:
        await runner.cleanup()
    spans = [
        span
        for request in got
        if isinstance(request, ExportTraceServiceRequest)
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    assert sorted(span.name for span in spans) == ["chat scripted", "invoke_agent direct", "invoke_workflow direct"]
    points = [
        point
        for request in got
        if isinstance(request, ExportMetricsServiceRequest)
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name == names.TOKEN_USAGE
        for point in metric.histogram.data_points
    ]
    assert sum(point.sum for point in points) == answered.report.total


async def test_a_collector_that_is_not_there_changes_no_answer(variables, tmp_path, caplog):
    variables.setenv("TERTULIA_CONFIG", str(tmp_path / "none.toml"))
    telemetry = {"endpoint": "http://127.0.0.1:9"}
    async with await open_house(load(model="scripted", strategy="direct", telemetry=telemetry)) as house:
        assert (await house.ask(Question("How are you?"))).answer.text
