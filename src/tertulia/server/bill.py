"""What a run cost, in the words of OpenAI's `usage`, with Tertulia's three numbers beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ..model import OUT_OF_TIME, OUT_OF_TOKENS
from ..progress import Progress
from ..usage import Ledger, Report
from .objects import AgentUsage, ChatUsage, FinishReason, ResponseUsage, TertuliaUsage


def chat_usage(runs: Sequence[Progress], ignored: Sequence[str] = (), stored: Sequence[str] = ()) -> ChatUsage:
    """The `usage` of a chat completion; `stored` are the ids under which its runs are kept.

    All that was read is prompt, all that was written is completion, and what of that was not shown is reasoning.
    """
    report = total([run.report_so_far(0.0) for run in runs])
    written = report.output + report.reasoning_written
    read = report.input + report.reasoning_read
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        "prompt_tokens_details": {"cached_tokens": report.cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": report.reasoning_written,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
        "tertulia": three_numbers(runs, report, ignored, stored),
    }


def response_usage(run: Progress, ignored: Sequence[str] = (), stored: Sequence[str] = ()) -> ResponseUsage:
    """The `usage` of a response."""
    usage = chat_usage([run], ignored, stored)
    return {
        "input_tokens": usage["prompt_tokens"],
        "input_tokens_details": {
            "cached_tokens": usage["prompt_tokens_details"]["cached_tokens"],
            "cache_write_tokens": 0,
        },
        "output_tokens": usage["completion_tokens"],
        "output_tokens_details": {"reasoning_tokens": usage["completion_tokens_details"]["reasoning_tokens"]},
        "total_tokens": usage["total_tokens"],
        "tertulia": usage["tertulia"],
    }


def three_numbers(
    runs: Sequence[Progress], report: Report, ignored: Sequence[str], stored: Sequence[str]
) -> TertuliaUsage:
    """Input, output, reasoning, and who spent what."""
    stopped = next((run.answer.stopped for run in runs if run.answer and run.answer.stopped), None)
    return {
        "input": report.input,
        "output": report.output,
        "reasoning": report.reasoning,
        "total": report.total,
        "reasoning_read": report.reasoning_read,
        "reasoning_written": report.reasoning_written,
        "cached": report.cached,
        "exact": report.exact,
        "cost_usd": report.cost,
        "calls": report.calls,
        "strategy": runs[0].strategy,
        "agents": spent_by_agent([run.ledger for run in runs]),
        "stopped": stopped,
        "ignored": list(ignored),
        "runs": list(stored),
    }


def spent_by_agent(ledgers: Sequence[Ledger]) -> list[AgentUsage]:
    """What each agent spent, in the order in which they began."""
    spent: dict[str, AgentUsage] = {}
    for entry in (entry for ledger in ledgers for entry in ledger):
        one = spent.setdefault(
            entry.agent, {"agent": entry.agent, "calls": 0, "read": 0, "written": 0, "cached": 0, "models": []}
        )
        one["calls"] += 1
        one["read"] += entry.usage.read
        one["written"] += entry.usage.written
        one["cached"] += entry.usage.cached
        if entry.model not in one["models"]:
            one["models"].append(entry.model)
    return list(spent.values())


def total(reports: Sequence[Report]) -> Report:
    """Several runs as one."""
    costs = [report.cost for report in reports]
    return Report(
        input=sum(report.input for report in reports),
        output=sum(report.output for report in reports),
        reasoning=sum(report.reasoning for report in reports),
        reasoning_read=sum(report.reasoning_read for report in reports),
        cached=sum(report.cached for report in reports),
        exact=all(report.exact for report in reports),
        cost=None if None in costs else sum(cost for cost in costs if cost is not None),
        seconds=max((report.seconds for report in reports), default=0.0),
        calls=sum(report.calls for report in reports),
    )


def end_status(run: Progress) -> Literal["completed", "incomplete"]:
    """How the answer ended, as a response has it."""
    return "incomplete" if finish_reason(run) == "length" else "completed"


def finish_reason(run: Progress) -> FinishReason:
    """Why the answer ended, as `finish_reason` has it."""
    if run.answer and run.answer.calls:
        return "tool_calls"
    stopped = run.answer.stopped if run.answer else None
    return "length" if stopped in (OUT_OF_TIME, OUT_OF_TOKENS) else "stop"
