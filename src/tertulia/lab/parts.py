"""Questions of several parts: how many are wholly right, and how many of their parts are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .compare import Interval, share, wilson
from .measure import Trial

PARTS_HEAD = ("model", "strategy", "questions right", "share", "95 %", "parts right", "share", "95 %")
PARTS = (
    "Questions whose answer has two parts or more. A question is right if all of its parts are; its interval is that "
    "of Wilson. The interval of the parts is by bootstrap over questions (BCa), since the parts of a question go "
    "together."
)


@dataclass(frozen=True)
class PartsRow:
    """One strategy with one model on questions of several parts."""

    model: str
    strategy: str
    questions: int
    questions_right: int
    questions_interval: Interval
    """95 %, Wilson."""
    parts: int
    parts_right: int
    parts_interval: Interval | None
    """95 %, by bootstrap over questions; None if all have the same share, or there is only one."""


@dataclass(frozen=True)
class PartsDifference:
    """How many more of the parts one strategy got right than another, on the same questions."""

    difference: float
    """Share of the one less that of the other, -1 to 1."""
    interval: Interval | None
    """95 %, by bootstrap over questions; None if there is no spread."""

    @property
    def told(self) -> str:
        spread = "" if self.interval is None else f" ({self.interval.low:+.1%} to {self.interval.high:+.1%})"
        return f"{self.difference:+.1%}{spread}"


def parts_row(model: str, strategy: str, trials: Iterable[Trial], seed: int = 0) -> PartsRow | None:
    """The row of a strategy; None if it answered no question of several parts."""
    some = [trial for trial in trials if several(trial)]
    if not some:
        return None
    right, of = [sum(trial.mark.parts) for trial in some], [len(trial.mark.parts) for trial in some]
    wholly = sum(trial.mark.correct for trial in some)
    interval = share(right, of, seed)
    return PartsRow(
        model, strategy, len(some), wholly, wilson(wholly, len(some)), sum(of), sum(right), interval
    )  # fmt: skip


def difference(mine: Sequence[Trial], theirs: Sequence[Trial], seed: int = 0) -> PartsDifference | None:
    """Compare the parts of the same questions, given in the same order; None if none has several parts."""
    both = [(one, other) for one, other in zip(mine, theirs, strict=True) if several(one) and several(other)]
    if not both:
        return None
    gains = [sum(one.mark.parts) - sum(other.mark.parts) for one, other in both]
    of = [len(one.mark.parts) for one, _ in both]
    return PartsDifference(sum(gains) / sum(of), share(gains, of, seed))


def several(trial: Trial) -> bool:
    return len(trial.mark.parts) > 1


def parts_cells(one: PartsRow) -> list[str]:
    """A line of the table."""
    questions, interval = one.questions_interval, one.parts_interval
    return [
        one.model,
        one.strategy,
        f"{one.questions_right}/{one.questions}",
        f"{one.questions_right / one.questions:.1%}",
        f"{questions.low:.1%}–{questions.high:.1%}",
        f"{one.parts_right}/{one.parts}",
        f"{one.parts_right / one.parts:.1%}",
        "–" if interval is None else f"{interval.low:.1%}–{interval.high:.1%}",
    ]
