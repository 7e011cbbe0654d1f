"""A run as one JSON object, for programs that read what `tertulia ask --json` prints."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..codec import tokens
from ..progress import Progress
from ..types import Answer, Finding, Plan
from ..usage import Entry


def record(progress: Progress, effort: str, seconds: float, stopped: str | None = None) -> dict[str, Any]:
    """The run: answer, plan, findings, the three numbers and every line of the ledger."""
    report, answer = progress.report_so_far(seconds), progress.answer or Answer("")
    return {
        "answer": answer.text if progress.answer else None,
        "strategy": progress.strategy,
        "effort": effort,
        "decisions": [asdict(decision) for decision in progress.decisions],
        "citations": [asdict(citation) for citation in answer.citations],
        "plan": _plan(progress.plan),
        "findings": [_finding(finding, progress) for finding in (answer.findings or progress.findings).values()],
        "tokens": tokens(report),
        "cost_usd": report.cost,
        "seconds": round(report.seconds, 3),
        "stopped": answer.stopped or stopped,
        "ledger": [_entry(entry) for entry in progress.ledger],
    }


def _plan(plan: Plan | None) -> list[dict[str, Any]] | None:
    return None if plan is None else [asdict(task) for task in plan.tasks]


def _finding(finding: Finding, progress: Progress) -> dict[str, Any]:
    verdict = progress.verdicts.get(finding.task)
    return {
        "task": finding.task,
        "agent": finding.agent,
        "text": finding.text,
        "ok": finding.ok,
        "citations": [asdict(citation) for citation in finding.citations],
        "executions": [asdict(execution) for execution in finding.executions],
        "verdict": None if verdict is None else asdict(verdict),
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "key": entry.key,
        "attempt": entry.attempt,
        "agent": entry.agent,
        "model": entry.model,
        "status": entry.status,
        "read": entry.usage.read,
        "written": entry.usage.written,
        "hidden": entry.usage.hidden,
        "cached": entry.usage.cached,
        "exact": entry.usage.exact,
        "seconds": round(entry.seconds, 3),
        "cost_usd": entry.cost,
    }
