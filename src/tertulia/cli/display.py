"""Shows a run on a terminal while it happens, and its report when it is over."""

from __future__ import annotations

import time
from typing import IO, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text as Words
from rich.tree import Tree

from ..events import Asked, Event
from ..narration import Kind, Language, Narrator, Sentence, catalogue, needed
from ..narration.catalogue import decimal, whole
from ..printable import printable, shortened
from ..progress import Progress
from ..types import Task
from ..usage import Report

SIGNS = {"waiting": "·", "working": "…", "checking": "…", "rejected": "✗", "failed": "✗", "done": "✓"}
STYLES = {"done": "green", "rejected": "red", "failed": "red", "waiting": "dim"}
ASIDE: tuple[Kind, ...] = ("ran", "replied")
"""What belongs to the line before it."""


class Display(Protocol):
    """Somewhere to watch a run."""

    def say(self, words: str) -> None:
        """Tell what is being done before the run begins."""
        ...

    def see(self, event: Event, progress: Progress) -> None: ...

    def close(self) -> None: ...


class Silent:
    """Shows nothing."""

    def say(self, words: str) -> None:
        pass

    def see(self, event: Event, progress: Progress) -> None:
        pass

    def close(self) -> None:
        pass


class Plain:
    """One line for each thing that happens; for logs, pipes and screen readers."""

    def __init__(self, stream: IO[str], narrator: Narrator) -> None:
        self.stream, self.narrator = stream, narrator

    def say(self, words: str) -> None:
        print(words, file=self.stream, flush=True)

    def see(self, event: Event, progress: Progress) -> None:
        if told := self.narrator.tell(event):
            self.say(words(told, self.narrator.language or "en"))

    def close(self) -> None:
        pass


class Lively:
    """The plan as a tree that fills in while the agents work."""

    def __init__(self, console: Console, narrator: Narrator) -> None:
        self.console, self.narrator, self.began = console, narrator, time.monotonic()
        self.progress = Progress()
        self.words = catalogue.STARTING.say(self.language)
        self.live = Live(get_renderable=self.render, console=console, refresh_per_second=8, transient=False)
        self.live.start()

    @property
    def language(self) -> Language:
        return self.narrator.language or "en"

    def say(self, words: str) -> None:
        self.words = words

    def see(self, event: Event, progress: Progress) -> None:
        self.progress = progress
        told = self.narrator.tell(event)
        if told and told.kind == "decided":
            self.console.print(Words(words(told), "dim"))
        elif told and told.kind in ("waiting", "planned"):
            self.words = words(told) if told.kind == "waiting" else catalogue.SOLVING.say(self.language)
        elif isinstance(event, Asked):
            self.words = catalogue.PLANNING.say(self.language)
        if progress.answering:
            self.close()

    def close(self) -> None:
        if self.live.is_started:
            self.words = ""
            self.live.stop()

    def render(self) -> RenderableType:
        tokens = whole(sum_so_far(self.progress), self.language)
        spent = f"{time.monotonic() - self.began:4.0f} s  {tokens} tokens"
        status: RenderableType = Words(f"  {spent}", "dim")
        if self.words:
            status = Spinner("dots", Words(f"{self.words}   {spent}", "dim"))
        if self.progress.plan is None:
            return status
        head = catalogue.PLAN_OF.say(self.language, count=len(self.progress.plan.tasks))
        tree = Tree(Words(head, "bold"), guide_style="dim")
        for task in self.progress.plan.tasks:
            self._branch(tree, task)
        return Group(tree, status)

    def _branch(self, tree: Tree, task: Task) -> None:
        state = self.progress.state(task.id)
        needs = f"  {needed(task, self.language)}" if task.needs else ""
        words = Words(f"{SIGNS[state]} {task.id} ", STYLES.get(state, "yellow"))
        words.append(task.agent, "bold").append(f"  {task.text}{needs}", "dim" if state == "waiting" else "")
        branch = tree.add(words)
        if finding := self.progress.findings.get(task.id):
            branch.add(Words(shortened(finding.text), STYLES.get(state, "")))


def sum_so_far(progress: Progress) -> int:
    """Tokens of the calls that have ended."""
    return sum(entry.usage.total for entry in progress.ledger if entry.status != "open")


def words(told: Sentence, language: Language = "en") -> str:
    """A sentence for a terminal: one line, and one more for each task of a plan."""
    if told.parts:
        head = catalogue.PLAN_OF.say(language, count=len(told.parts))
        return "\n  ".join([f"{head}:", *(part.line for part in told.parts)])
    inside, detail = f" ({shortened(told.inside)})", f": {shortened(told.detail)}"
    said = f"{told.task if told.kind == 'judged' else told.place} {told.text}".strip()
    return ("  " if told.kind in ASIDE else "") + said + inside * bool(told.inside) + detail * bool(told.detail)


def summary(progress: Progress, report: Report, language: Language = "en") -> RenderableType:
    """The three numbers, their sum, and who spent what."""
    numbers = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    numbers.add_column(justify="left")
    numbers.add_column(justify="right")
    numbers.add_column(style="dim")
    read, written = whole(report.reasoning_read, language), whole(report.reasoning_written, language)
    for name, count, meaning in (
        (catalogue.INPUT, report.input, catalogue.INPUT_IS.say(language)),
        (catalogue.OUTPUT, report.output, catalogue.OUTPUT_IS.say(language)),
        (catalogue.REASONING, report.reasoning, catalogue.REASONING_IS.say(language, read=read, written=written)),
        (catalogue.TOTAL, report.total, footer(report, language)),
    ):
        numbers.add_row(name.say(language), whole(count, language, report.exact), meaning)
    numbers.rows[-1].style = "bold"
    return Group(Words(f"\n{catalogue.TOKENS.say(language)}", "bold"), numbers, Words(), agents(progress, language))


def footer(report: Report, language: Language) -> str:
    """Calls, cached share, time and money in one line; money only if it is known."""
    read = report.input + report.reasoning_read
    parts = [catalogue.CALLS.say(language, count=report.calls)]
    parts += [catalogue.CACHED.say(language, share=f"{report.cached / read:.0%}")] if read else []
    parts += [f"{decimal(report.seconds, language)} s"]
    parts += [catalogue.NO_PRICE.say(language) if report.cost is None else f"${report.cost:.4f}"]
    return ", ".join(parts)


def agents(progress: Progress, language: Language) -> Table:
    """Tokens of each agent."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in catalogue.COLUMNS:
        words = column in (catalogue.AGENT, catalogue.MODEL)
        table.add_column(column.say(language), justify="left" if words else "right")
    for agent, usage in progress.ledger.by_agent().items():
        mine = [entry for entry in progress.ledger if entry.agent == agent]
        read, written = (whole(count, language, usage.exact) for count in (usage.read, usage.written))
        models = ", ".join(dict.fromkeys(entry.model for entry in mine))
        cells = (agent, str(len(mine)), read, written, whole(usage.cached, language), models)
        table.add_row(*(Words(printable(cell)) for cell in cells))
    return table
