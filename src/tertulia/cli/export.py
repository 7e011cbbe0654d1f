"""A stored run as a document: JSON, Markdown or HTML."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from ..codec import dumped
from ..progress import Progress
from ..stores.records import Numbered, Stored
from ..types import Finding
from ..usage import Ledger, Report
from .record import record

Format = Literal["json", "markdown", "html"]
FORMATS: tuple[Format, ...] = get_args(Format)

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}}
pre{{white-space:pre-wrap;background:#8881;padding:.7rem}}td,th{{text-align:left;padding:0 1rem 0 0}}</style>
{body}
</html>
"""


def exported(run: Stored, events: Sequence[Numbered], ledger: Ledger, form: Format) -> str:
    """The whole run in one text; whatever models or people wrote in it is escaped."""
    progress = progress_of(events, ledger)
    return {"json": _json, "markdown": _markdown, "html": _html}[form](run, events, progress)


def progress_of(events: Sequence[Numbered], ledger: Ledger) -> Progress:
    """What is known of a stored run."""
    progress = Progress()
    for numbered in events:
        progress.see(numbered.event)
    progress.ledger = ledger
    return progress


def seconds_of(run: Stored) -> float:
    """From its beginning to its end, pauses included; 0 for a run that is not over."""
    return run.ended - run.began if run.ended and run.began else 0.0


def when(seconds: float | None) -> str:
    """A time in words, in UTC; empty for None."""
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _json(run: Stored, events: Sequence[Numbered], progress: Progress) -> str:
    row = {name: getattr(run, name) for name in ("id", "owner", "state", "created", "began", "ended", "life", "forked")}
    question: dict[str, Any] = asdict(run.question)
    question["images"] = [image.media_type for image in run.question.images]
    told = [{"number": one.number, "at": one.at, **dumped(one.event)} for one in events]
    whole = row | {"question": question, "configuration": dict(run.configuration)}
    whole |= {"run": record(progress, str(run.configuration.get("effort", "")), seconds_of(run), run.error or None)}
    return json.dumps(whole | {"events": told}, indent=2)


def _markdown(run: Stored, events: Sequence[Numbered], progress: Progress) -> str:
    parts = [f"# {_inline(run.text)}", f"{run.state}, {when(run.created)}, run {run.id}", "## Question"]
    parts += [_quoted(run.question.text), "## Answer", _harmless(_answer(run, progress))]
    for finding in progress.findings.values():
        parts += [f"## {_inline(finding.task)}: {_inline(finding.asked)}", f"*{_inline(finding.agent)}*"]
        parts += [_quoted(finding.text), *(_fenced(program) for program in _programs(finding))]
    rows = "\n".join("| " + " | ".join(_inline(str(cell)) for cell in row) + " |" for row in _tokens(run, progress))
    parts += ["## Tokens", "| input | output | reasoning | total |\n|---|---|---|---|\n" + rows]
    return "\n\n".join(parts) + "\n"


def _html(run: Stored, events: Sequence[Numbered], progress: Progress) -> str:
    safe = html.escape
    parts = [f"<h1>{safe(run.text)}</h1>", f"<p>{run.state}, {when(run.created)}, run {safe(run.id)}</p>"]
    parts += ["<h2>Question</h2>", f"<pre>{safe(run.question.text)}</pre>"]
    parts += ["<h2>Answer</h2>", f"<pre>{safe(_answer(run, progress))}</pre>"]
    for finding in progress.findings.values():
        parts += [f"<h2>{safe(finding.task)}: {safe(finding.asked)}</h2>", f"<p>{safe(finding.agent)}</p>"]
        parts += [f"<pre>{safe(text)}</pre>" for text in [*_programs(finding), finding.text]]
    head = "".join(f"<th>{name}</th>" for name in ("input", "output", "reasoning", "total"))
    rows = "".join(
        "<tr>" + "".join(f"<td>{safe(str(cell))}</td>" for cell in row) + "</tr>" for row in _tokens(run, progress)
    )
    parts += ["<h2>Tokens</h2>", f"<table><tr>{head}</tr>{rows}</table>"]
    return PAGE.format(title=safe(run.text), body="\n".join(parts))


def _answer(run: Stored, progress: Progress) -> str:
    answered = progress.answer or (run.answered.answer if run.answered else None)
    return answered.text if answered else f"(none: {run.error or run.state})"


def _programs(finding: Finding) -> list[str]:
    return [execution.program for execution in finding.executions]


def _tokens(run: Stored, progress: Progress) -> list[tuple[str, str, str, str]]:
    report: Report = progress.report_so_far(seconds_of(run))
    about = "" if report.exact else "≈"
    counts = (report.input, report.output, report.reasoning, report.total)
    a, b, c, d = (f"{about}{count:,}" for count in counts)
    return [(a, b, c, d)]


def _harmless(text: str) -> str:
    """Markdown that may be rendered: no HTML, and no pictures, which tell their server who reads."""
    return html.escape(text, quote=False).replace("![", "!\\[")


def _inline(text: str) -> str:
    """One line with nothing special in it."""
    return re.sub(r"([\\`*_{}\[\]()#+!|~<>&$-])", r"\\\1", " ".join(text.split()))


def _quoted(text: str) -> str:
    return "\n".join("> " + _inline(line) + "  " for line in text.splitlines())


def _fenced(code: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}python\n{code}\n{fence}"
