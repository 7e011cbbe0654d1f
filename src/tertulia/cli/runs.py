"""The commands for stored runs: list, show, resume, cancel, replay, fork, export, delete."""

from __future__ import annotations

import asyncio
import json as jsons
import re
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text as Words
from rich.tree import Tree

from ..errors import SettingsError
from ..printable import shortened
from ..progress import Progress
from ..settings import Settings, load
from ..stores.deleting import delete_run, prune_runs
from ..stores.places import runs_at
from ..stores.records import STATES, Stored, Summary, Wanted
from ..stores.runs import Runs
from ..types import Task
from ..usage import Entry
from .display import SIGNS, summary
from .options import agent_models

T = TypeVar("T")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}

runs = typer.Typer(help="Stored runs: list, show, resume, replay, delete.", no_args_is_help=True)

Which = Annotated[str, typer.Argument(help="Id of a run, or how it begins; `last` is the newest.", metavar="RUN")]
Place = Annotated[str | None, typer.Option("--database", help="postgres://…, or the path of a file.")]
Plain = Annotated[bool, typer.Option("--plain", help="No colours, no moving display.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the answer and nothing else.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Model = Annotated[str | None, typer.Option(help="PROVIDER:NAME to use instead of the first one.")]


@runs.command("list")
def list_runs(
    status: Annotated[str | None, typer.Option(help=f"Only those that are {', '.join(STATES)}.")] = None,
    since: Annotated[str | None, typer.Option(help="Only those no older than this: 30m, 12h, 7d.")] = None,
    text: Annotated[str, typer.Option(help="Only those whose question or answer holds this.")] = "",
    owner: Annotated[str | None, typer.Option(help="Only those asked with the server's key of that name.")] = None,
    most: Annotated[int, typer.Option(help="How many to list at most.", min=1)] = 50,
    json: Json = False,
    database: Place = None,
) -> None:
    """List stored runs, newest first."""
    if status is not None and status not in STATES:
        raise SettingsError(f"there is no status {status!r}; there are: {', '.join(STATES)}")
    wanted = Wanted(
        owner,
        state=next((one for one in STATES if one == status), None),
        since=time.time() - age(since) if since else None,
        text=text,
        most=most,
    )
    found = _with(database, lambda store: store.recent(wanted))
    if json:
        print(jsons.dumps([asdict(run) for run in found], indent=2))
    else:
        Console().print(_table(found))


@runs.command()
def show(run: Which, json: Json = False, database: Place = None) -> None:
    """Draw a run's plan, with the tokens and the time of each agent."""
    from ..exports.document import document, progress_of, seconds_of

    async def look(store: Runs) -> tuple[Stored, Progress, str]:
        stored = await store.find(run)
        events, ledger = await store.events(stored.id), await store.ledger(stored.id)
        return stored, progress_of(events, ledger), document(stored, events, ledger, "json") if json else ""

    stored, progress, whole = _with(database, look)
    if json:
        print(whole)
        return
    console = Console(highlight=False)
    console.print(tree(stored, progress))
    if stored.answered:
        console.print(Words(f"\n{stored.answered.answer.text}"))
    console.print(summary(progress, progress.report_so_far(seconds_of(stored))))


@runs.command()
def resume(run: Which, database: Place = None, json: Json = False, quiet: Quiet = False, plain: Plain = False) -> None:
    """Resume a run that was stopped, reusing what it paid for; follow one that is still running."""
    _go_on(_with(database, lambda store: store.find(run)), database, json, quiet, plain)


@runs.command()
def cancel(run: Which, database: Place = None) -> None:
    """Stop a run, wherever it is running."""

    async def stop(store: Runs) -> str:
        return await store.lives.cancel((await store.find(run)).id)

    print(_with(database, stop))


@runs.command()
def replay(run: Which, database: Place = None, json: Json = False, quiet: Quiet = False, plain: Plain = False) -> None:
    """Replay a run from its events; no model is asked."""
    from .durable import ReplayCommand

    stored = _with(database, lambda store: store.find(run))
    place, settings = _place(database), _settings(stored)
    command = ReplayCommand(
        stored.question, settings, json, False, quiet or json, plain, database=place, run_id=stored.id
    )
    raise typer.Exit(command.run())


@runs.command()
def fork(
    run: Which,
    task: Annotated[str, typer.Option("--from", help="The task to start again from, as `runs show` names it.")],
    model: Model = None,
    agent_model: Annotated[list[str] | None, typer.Option(help="AGENT=PROVIDER:NAME; may be repeated.")] = None,
    effort: Annotated[str | None, typer.Option(help="The most to spend on thinking.")] = None,
    database: Place = None,
    json: Json = False,
    quiet: Quiet = False,
    plain: Plain = False,
) -> None:
    """Run again from a task on, with another model; what does not depend on the task is reused, free of cost."""
    from ..durable.configuration import configuration, overrides_of, with_overrides

    agents = agent_models(agent_model)

    async def branch(store: Runs) -> Stored:
        source = await store.find(run)
        settings = _settings(source, model=model, agent_models=agents, effort=effort)
        overrides = overrides_of(source.configuration)
        overrides = replace(overrides, effort=None) if effort else overrides  # else it would hold above the new one
        asked = with_overrides(configuration(settings), overrides)
        made = await store.fork(source.id, task, asked, models=model or source.models)
        return await store.get(made.id)

    _go_on(_with(database, branch), database, json, quiet, plain)


@runs.command()
def export(
    run: Which,
    form: Annotated[str, typer.Option("--format", help="json, markdown or html.")] = "markdown",
    database: Place = None,
) -> None:
    """Print a run as a document; whatever models wrote in it is escaped."""
    from ..exports.document import FORMATS, document

    known = next((one for one in FORMATS if one == form), None)
    if known is None:
        raise SettingsError(f"there is no format {form!r}; there are: {', '.join(FORMATS)}")

    async def write(store: Runs) -> str:
        stored = await store.find(run)
        return document(stored, await store.events(stored.id), await store.ledger(stored.id), known)

    sys.stdout.buffer.write(_with(database, write).encode(errors="replace"))


@runs.command()
def delete(
    run: Annotated[str, typer.Argument(help="Id of a run, or how it begins.", metavar="RUN")] = "",
    older: Annotated[str | None, typer.Option("--older-than", help="All that ended longer ago than this: 30d.")] = None,
    database: Place = None,
) -> None:
    """Delete a run, or all old ones, so that nothing of them is left in the store."""
    if bool(run) == bool(older):
        raise SettingsError("name a run, or an age with --older-than")

    async def remove(store: Runs) -> int:
        if older:
            return await prune_runs(store.database, age(older) / SECONDS["d"])
        await delete_run(store, (await store.find(run)).id)
        return 1

    print(f"{_with(database, remove)} deleted")


def age(text: str) -> float:
    """Seconds in an age such as 90s, 30m, 12h, 7d or 2w."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", text)
    if not found:
        raise SettingsError(f"{text!r} is not a duration; use one like 90s, 30m, 12h, 7d or 2w")
    return float(found[1]) * SECONDS[found[2]]


def tree(run: Stored, progress: Progress) -> Tree:
    """The plan of a run as a tree: what each task found, and what each agent spent on it."""
    head = f"{run.id}  {run.state}{f' ({run.error})' if run.error else ''}{f', for {run.served}' if run.served else ''}"
    plan = Tree(Words(f"{head}\n{shortened(run.text)}", "bold"), guide_style="dim")
    tasks = list(progress.plan.tasks) if progress.plan else []
    names = {task.id for task in tasks}
    for task in tasks:
        _branch(plan, task, progress)
    others = [entry for entry in progress.ledger if not names & set(_where(entry))]
    _spent(plan, others)
    return plan


def _branch(tree: Tree, task: Task, progress: Progress) -> None:
    state = progress.state(task.id)
    needs = f" (needs {', '.join(task.needs)})" if task.needs else ""
    branch = tree.add(Words(f"{SIGNS[state]} {task.id} {task.text}{needs}"))
    _spent(branch, [entry for entry in progress.ledger if task.id in _where(entry)])
    if finding := progress.findings.get(task.id):
        branch.add(Words(shortened(finding.text), "green" if finding.ok else "red"))


def _spent(tree: Tree, entries: list[Entry]) -> None:
    """A line for each agent: its tokens, its time, and how many calls ended how."""
    for agent in dict.fromkeys(entry.agent for entry in entries):
        mine = [entry for entry in entries if entry.agent == agent]
        about = "" if all(entry.usage.exact for entry in mine) else "≈"
        tokens, seconds = sum(entry.usage.total for entry in mine), sum(entry.seconds for entry in mine)
        bad = [entry.status for entry in mine if entry.status != "ok"]
        note = f", {', '.join(bad)}" if bad else ""
        tree.add(Words(f"{agent}  {about}{tokens:,} tokens, {seconds:.1f} s, {len(mine)} calls{note}", "dim"))


def _where(entry: Entry) -> list[str]:
    return entry.key.rpartition(":")[0].split("/")


def _table(found: list[Summary]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("run", "when", "state"):
        table.add_column(column, no_wrap=True)
    table.add_column("tokens", justify="right", no_wrap=True)
    table.add_column("question")
    for run in found:
        tokens = "" if run.tokens is None else f"{run.tokens:,}"
        began = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created))
        row = (run.id[:12], began, run.state, tokens, shortened(run.text, 100))
        table.add_row(*(Words(cell) for cell in row))
    return table


def _go_on(stored: Stored, database: str | None, json: bool, quiet: bool, plain: bool) -> None:
    from .durable import DurableAsk

    place, settings = _place(database), _settings(stored)
    command = DurableAsk(stored.question, settings, json, False, quiet or json, plain, database=place, stored=stored)
    raise typer.Exit(command.run())


def _settings(stored: Stored, **changes: object) -> Settings:
    from ..durable.configuration import settings_of

    return settings_of(stored.configuration, **changes)


def _place(database: str | None) -> str:
    return database or load().database


def _with(database: str | None, work: Callable[[Runs], Awaitable[T]]) -> T:
    """What `work` gives on the open store."""

    async def do() -> T:
        async with runs_at(_place(database)) as store:
            return await work(store)

    return asyncio.run(do())
