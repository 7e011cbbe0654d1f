"""Measures strategies on cases from the command line: runs what is left, then writes the report."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ..errors import SettingsError
from ..house import House
from ..lab.cases import Case
from ..lab.failures import failures
from ..lab.measure import Contestant, Results, Trial, measure, setup, without_limits
from ..lab.measure import load as loaded
from ..lab.overlap import refuse_overlaps
from ..lab.plots import plot
from ..lab.report import as_json, as_markdown, findings
from ..lab.reuse import ReplyFile, reusing
from ..lab.sets import outcome, refuse_kept
from ..lab.suites import load
from ..opening import choose, make_strategy, open_house
from ..settings import EFFORTS, Settings
from ..strategies import Strategy
from ..strategies.vote import Vote
from .ask import INTERRUPTED

NEVER = 2.0
"""A certainty that no majority reaches, so that a vote draws all its samples."""


@dataclass(frozen=True)
class Evaluating:
    """What to measure, and where to keep it."""

    sources: tuple[str, ...]
    strategies: tuple[str, ...]
    models: tuple[str, ...]
    settings: Settings
    out: Path
    limit: int | None = None
    seed: int = 0
    parallel: int = 1
    resume: bool = False
    judge: str = ""
    reuse: bool = False
    """Whether requests that are alike are made once."""
    against: tuple[str, ...] = ()
    """Sources of another set, with which these cases may share no question."""
    show_failures: bool = False
    """Whether to print what was answered wrong; only of train."""

    def run(self) -> None:
        """Measure what is left to measure, write the report, print its table."""
        if self.parallel < 1 or (self.limit is not None and self.limit < 1):
            raise SettingsError("--parallel and --limit must be 1 or more")
        cases = load(self.sources, self.seed, self.limit)
        if self.against:
            refuse_overlaps(cases, load(self.against, self.seed))
        if self.show_failures:
            refuse_kept(cases, "reading failures")
        console = Console(stderr=True, highlight=False)
        try:
            asyncio.run(self._measure(cases, console))
        except KeyboardInterrupt:
            console.print("interrupted; what is done is kept: go on with --resume")
            raise SystemExit(INTERRUPTED) from None
        _, text = write_report(self.out, self.seed)
        print(text)
        if self.show_failures:
            print(failures(cases, loaded(self.out / "results.jsonl")[1]))
        console.print(f"written to {self.out}")

    async def _measure(self, cases: Sequence[Case], console: Console) -> None:
        async with AsyncExitStack() as open_ones:
            contestants: list[Contestant] = []
            replies = open_ones.enter_context(ReplyFile(self.out / "replies.jsonl")) if self.reuse else None
            for model in [await own_name(model, self.settings) for model in self.models]:
                house = await open_ones.enter_async_context(await self._house(model, console))
                if replies:
                    house = reusing(house, replies)
                for name in self.strategies:
                    contestants.append(Contestant(name, model, with_strategy(house, name, self.settings)))
            judge = None
            if self.judge:
                judge = without_limits(await open_ones.enter_async_context(await self._house(self.judge, console)))
            now = setup(cases, contestants, self.seed, self.parallel, self.judge, self.reuse)
            with Results(self.out, now, self.resume) as results, bar(console) as progress:
                wanted = {(case.id, one.strategy, one.model) for case in cases for one in contestants}
                asked = {case.id: case for case in cases}
                task = progress.add_task("", total=len(wanted), completed=len(wanted & results.done))

                def happened(trial: Trial) -> None:
                    said = f"{trial.strategy}: {trial.case} {outcome(asked[trial.case], trial.mark.correct)}"
                    progress.update(task, advance=1, description=said)
                    if not console.is_terminal:  # a bar that moves is of no use in a log
                        console.print(said, markup=False)

                await measure(cases, contestants, results, self.parallel, judge, happened)

    async def _house(self, model: str, console: Console) -> House:
        return await open_house(self.settings.model_copy(update={"model": model}), console.print)


def with_strategy(house: House, name: str, settings: Settings) -> House:
    """The house with a strategy by its name in the tables, and its models asked to think as much as its effort says."""
    chosen = replace(house, strategy=strategy(name, settings))
    effort = name.partition("@")[2]
    return replace(chosen, efforts=replace(chosen.efforts, run=effort)) if effort else chosen  # type: ignore[arg-type]


def strategy(name: str, settings: Settings) -> Strategy:
    """A strategy by its name in the tables: `vote`, `auto@low` with an effort, `vote:9` with a fixed number of samples.

    Raises:
        SettingsError: if what stands after `@` or `:` cannot be.
    """
    plain, _, effort = name.partition("@")
    plain, _, size = plain.partition(":")
    if effort and effort not in EFFORTS:
        raise SettingsError(f"{name!r}: there is no effort {effort!r}; there are: {', '.join(EFFORTS)}")
    made = make_strategy(plain, effort or settings.effort)  # type: ignore[arg-type]
    if not size:
        return made
    if not isinstance(made, Vote) or not size.isdigit() or int(size) < 1:
        raise SettingsError(f"{name!r}: only a vote has a fixed number of samples, as in vote:9")
    return replace(made, wave=int(size), most=int(size), enough=NEVER)


def write_report(folder: Path, seed: int = 0) -> tuple[list[Path], str]:
    """Compute the report of a folder's results anew; gives its files and its text."""
    setups, trials = loaded(folder / "results.jsonl")
    found = findings(trials, seed)
    text = as_markdown(found, setups, trials)
    pictures = plot(found.rows, folder)
    links = "\n".join(f"![{file.stem}]({file.name})" for file in pictures if file.suffix == ".svg")
    files = [folder / "report.md", folder / "report.json"]
    files[0].write_text(f"{text}\n{links}\n", encoding="utf-8")
    files[1].write_text(json.dumps(as_json(found, setups), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return files + pictures, text


async def own_name(model: str, settings: Settings) -> str:
    """The model's own name, where it is to be chosen, so that results say what they are of."""
    return (await choose(settings))[0] if model in ("", "auto") else model


def split(names: str) -> tuple[str, ...]:
    """The names between commas, each once."""
    return tuple(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))


def bar(console: Console) -> Progress:
    return Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
        console=console,
    )
