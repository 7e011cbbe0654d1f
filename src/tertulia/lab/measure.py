"""Runs cases through strategies, several at once, and keeps every run as a line of a file that survives a stop."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any

from pydantic import BeforeValidator, TypeAdapter, ValidationError

from ..books import Books
from ..codec import up_to_date
from ..errors import SettingsError, TertuliaError
from ..events import Decided, Event, Replied
from ..house import House
from ..progress import Progress
from ..run import Run
from ..schedule import gather
from ..types import Question
from ..usage import Entry, Report
from .cases import Case, digest
from .checkers import Judge, Mark

NAMES = {"en": "English", "es": "Spanish"}
SAMPLER = "sampler"
"""The agent whose replies are samples of a vote."""
PACKAGES = ("tertulia", "reasoning-gym", "scipy", "xllamacpp", "pydantic-monty", "aiohttp")


@dataclass(frozen=True)
class Contestant:
    """A strategy with a model, ready to be asked."""

    strategy: str
    """Its name in the tables."""
    model: str
    house: House


@dataclass(frozen=True)
class MarkedSample:
    """One reply of a vote: what it came to, and what it cost."""

    read: str
    """What was read as its answer; equal ones vote together."""
    correct: bool
    tokens: int


@dataclass(frozen=True)
class Trial:
    """One case, answered by one strategy with one model."""

    case: str
    family: str
    strategy: str
    model: str
    answer: str
    mark: Mark
    report: Report
    ledger: tuple[Entry, ...] = ()
    decisions: tuple[Annotated[Decided, BeforeValidator(up_to_date)], ...] = ()
    """What was decided on the way; results of an earlier version are read in today's words."""
    samples: tuple[MarkedSample, ...] = ()
    error: str = ""
    """Why there is no answer; empty if there is one."""
    stopped: str = ""
    """Why the run ended before its time; empty if it did not."""
    reported: int | None = None
    """Tokens that a peer says it took, where `report` is what a witness counted; None of our own runs."""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.case, self.strategy, self.model

    @property
    def all_read(self) -> int:
        """Tokens read by all calls of the run."""
        return self.report.input + self.report.reasoning_read


@dataclass(frozen=True)
class Setup:
    """All that the results depend on."""

    seed: int
    cases: Mapping[str, str]
    """Fingerprints of the cases by id."""
    strategies: Mapping[str, str]
    """Each strategy as it prints, with all its prompts and numbers, by `name, model`."""
    budget: str = ""
    """Empty if it does not apply, as with peers, who have none."""
    judge: str = ""
    """Empty if there was none."""
    parallel: int = 1
    """Runs at once: more make each slower, so compare seconds only at the same number."""
    reuse: bool = False
    """Whether requests that are alike were made once; then seconds mean nothing."""
    versions: Mapping[str, str] = field(default_factory=dict)
    began: str = ""
    """UTC, ISO 8601."""


class Results:
    """The file of a measurement: lines of setups and trials; each is written whole and at once.

    A half line at the end, left by a stop, is dropped when the file is opened again.

    Raises:
        SettingsError: if the file is there and `resume` is False, or was made with other cases, seeds or strategies.
    """

    def __init__(self, folder: Path, setup: Setup, resume: bool = False) -> None:
        self.file = folder / "results.jsonl"
        self.setups, self.trials = load(self.file)
        if (self.setups or self.trials) and not resume:
            raise SettingsError(f"{self.file} has results; --resume goes on with them, another --out starts anew")
        for earlier in self.setups:
            agree(earlier, setup, self.file)
        folder.mkdir(parents=True, exist_ok=True)
        drop_half_line(self.file)
        self._out = self.file.open("a", encoding="utf-8")
        self.setups.append(setup)
        self._write({"setup": setups().dump_python(setup, mode="json")})

    def add(self, trial: Trial) -> None:
        self.trials.append(trial)
        self._write({"trial": trials().dump_python(trial, mode="json")})

    @property
    def done(self) -> set[tuple[str, str, str]]:
        return {trial.key for trial in self.trials}

    def _write(self, line: Mapping[str, Any]) -> None:
        self._out.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._out.flush()

    def close(self) -> None:
        self._out.close()

    def __enter__(self) -> Results:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def agree(earlier: Setup, now: Setup, file: Path) -> None:
    """Refuse to mix results that cannot be compared.

    Raises:
        SettingsError: the message says what differs.
    """
    differing = [case for case in now.cases if earlier.cases.get(case, now.cases[case]) != now.cases[case]]
    changed = [
        name for name in now.strategies if earlier.strategies.get(name, now.strategies[name]) != now.strategies[name]
    ]
    others = ["seed"] if earlier.seed != now.seed else []
    said = {name: {getattr(earlier, name), getattr(now, name)} - {""} for name in ("budget", "judge")}
    others += [name for name, values in said.items() if len(values) > 1]
    for what, names in (("cases", differing), ("strategies", changed), ("settings", others)):
        if names:
            raise SettingsError(f"{file} was made with other {what} ({', '.join(names[:5])}); choose another --out")


def load(file: Path) -> tuple[list[Setup], list[Trial]]:
    """What a results file holds; nothing if it is not there.

    Raises:
        SettingsError: if a whole line of it is not a setup or a trial.
    """
    found: tuple[list[Setup], list[Trial]] = ([], [])
    if not file.exists():
        return found
    *whole, _half = file.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(whole, 1):
        try:
            data = json.loads(line)
            if "setup" in data:
                found[0].append(setups().validate_python(data["setup"]))
            else:
                found[1].append(trials().validate_python(data["trial"]))
        except (ValueError, KeyError, TypeError, ValidationError):
            raise SettingsError(f"{file}:{number} is not a line of results") from None
    return found


def drop_half_line(file: Path) -> None:
    """Cut off what was being written when a run was stopped."""
    if file.exists():
        data = file.read_bytes()
        file.write_bytes(data[: data.rfind(b"\n") + 1])


async def measure(
    cases: Sequence[Case],
    contestants: Iterable[Contestant],
    results: Results,
    parallel: int = 1,
    judge: House | None = None,
    on_trial: Callable[[Trial], None] = lambda _: None,
) -> None:
    """Answer every case with every contestant, `parallel` at once; what is in the results already is left out.

    Raises:
        SettingsError: if a case is for a judge and there is none.
    """
    if judge is None and any(isinstance(case.checker, Judge) for case in cases):
        raise SettingsError("some cases need a judge; name its model, as in --judge openai:gpt-5.2")
    left = [
        (case, contestant)
        for case in cases
        for contestant in contestants
        if (case.id, contestant.strategy, contestant.model) not in results.done
    ]
    work = iter(left)

    async def worker() -> None:
        for case, contestant in work:
            trial = await answer(case, contestant, judge)
            results.add(trial)
            on_trial(trial)

    await gather(worker() for _ in range(min(parallel, len(left))))


async def answer(case: Case, contestant: Contestant, judge: House | None) -> Trial:
    """Ask one case; a run that fails is a wrong answer with its ledger, not an exception."""
    progress, texts, began = Progress(), dict[str, str](), time.monotonic()

    def happened(event: Event) -> None:
        progress.see(event)
        if isinstance(event, Replied) and event.entry.status == "ok" and event.entry.agent == SAMPLER:
            texts[event.entry.key] = event.text

    error = ""
    question = Question(case.question, language=NAMES.get(case.language, ""))
    try:
        await contestant.house.ask(question, happened)
    except TertuliaError as failure:
        error = f"{type(failure).__name__}: {failure}"
    said = progress.answer.text if progress.answer else ""
    tokens = {entry.key: entry.usage.total for entry in progress.ledger}
    return Trial(
        case.id,
        case.family,
        contestant.strategy,
        contestant.model,
        said,
        await mark_of(case, said, judge) if said else case.unanswered,
        progress.report_so_far(time.monotonic() - began),
        tuple(progress.ledger),
        tuple(progress.decisions),
        tuple([await sample_of(case, text, tokens[key], judge) for key, text in sorted(texts.items())]),
        error,
        (progress.answer.stopped or "") if progress.answer else "",
    )


async def mark_of(case: Case, said: str, judge: House | None) -> Mark:
    """The checker's verdict of an answer."""
    asked = None if judge is None else Run(Books(judge.models, judge.budget))
    return await case.checker.mark(said, case.expected, case.language, asked)


async def sample_of(case: Case, text: str, tokens: int, judge: House | None) -> MarkedSample:
    mark = await mark_of(case, text, judge)
    return MarkedSample(mark.read, mark.correct, tokens)


def setup(
    cases: Iterable[Case],
    contestants: Iterable[Contestant],
    seed: int,
    parallel: int = 1,
    judge: str = "",
    reuse: bool = False,
) -> Setup:
    """What a measurement about to begin depends on."""
    contestants = tuple(contestants)
    return Setup(
        seed,
        digest(cases),
        {f"{one.strategy}, {one.model}": repr(one.house.strategy) for one in contestants},
        ", ".join(sorted({repr(one.house.budget) for one in contestants})),
        judge,
        parallel,
        reuse,
        versions(),
        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    )


def versions() -> dict[str, str]:
    """Versions of what the results depend on, where installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def without_limits(house: House) -> House:
    """A house for judging, that the budget of what is measured does not stop."""
    return replace(house, budget=type(house.budget)())


@cache
def trials() -> TypeAdapter[Trial]:
    return TypeAdapter(Trial)


@cache
def setups() -> TypeAdapter[Setup]:
    return TypeAdapter(Setup)
