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

from ..events import Decided, Event, Executed, Failed, Found, Judged, Planned, Replied, TaskStarted, Waiting
from ..progress import Progress
from ..types import Task
from ..usage import Report

SIGNS = {"waiting": "·", "working": "…", "checking": "…", "rejected": "✗", "failed": "✗", "done": "✓"}
STYLES = {"done": "green", "rejected": "red", "failed": "red", "waiting": "dim"}


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

    def __init__(self, stream: IO[str]) -> None:
        self.stream = stream

    def say(self, words: str) -> None:
        print(words, file=self.stream, flush=True)

    def see(self, event: Event, progress: Progress) -> None:
        if words := told(event):
            self.say(words)

    def close(self) -> None:
        pass


class Lively:
    """The plan as a tree that fills in while the agents work."""

    def __init__(self, console: Console) -> None:
        self.console, self.began = console, time.monotonic()
        self.progress = Progress()
        self.words = "starting"
        self.live = Live(get_renderable=self.render, console=console, refresh_per_second=8, transient=False)
        self.live.start()

    def say(self, words: str) -> None:
        self.words = words

    def see(self, event: Event, progress: Progress) -> None:
        self.progress = progress
        if isinstance(event, Decided):
            self.console.print(f"[dim]{event.choice}: {event.reason}[/dim]")
        self.words = {"Planned": "solving", "Asked": "planning"}.get(type(event).__name__, self.words)
        if isinstance(event, Waiting):
            self.words = f"waiting {event.seconds:.1f} s: {event.reason}"
        if progress.answering:
            self.close()

    def close(self) -> None:
        if self.live.is_started:
            self.words = ""
            self.live.stop()

    def render(self) -> RenderableType:
        report = self.progress.report_so_far(0)
        spent = f"{time.monotonic() - self.began:4.0f} s  {sum_so_far(self.progress):,} tokens"
        status: RenderableType = Words(f"  {spent}", "dim")
        if self.words:
            status = Spinner("dots", Words(f"{self.words}   {spent}", "dim"))
        if self.progress.plan is None:
            return status
        tree = Tree(Words(f"plan of {len(self.progress.plan.tasks)}", "bold"), guide_style="dim")
        for task in self.progress.plan.tasks:
            self._branch(tree, task)
        assert report is not None
        return Group(tree, status)

    def _branch(self, tree: Tree, task: Task) -> None:
        state = self.progress.state(task.id)
        needs = f"  (needs {', '.join(task.needs)})" if task.needs else ""
        words = Words(f"{SIGNS[state]} {task.id} ", STYLES.get(state, "yellow"))
        words.append(task.agent, "bold").append(f"  {task.text}{needs}", "dim" if state == "waiting" else "")
        branch = tree.add(words)
        if finding := self.progress.findings.get(task.id):
            branch.add(Words(shortened(finding.text), STYLES.get(state, "")))


def sum_so_far(progress: Progress) -> int:
    """Tokens of the calls that have ended."""
    return sum(entry.usage.total for entry in progress.ledger if entry.status != "open")


def shortened(text: str, most: int = 200) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def told(event: Event) -> str:
    """What happened, in one line; empty for what needs no telling."""
    match event:
        case Decided():
            return f"{event.choice}: {event.reason}"
        case Planned():
            return "\n".join(
                [f"plan of {len(event.plan.tasks)}:"]
                + [
                    f"  {task.id} {task.agent}: {task.text}"
                    + (f" (needs {', '.join(task.needs)})" if task.needs else "")
                    for task in event.plan.tasks
                ]
            )
        case TaskStarted():
            return f"{event.task.id} started by {event.task.agent}"
        case Executed():
            return (
                f"  program ran ({event.execution.tier}): {shortened(event.execution.error or event.execution.output)}"
            )
        case Found():
            return f"{event.finding.task} {'found' if event.finding.ok else 'failed'}: {shortened(event.finding.text)}"
        case Judged():
            word = "accepted" if event.verdict.accepted else "rejected"
            return f"{event.task} {word}: {event.verdict.reason} {shortened(event.verdict.evidence, 80)}".rstrip()
        case Waiting():
            return f"waiting {event.seconds:.1f} s: {event.reason}"
        case Failed():
            return f"{event.where} failed: {event.error}"
        case Replied():
            usage = event.entry.usage
            about = "" if usage.exact else "≈"
            counts = f"{about}{usage.read} read, {about}{usage.written} written"
            return f"  {event.entry.agent}: {counts}, {event.entry.seconds:.1f} s"
        case _:
            return ""


def summary(progress: Progress, report: Report) -> RenderableType:
    """The three numbers, their sum, and who spent what."""
    about = "" if report.exact else "≈"
    numbers = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    numbers.add_column(justify="left")
    numbers.add_column(justify="right")
    numbers.add_column()
    split = f"{report.reasoning_read:,} read + {report.reasoning_written:,} written in intermediate steps"
    numbers.add_row("input", f"{about}{report.input:,}", "[dim]read to write the answer[/dim]")
    numbers.add_row("output", f"{about}{report.output:,}", "[dim]the answer[/dim]")
    numbers.add_row("reasoning", f"{about}{report.reasoning:,}", f"[dim]{split}[/dim]")
    numbers.add_row("[bold]total[/bold]", f"[bold]{about}{report.total:,}[/bold]", f"[dim]{footer(report)}[/dim]")
    return Group(Words("\nTokens", "bold"), numbers, Words(), agents(progress))


def footer(report: Report) -> str:
    """Calls, cached share, time and money in one line; money only if it is known."""
    read = report.input + report.reasoning_read
    parts = [f"{report.calls} calls", f"{report.cached / read:.0%} of what was read was cached" if read else ""]
    parts += [f"{report.seconds:.1f} s", "price unknown" if report.cost is None else f"${report.cost:.4f}"]
    return ", ".join(part for part in parts if part)


def agents(progress: Progress) -> Table:
    """Tokens of each agent."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("agent")
    for column in ("calls", "read", "written", "cached"):
        table.add_column(column, justify="right")
    table.add_column("model", style="dim")
    for agent, usage in progress.ledger.by_agent().items():
        mine = [entry for entry in progress.ledger if entry.agent == agent]
        about = "" if usage.exact else "≈"
        models = ", ".join(dict.fromkeys(entry.model for entry in mine))
        table.add_row(
            agent, str(len(mine)), f"{about}{usage.read:,}", f"{about}{usage.written:,}", f"{usage.cached:,}", models
        )
    return table
