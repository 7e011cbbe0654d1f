"""A stored run as a document: JSON, Markdown or HTML."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from ..codec import as_dict
from ..narration import Language, Narrator, catalogue
from ..narration.catalogue import whole
from ..printable import printable, shortened
from ..progress import Progress
from ..stores.records import Numbered, Stored
from ..usage import Ledger, Report
from .record import record

Format = Literal["json", "markdown", "html"]
FORMATS: tuple[Format, ...] = get_args(Format)

LONGEST_STEP = 400
"""Characters of a line that tells a step."""
PAGE = """<!doctype html>
<html lang="{language}"><meta charset="utf-8"><title>{title}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}}
pre{{white-space:pre-wrap;background:#8881;padding:.7rem}}td,th{{text-align:left;padding:0 1rem 0 0}}</style>
{body}
</html>
"""


@dataclass(frozen=True)
class Section:
    """A heading, and what stands below it."""

    title: str
    note: str = ""
    """Who is responsible for it; empty if that is the run as a whole."""
    text: str = ""
    steps: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    is_markdown: bool = False
    """Whether its text may be shown as the Markdown that it is."""


def document(run: Stored, events: Sequence[Numbered], ledger: Ledger, form: Format) -> str:
    """The whole run in one text; whatever models or people wrote in it is escaped."""
    progress = progress_of(events, ledger)
    if form == "json":
        return _json(run, events, progress)
    narrator = Narrator()
    sentences = [told for one in events if (told := narrator.tell(one.event)) and told.kind != "replied"]
    steps = tuple(shortened(told.line, LONGEST_STEP) for told in sentences)
    sections = _sections(run, progress, steps, narrator.language or "en")
    return printable((_markdown if form == "markdown" else _html)(run, sections, progress, narrator.language or "en"))


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
    stream = [{"number": one.number, "at": one.at, **as_dict(one.event)} for one in events]
    everything = row | {"question": question, "configuration": dict(run.configuration)}
    everything |= {
        "run": record(progress, str(run.configuration.get("effort", "")), seconds_of(run), run.error or None)
    }
    return json.dumps(everything | {"events": stream}, indent=2)


def _sections(run: Stored, progress: Progress, steps: tuple[str, ...], language: Language) -> list[Section]:
    question, answer = (phrase.say(language) for phrase in (catalogue.QUESTION, catalogue.ANSWER))
    findings = [
        Section(f"{one.task}: {one.asked}", one.agent, one.text, programs=tuple(ran.program for ran in one.executions))
        for one in progress.findings.values()
    ]
    told = [Section(catalogue.STEPS.say(language), steps=steps)] if steps else []
    answered = Section(answer, text=_answer(run, progress), is_markdown=True)
    return [Section(question, text=run.question.text), answered, *told, *findings]


def _markdown(run: Stored, sections: Sequence[Section], progress: Progress, language: Language) -> str:
    parts = [f"# {_inline(run.text)}", f"{run.state}, {when(run.created)}, run {run.id}"]
    for one in sections:
        parts += [f"## {_inline(one.title)}", *([f"*{_inline(one.note)}*"] if one.note else [])]
        parts += [(_harmless if one.is_markdown else _quoted)(one.text)] if one.text else []
        parts += ["\n".join(f"- {_inline(step)}" for step in one.steps)] if one.steps else []
        parts += [_fenced(program) for program in one.programs]
    names, counts = zip(*_tokens(run, progress, language), strict=True)
    rows = ["| " + " | ".join(cells) + " |" for cells in (names, ["---"] * len(names), map(_inline, counts))]
    return "\n\n".join([*parts, f"## {catalogue.TOKENS.say(language)}", "\n".join(rows)]) + "\n"


def _html(run: Stored, sections: Sequence[Section], progress: Progress, language: Language) -> str:
    safe = html.escape
    parts = [f"<h1>{safe(run.text)}</h1>", f"<p>{run.state}, {when(run.created)}, run {safe(run.id)}</p>"]
    for one in sections:
        parts += [f"<h2>{safe(one.title)}</h2>", *([f"<p>{safe(one.note)}</p>"] if one.note else [])]
        parts += [f"<pre>{safe(text)}</pre>" for text in (*one.programs, one.text) if text]
        parts += ["<ul>" + "".join(f"<li>{safe(step)}</li>" for step in one.steps) + "</ul>"] if one.steps else []
    tokens = _tokens(run, progress, language)
    head = "".join(f"<th>{safe(name)}</th>" for name, _ in tokens)
    cells = "".join(f"<td>{safe(count)}</td>" for _, count in tokens)
    parts += [f"<h2>{catalogue.TOKENS.say(language)}</h2>", f"<table><tr>{head}</tr><tr>{cells}</tr></table>"]
    return PAGE.format(language=language, title=safe(run.text), body="\n".join(parts))


def _answer(run: Stored, progress: Progress) -> str:
    answered = progress.answer or (run.answered.answer if run.answered else None)
    return answered.text if answered else f"(none: {run.error or run.state})"


def _tokens(run: Stored, progress: Progress, language: Language) -> list[tuple[str, str]]:
    """The three numbers and their sum, each with its name."""
    report: Report = progress.report_so_far(seconds_of(run))
    names = (catalogue.INPUT, catalogue.OUTPUT, catalogue.REASONING, catalogue.TOTAL)
    counts = (report.input, report.output, report.reasoning, report.total)
    return [
        (name.say(language), whole(count, language, report.exact)) for name, count in zip(names, counts, strict=True)
    ]


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
