"""What is known of a run so far: a fold over its events, for every screen and record."""

from __future__ import annotations

from dataclasses import dataclass, field

from .events import (
    Answered,
    Asked,
    Called,
    Decided,
    Event,
    Failed,
    Found,
    Judged,
    Planned,
    Replied,
    TaskStarted,
    Text,
)
from .types import Answer, Finding, Plan, Verdict
from .usage import Ledger, Report


@dataclass
class Progress:
    """A run as far as it has come; `see` moves it on."""

    strategy: str = ""
    plan: Plan | None = None
    started: set[str] = field(default_factory=set)
    findings: dict[str, Finding] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    decisions: list[Decided] = field(default_factory=list)
    failures: list[Failed] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    answering: bool = False
    """True once the answer is being written."""
    answer: Answer | None = None
    report: Report | None = None

    def see(self, event: Event) -> None:
        match event:
            case Asked():
                self.strategy = event.strategy
            case Decided():
                self.decisions.append(event)
            case Planned():
                self.plan = event.plan if self.plan is None else Plan(self.plan.tasks + event.plan.tasks)
            case TaskStarted():
                self.started.add(event.task.id)
            case Called() | Replied():
                self.ledger.write(event.entry)
            case Text(final=True):
                self.answering = True
            case Found():
                self.findings[event.finding.task] = event.finding
            case Judged():
                self.verdicts[event.task] = event.verdict
            case Failed():
                self.failures.append(event)
            case Answered():
                self.answer, self.report = event.answer, event.report
            case _:
                pass

    def report_so_far(self, seconds: float) -> Report:
        """The three numbers as they stand; until there is an answer, all is reasoning."""
        return self.report or self.ledger.report(None, seconds)

    def state(self, task: str) -> str:
        """How far a task is: `waiting`, `working`, `checking`, `rejected`, `failed` or `done`."""
        if any(failure.where == task for failure in self.failures):
            return "failed"
        verdict, finding = self.verdicts.get(task), self.findings.get(task)
        if verdict and finding:
            return "done" if verdict.accepted else "rejected"
        if finding:
            return "checking"
        return "working" if task in self.started else "waiting"
