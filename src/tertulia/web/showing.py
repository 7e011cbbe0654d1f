"""A run on the screen, in pieces that are each drawn anew when they change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..budget import Budget, tighter
from ..durable.configuration import overrides_of
from ..narration import Language, Sentence, catalogue
from ..narration.catalogue import Phrase, decimal, whole
from ..narration.reasons import reason
from ..stores.records import State, Stored
from ..types import Citation, Execution, Finding, Passage, Turn
from ..usage import Entry, Report
from . import words
from .graph import anchor, graph_of
from .html import Html, el, join
from .markdown import coloured, rendered
from .story import LONGEST, Part, Story, Thinking

MOST_LINES = 100
"""Lines of the ledger that a part shows, the newest."""


@dataclass(frozen=True)
class Shown:
    """A run as it is at one moment."""

    run: Stored
    state: State
    story: Story
    now: float
    """Seconds since 1970, for the clock."""
    language: Language

    def say(self, phrase: Phrase, **values: object) -> str:
        return phrase.say(self.language, **values)

    @property
    def over(self) -> bool:
        return self.state not in ("queued", "running", "cancelling")

    @property
    def seconds(self) -> float:
        """For which it has been worked on, or was."""
        if not self.story.began:
            return 0.0
        return (self.story.at if self.over else max(self.now, self.story.at)) - self.story.began

    def number(self, count: int, exact: bool = True) -> str:
        return whole(count, self.language, exact)

    def time(self, seconds: float) -> str:
        return decimal(seconds, self.language)


def pieces(shown: Shown) -> dict[str, Html]:
    """The content of each piece by the id of its element."""
    content = {
        "state": _state(shown),
        "why": _why(shown),
        "graph": graph_of(shown.story, shown.run.text, shown.language, shown.over).svg(shown.language),
        "critical": _critical(shown),
        "answer": _answer(shown),
        "spent": _spent(shown),
        "said": Html(""),
    }
    content["said"] = join(_said(shown))
    return content | {anchor(part): _part(shown, part) for part in shown.story.parts.values()}


def body(shown: Shown, actions: object = None, after: object = None) -> Html:
    """The whole run: what is asked, the answer, and how it was thought through."""
    content = pieces(shown)

    def piece(id: str, name: str = "div", class_: str = "") -> Html:
        return el(name, content[id], id=id, class_=class_ or None)

    long = "long" if len(shown.run.text) > 140 else ""
    return join(
        _history(shown),
        el(
            "div",
            el("h1", shown.run.question.text[:LONGEST], class_=f"asked {long}"),
            el("div", piece("state"), actions, class_="bar"),
            piece("why"),
            el("p", content["said"], id="said", class_="hidden", role="status", aria_live="polite"),
            class_="top",
        ),
        el(
            "div",
            el(
                "section",
                el("h2", shown.say(words.ANSWER), class_="label"),
                piece("answer", class_="answer"),
                piece("spent", class_="spent"),
                el("div", after, id="after"),
                aria_label=shown.say(words.ANSWER),
                class_="said",
            ),
            el(
                "section",
                el("h2", shown.say(words.PLAN), class_="label"),
                piece("graph", class_="graph"),
                piece("critical"),
                el("h2", shown.say(words.TASKS), class_="label"),
                el("div", parts(shown, content), id="parts"),
                aria_label=shown.say(words.PLAN),
                class_="thought",
            ),
            class_="columns",
        ),
    )


def parts(shown: Shown, content: Mapping[str, Html]) -> Html:
    """An element for each part, whose content is drawn anew by itself."""
    return join(
        el("details", content[anchor(part)], id=anchor(part), class_="part") for part in shown.story.parts.values()
    )


def budget_of(run: Stored) -> Budget:
    """The limits of a stored run: those of its house and of its request."""
    kept = run.configuration.get("budget")
    limits = kept if isinstance(kept, Mapping) else {}
    names = ("tokens", "usd", "seconds", "calls", "keep")
    known: dict[str, Any] = {name: limits[name] for name in names if limits.get(name) is not None}
    return tighter(Budget(**known), overrides_of(run.configuration).budget)


def _state(shown: Shown) -> Html:
    story = shown.story
    clock = f"{shown.time(shown.seconds)} s" if story.began else ""
    strategy = story.progress.strategy or shown.run.strategy
    models = ", ".join(dict.fromkeys(entry.model for entry in story.progress.ledger)) or shown.run.models
    return join(
        el("span", shown.say(words.STATES[shown.state]), class_=f"badge {shown.state}"),
        el("span", clock, class_="clock") if clock else None,
        el("span", " · ".join(one for one in (strategy, models) if one), class_="soft"),
    )


def _said(shown: Shown) -> str:
    """For who listens: the state and how many parts are done, and no token."""
    state = shown.say(words.STATES[shown.state])
    count = len(shown.story.tasks)
    return shown.say(words.NOW, state=state, done=shown.story.done, count=count) if count else state


def _why(shown: Shown) -> Html:
    """What was decided, and why."""
    decided = [one for one in shown.story.told if one.kind == "decided"]
    lines = [el("li", el("strong", one.text), ": " if one.detail else None, _cut(shown, one.detail)) for one in decided]
    problems = [one for one in shown.story.told if one.kind in ("failed", "waiting") and not one.ok][-5:]
    lines += [el("li", _line(one), class_="bad") for one in problems]
    ended = reason(shown.run.error, shown.language) if shown.over else ""
    return join(
        el("ul", lines, class_="why") if lines else None,
        el("p", shown.say(words.WHY_ENDED, why=reason(ended, shown.language)), class_="bad", role="note")
        if ended
        else None,
    )


def _line(one: Sentence) -> str:
    return one.line[:400]


def _critical(shown: Shown) -> Html:
    has_path = shown.over and len(shown.story.tasks) > 1 and shown.story.critical()
    return el("p", shown.say(words.CRITICAL), class_="soft small") if has_path else Html("")


def _answer(shown: Shown) -> Html:
    story = shown.story
    answer = story.progress.answer
    if not story.answer:
        empty = words.NO_ANSWER if shown.over else words.NOT_YET
        return el("p", shown.say(empty), class_="soft")
    citations = answer.citations if answer else ()
    stopped = answer.stopped if answer else None
    return join(
        el("div", rendered(story.answer, len(citations)), class_="prose" + ("" if shown.over else " growing")),
        el("p", reason(stopped, shown.language), class_="bad") if stopped else None,
        _sources(shown, citations),
    )


def _sources(shown: Shown, citations: tuple[Citation, ...]) -> Html | None:
    if not citations:
        return None
    items = []
    for number, one in enumerate(citations, 1):
        page = shown.say(words.PAGE, page=one.page) if one.page else ""
        where = ", ".join(part for part in (one.title or one.source, one.section, page) if part)
        items.append(
            el("li", el("cite", where), el("blockquote", _cut(shown, one.text)), id=f"source-{number}", tabindex="-1")
        )
    return join(el("h3", shown.say(words.SOURCES), class_="label"), el("ol", items, class_="sources"))


def _spent(shown: Shown) -> Html:
    report = shown.story.progress.report_so_far(shown.seconds)
    read, written = shown.number(report.reasoning_read), shown.number(report.reasoning_written)
    rows = (
        (catalogue.INPUT, report.input, shown.say(catalogue.INPUT_IS)),
        (catalogue.OUTPUT, report.output, shown.say(catalogue.OUTPUT_IS)),
        (catalogue.REASONING, report.reasoning, shown.say(catalogue.REASONING_IS, read=read, written=written)),
    )
    numbers = [
        el(
            "div",
            el("dt", shown.say(name)),
            el("dd", el("strong", shown.number(count, report.exact)), el("span", what, class_="soft")),
        )
        for name, count, what in rows
    ]
    money = shown.say(catalogue.NO_PRICE) if report.cost is None else f"${report.cost:.4f}"
    total = f"{shown.number(report.total, report.exact)} {shown.say(words.TOKENS)}"
    footer = " · ".join((f"{shown.say(catalogue.TOTAL)} {total}", shown.say(words.CALLS, count=report.calls), money))
    return join(
        el("h2", shown.say(words.SPENT), class_="label"),
        _bar(report),
        el("dl", numbers, class_="numbers"),
        el("p", footer, class_="soft"),
        _budget(shown, report),
        _ledger(shown),
    )


def _bar(report: Report) -> Html:
    """The three numbers as shares of one bar; what they are is said beside it."""
    total = max(report.total, 1)
    shares = (("input", report.input), ("output", report.output), ("reasoning", report.reasoning))
    return el(
        "div",
        [el("span", class_=name, style=f"width:{100 * count / total:.2f}%") for name, count in shares],
        class_="shares",
        aria_hidden="true",
    )


def _budget(shown: Shown, report: Report) -> Html | None:
    budget = budget_of(shown.run)
    limits = (
        (budget.tokens, report.total, words.TOKENS),
        (budget.seconds, shown.seconds, words.SECONDS),
        (budget.usd, report.cost or 0.0, words.DOLLARS),
    )
    rows = []
    for limit, spent, unit in limits:
        if limit is None:
            continue
        count = f"{spent:.4f}" if unit is words.DOLLARS else shown.number(round(spent))
        said = shown.say(
            words.OF_BUDGET,
            spent=count,
            limit=f"{limit:,.4g}" if isinstance(limit, float) else shown.number(limit),
            unit=shown.say(unit),
        )
        share = min(100.0, 100 * spent / limit) if limit else 100.0
        kept = el("span", class_="kept", style=f"width:{100 * budget.keep:.1f}%")
        gauge = el(
            "div", el("span", class_="used", style=f"width:{share:.2f}%"), kept, class_="gauge", aria_hidden="true"
        )
        rows.append(join(gauge, el("p", said, class_="small")))
    if not rows:
        return None
    heading = el("h3", shown.say(words.BUDGET), class_="label")
    return join(heading, rows, el("p", shown.say(words.KEPT_BACK), class_="soft small"))


def _ledger(shown: Shown) -> Html | None:
    """What each agent spent."""
    ledger = shown.story.progress.ledger
    rows = []
    for agent, usage in ledger.by_agent().items():
        mine = [entry for entry in ledger if entry.agent == agent]
        models = ", ".join(dict.fromkeys(entry.model for entry in mine))
        counts = (len(mine), usage.read, usage.written, usage.cached)
        cells = [
            el("td", shown.number(count, usage.exact or not place), class_="number")
            for place, count in enumerate(counts)
        ]
        rows.append(el("tr", el("th", agent, scope="row"), cells, el("td", models)))
    if not rows:
        return None
    head = [el("th", column.say(shown.language), scope="col") for column in catalogue.COLUMNS]
    table = el("table", el("thead", el("tr", head)), el("tbody", rows))
    return el("details", el("summary", shown.say(words.LEDGER)), _scrolled(shown, table, words.LEDGER), id="ledger")


def _part(shown: Shown, part: Part) -> Html:
    """The summary of a part and all that is behind it."""
    state = shown.story.state(part)
    finding = shown.story.progress.findings.get(part.id)
    text = part.task.text if part.task else part.id if part.id != part.agent else ""
    tokens = f"{shown.number(part.tokens, part.exact)} {shown.say(words.TOKENS)}" if part.entries else ""
    seconds = "" if part.seconds is None else f"{shown.time(part.seconds)} s"
    return join(
        el(
            "summary",
            el("span", part.agent or part.id, class_="who"),
            el("span", _cut(shown, text, 200), class_="what"),
            el("span", shown.say(words.PROGRESS[state]), class_=f"badge {state}"),
            el("span", " · ".join(one for one in (tokens, seconds) if one), class_="soft meta"),
        ),
        el(
            "div",
            _brief(shown, part),
            [_thinking(shown, anchor(part), number, one) for number, one in enumerate(part.thinking.values())],
            [_program(shown, one) for one in part.executions[-10:]],
            _finding(shown, finding) if finding else _reply(shown, part),
            _verdict(shown, part),
            _entries(shown, part),
            class_="inside",
        ),
    )


def _brief(shown: Shown, part: Part) -> Html | None:
    if not part.task:
        return None
    needs = (
        el("p", shown.say(words.NEEDS, tasks=", ".join(part.task.needs)), class_="soft") if part.task.needs else None
    )
    return join(el("h3", shown.say(words.BRIEF)), el("p", _cut(shown, part.task.text)), needs)


def _thinking(shown: Shown, where: str, number: int, one: Thinking) -> Html:
    live = one.ended is None and not shown.over
    said = shown.say(words.THINKING) if live else shown.say(words.THOUGHT, seconds=shown.time(one.seconds))
    more = (
        el("p", shown.say(words.CUT, count=shown.number(one.length - len(one.text))), class_="soft")
        if one.length > len(one.text)
        else None
    )
    return el(
        "details",
        el("summary", said),
        el("div", one.text, class_="plain"),
        more,
        class_="thinking",
        id=f"{where}-thought-{number}",
        data_live=live,
    )


def _program(shown: Shown, one: Execution) -> Html:
    output = one.error or one.output
    return join(
        el("h3", shown.say(words.PROGRAM)),
        el("pre", el("code", coloured(one.program[:LONGEST])), tabindex="0"),
        el("h3", shown.say(words.OUTPUT)) if output else None,
        el("pre", _cut(shown, output), class_="bad" if one.error else "output", tabindex="0") if output else None,
    )


def _finding(shown: Shown, finding: Finding) -> Html:
    return join(
        el("h3", shown.say(words.FOUND)),
        el("div", rendered(finding.text[:LONGEST]), class_="prose" + ("" if finding.ok else " bad")),
        _passages(shown, finding),
    )


def _passages(shown: Shown, finding: Finding) -> Html | None:
    if not finding.sources:
        return None
    quoted = [citation.text for citation in finding.citations]
    items = [
        el("li", el("cite", passage.source), el("blockquote", _marked(passage, quoted)))
        for passage in finding.sources[:20]
    ]
    count = f"{shown.say(words.PASSAGES)} ({len(finding.sources)})"
    return el("details", el("summary", count), el("ol", items, class_="sources"))


def _marked(passage: Passage, quoted: list[str]) -> Html:
    """The passage with the first quotation that it holds marked."""
    text = passage.text[:LONGEST]
    found = next((quote for quote in quoted if quote and quote in text), "")
    before, _, after = text.partition(found) if found else (text, "", "")
    return join(before, el("mark", found) if found else None, after)


def _reply(shown: Shown, part: Part) -> Html | None:
    return (
        el("div", el("h3", shown.say(words.REPLY)), el("div", _cut(shown, part.reply), class_="plain"))
        if part.reply
        else None
    )


def _verdict(shown: Shown, part: Part) -> Html | None:
    verdict = shown.story.progress.verdicts.get(part.id)
    if not verdict:
        return None
    word = catalogue.ACCEPTED if verdict.accepted else catalogue.REJECTED
    said = reason(verdict.reason, shown.language)
    evidence = reason(verdict.evidence, shown.language)
    return join(
        el("h3", shown.say(words.VERDICT)),
        el("p", el("span", shown.say(word), class_=f"badge {'done' if verdict.accepted else 'rejected'}"), " ", said),
        el("p", el("strong", shown.say(words.EVIDENCE)), ": ", _cut(shown, evidence)) if evidence else None,
    )


def _entries(shown: Shown, part: Part) -> Html | None:
    if not part.entries:
        return None
    rows = [_entry(shown, entry) for entry in list(part.entries.values())[-MOST_LINES:]]
    columns = (words.CALL, words.AGENT, words.MODEL, words.READ, words.WRITTEN, words.SECONDS, words.STATUS)
    head = [el("th", shown.say(column), scope="col") for column in columns]
    table = el("table", el("thead", el("tr", head)), el("tbody", rows))
    return join(el("h3", shown.say(words.LEDGER_OF)), _scrolled(shown, table, words.LEDGER_OF))


def _entry(shown: Shown, entry: Entry) -> Html:
    call = entry.key + (f" ×{entry.attempt}" if entry.attempt > 1 else "")
    exact = entry.usage.exact and entry.status != "open"
    counts = [
        el("td", shown.number(count, exact), class_="number") for count in (entry.usage.read, entry.usage.written)
    ]
    seconds = el("td", shown.time(entry.seconds), class_="number")
    return el(
        "tr", el("td", call), el("td", entry.agent), el("td", entry.model), counts, seconds, el("td", entry.status)
    )


def _scrolled(shown: Shown, table: Html, name: Phrase) -> Html:
    """A table that may be wider than the screen."""
    return el("div", table, class_="scrolled", tabindex="0", role="group", aria_label=shown.say(name))


def _history(shown: Shown) -> Html | None:
    turns = shown.run.question.history
    if not turns:
        return None
    said = [_turn(turn) for turn in turns[-20:]]
    return el("details", el("summary", shown.say(words.EARLIER)), said, class_="earlier")


def _turn(turn: Turn) -> Html:
    if turn.role == "user":
        return el("p", turn.text[:LONGEST], class_="theirs")
    return el("div", rendered(turn.text[:LONGEST]), class_="prose")


def _cut(shown: Shown, text: str, most: int = LONGEST) -> str:
    """A text, or the beginning of a long one and how much is left out."""
    if len(text) <= most:
        return text
    return text[:most] + " " + shown.say(words.CUT, count=shown.number(len(text) - most))
