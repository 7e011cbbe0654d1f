"""Statistics: intervals of accuracy, and paired comparisons that do not name a winner by chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ..errors import SettingsError
from .measure import MarkedSample

ENOUGH = 100
"""Paired cases below which small differences are not seen, and no table pretends that they are."""
RESAMPLES = 9_999
ALPHA = 0.05


@dataclass(frozen=True)
class Interval:
    """From `low` to `high`, with 95 % confidence."""

    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """One strategy against another on the same cases."""

    cases: int
    wins: int
    """Cases that only the one got right."""
    losses: int
    """Cases that only the other got right."""
    difference: float
    """Accuracy of the one less that of the other, -1 to 1."""
    interval: Interval | None
    """Of the difference, by paired bootstrap (BCa); None if every case went the same way and there is no spread."""
    p: float
    """Exact McNemar: how likely so uneven a split of the differing cases is if neither is better, 0 to 1."""

    @property
    def verdict(self) -> str:
        """`more accurate`, `less accurate` or `cannot be told apart`; a point estimate alone names no winner."""
        clear = self.p < ALPHA and (self.interval is None or self.interval.low > 0 or self.interval.high < 0)
        if not clear:
            return "cannot be told apart" + (f" with {self.cases} cases" if self.cases < ENOUGH else "")
        return "more accurate" if self.difference > 0 else "less accurate"


def wilson(correct: int, cases: int) -> Interval:
    """95 % interval of an accuracy.

    Source: Wilson, 1927, by scipy.
    """
    if cases == 0:
        return Interval(0.0, 1.0)
    found = statistics().binomtest(correct, cases).proportion_ci(method="wilson")
    return Interval(float(found.low), float(found.high))


def compare(one: Sequence[bool], other: Sequence[bool], seed: int = 0) -> Comparison:
    """Compare answers to the same cases in the same order.

    Raises:
        ValueError: if they are not as many.
    """
    differences = [int(a) - int(b) for a, b in zip(one, other, strict=True)]
    wins, losses = differences.count(1), differences.count(-1)
    difference = sum(differences) / len(differences) if differences else 0.0
    return Comparison(len(differences), wins, losses, difference, bootstrap(differences, seed), mcnemar(wins, losses))


def mcnemar(wins: int, losses: int) -> float:
    """Exact two-sided p of the differing cases.

    Source: McNemar, 1947; the exact form is the binomial test.
    """
    return float(statistics().binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0


def bootstrap(differences: Sequence[float], seed: int = 0) -> Interval | None:
    """95 % interval of the mean of paired differences; None if all are equal or there are fewer than two.

    Source: Efron, 1987 (bias-corrected and accelerated), by scipy.
    """
    if len(differences) < 2 or len(set(differences)) == 1:
        return None
    numpy = numbers()
    found = statistics().bootstrap(
        (numpy.asarray(differences, dtype=float),),
        numpy.mean,
        method="BCa",
        n_resamples=RESAMPLES,
        batch=1_000,
        rng=numpy.random.default_rng(seed),
    )
    return Interval(float(found.confidence_interval.low), float(found.confidence_interval.high))


def share(right: Sequence[int], parts: Sequence[int], seed: int = 0) -> Interval | None:
    """95 % interval of the share of all parts that are right, where the parts of a question go together.

    Whole questions are drawn again, not single parts. Differences of right parts may be given as `right` for a paired
    comparison. None if there are fewer than two questions, or all have the same share.

    Source: Efron, 1987 (bias-corrected and accelerated), by scipy.
    """
    if len({one / of for one, of in zip(right, parts, strict=True)}) < 2:
        return None
    numpy = numbers()
    found = statistics().bootstrap(
        (numpy.asarray(right, dtype=float), numpy.asarray(parts, dtype=float)),
        lambda right, parts, axis: right.sum(axis=axis) / parts.sum(axis=axis),
        paired=True,
        vectorized=True,
        method="BCa",
        n_resamples=RESAMPLES,
        batch=1_000,
        rng=numpy.random.default_rng(seed),
    )
    return Interval(float(found.confidence_interval.low), float(found.confidence_interval.high))


def majority(samples: Sequence[MarkedSample]) -> bool:
    """Whether the answer that most samples came to is right; the one met first where several have most votes."""
    votes = Counter(sample.read for sample in samples if sample.read)
    if not votes:
        return False
    most = votes.most_common(1)[0][0]  # in the order in which they were met
    return next(sample.correct for sample in samples if sample.read == most)


def size_at(tokens: float, drawn: Sequence[Sequence[MarkedSample]]) -> int:
    """How many samples a vote may draw for at most as many tokens a question as `tokens`; at least 1."""
    most = max((len(samples) for samples in drawn), default=0)  # a run that failed has fewer
    sizes = range(1, most + 1)
    costs = [sum(sample.tokens for samples in drawn for sample in samples[:size]) / len(drawn) for size in sizes]
    return max([1, *(size for size, cost in zip(sizes, costs, strict=True) if cost <= tokens)])


def front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The Pareto front of (cost, gain): points that none is cheaper than with as much gain, by rising cost."""
    best: list[tuple[float, float]] = []
    for cost, gain in sorted(set(points), key=lambda point: (point[0], -point[1])):
        if not best or gain > best[-1][1]:
            best.append((cost, gain))
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(best))
    return best


def statistics() -> Any:
    try:
        import scipy.stats
    except ImportError:
        raise SettingsError("scipy is not installed: tertulia setup lab") from None
    return scipy.stats


def numbers() -> Any:
    import numpy  # comes with scipy

    return numpy
