"""Sends spans and metrics to a collector over OTLP/HTTP, in batches, from a thread of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import SettingsError

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import MetricReader
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

    from .tracing import Tracing

VARIABLES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")
SEND_SECONDS = 3.0
"""Most time that sending one batch may take, all tries included, unless `OTEL_EXPORTER_OTLP_TIMEOUT` says another."""


@dataclass(frozen=True)
class Exporter:
    """What traces runs, and where that goes; close it, so that the last batch is sent."""

    tracing: Tracing
    tracers: TracerProvider
    meters: MeterProvider

    async def close(self) -> None:
        await asyncio.gather(asyncio.to_thread(self.tracers.shutdown), asyncio.to_thread(self.meters.shutdown))


def exporter(endpoint: str, content: bool, say: Callable[[str], None]) -> Exporter | None:
    """What exports to `endpoint` or, if that is empty, to where OpenTelemetry's own variables say; None if nowhere.

    Args:
        endpoint: Address of a collector, as in `http://127.0.0.1:4318`.
        content: Whether questions, answers and programs are exported, too.

    Raises:
        SettingsError: if an endpoint is set but the extra is not installed.
    """
    named = any(os.environ.get(name) for name in VARIABLES)
    if not (endpoint or named) or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    return _exporter(endpoint, content, say)


def _exporter(endpoint: str, content: bool, say: Callable[[str], None]) -> Exporter | None:
    """What exports; None if it is not installed and only variables, which other programs read too, ask for it."""
    try:
        from opentelemetry.sdk.trace import TracerProvider
    except ImportError:
        missing = "telemetry needs an extra: run `tertulia setup telemetry`"
        if endpoint:
            raise SettingsError(missing) from None
        say(missing)
        return None
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.resources import Resource

    from .tracing import tracing

    resource = Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME") or "tertulia"})
    tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
    if os.environ.get("OTEL_TRACES_EXPORTER") != "none":
        tracers.add_span_processor(_spans(endpoint))
    readers = [] if os.environ.get("OTEL_METRICS_EXPORTER") == "none" else [_metrics(endpoint)]
    meters = MeterProvider(readers, resource=resource, shutdown_on_exit=False)
    return Exporter(tracing(tracers, meters, content), tracers, meters)


def _spans(endpoint: str) -> SpanProcessor:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    return BatchSpanProcessor(OTLPSpanExporter(_address(endpoint, "traces"), timeout=_seconds()))


def _metrics(endpoint: str) -> MetricReader:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

    return PeriodicExportingMetricReader(OTLPMetricExporter(_address(endpoint, "metrics"), timeout=_seconds()))


def _seconds() -> float | None:
    """How long sending may take; None leaves it to the variable."""
    return None if os.environ.get("OTEL_EXPORTER_OTLP_TIMEOUT") else SEND_SECONDS


def _address(endpoint: str, signal: str) -> str | None:
    """Where a signal goes; None leaves it to the variables."""
    return f"{endpoint.rstrip('/')}/v1/{signal}" if endpoint else None
