"""Counts and times in the text format of Prometheus."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..progress import Progress

BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
Labels = tuple[tuple[str, str], ...]


@dataclass
class Metric:
    """A metric with its labels."""

    name: str
    help: str
    kind: str = "counter"
    values: dict[Labels, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, amount: float = 1.0, **labels: str) -> None:
        self.values[tuple(labels.items())] += amount

    def lines(self) -> Iterable[str]:
        yield from head(self.name, self.help, self.kind)
        for labels, value in self.values.items():
            yield f"{self.name}{label_text(labels)} {value:.17g}"


@dataclass
class Histogram:
    """How long things took."""

    name: str
    help: str
    counts: dict[Labels, list[int]] = field(default_factory=dict)
    sums: dict[Labels, float] = field(default_factory=lambda: defaultdict(float))

    def observe(self, seconds: float, **labels: str) -> None:
        key = tuple(labels.items())
        self.counts.setdefault(key, [0] * (len(BUCKETS) + 1))[bisect_left(BUCKETS, seconds)] += 1
        self.sums[key] += seconds

    def lines(self) -> Iterable[str]:
        yield from head(self.name, self.help, "histogram")
        for labels, counts in self.counts.items():
            so_far = 0
            for bound, count in zip((*map(str, BUCKETS), "+Inf"), counts, strict=True):
                so_far += count
                yield f"{self.name}_bucket{label_text((*labels, ('le', bound)))} {so_far}"
            yield f"{self.name}_sum{label_text(labels)} {self.sums[labels]:.6f}"
            yield f"{self.name}_count{label_text(labels)} {so_far}"


@dataclass
class Metrics:
    """What the server has done since it started."""

    requests: Metric = field(default_factory=lambda: Metric("tertulia_requests_total", "Requests answered."))
    seconds: Histogram = field(
        default_factory=lambda: Histogram("tertulia_request_seconds", "Time from a request to the end of its answer.")
    )
    tokens: Metric = field(
        default_factory=lambda: Metric("tertulia_tokens_total", "Tokens billed: input, output, reasoning.")
    )
    calls: Metric = field(default_factory=lambda: Metric("tertulia_model_calls_total", "Attempts at model calls."))
    usd: Metric = field(default_factory=lambda: Metric("tertulia_cost_usd_total", "US dollars, where known."))

    def settle(self, model: str, run: Progress) -> None:
        """Count what a run cost, however it ended."""
        report = run.report_so_far(0.0)
        for kind in ("input", "output", "reasoning"):
            self.tokens.add(getattr(report, kind), model=model, kind=kind)
        for entry in run.ledger:
            self.calls.add(agent=entry.agent, status=entry.status)
        if report.cost:
            self.usd.add(report.cost, model=model)

    def text(self, gauges: Mapping[str, float]) -> str:
        """All of it; `gauges` are what is so at this moment."""
        lines = [
            line
            for family in (self.requests, self.seconds, self.tokens, self.calls, self.usd)
            for line in family.lines()
        ]
        for name, value in gauges.items():
            lines += [*head(name, name.removeprefix("tertulia_").replace("_", " "), "gauge"), f"{name} {value:g}"]
        return "\n".join(lines) + "\n"


def head(name: str, help: str, kind: str) -> list[str]:
    return [f"# HELP {name} {help}", f"# TYPE {name} {kind}"]


def label_text(labels: Labels) -> str:
    """Labels as Prometheus reads them."""
    if not labels:
        return ""
    escaped = ((name, value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")) for name, value in labels)
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped) + "}"
