"""What the solutions of the hand-written cases share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import count
from typing import TypeVar

T = TypeVar("T")
Solution = Callable[[], object]
SOLUTIONS: dict[str, Solution] = {}
"""By the id of the case."""


def solves(name: str) -> Callable[[Solution], Solution]:
    def keep(solution: Solution) -> Solution:
        assert name not in SOLUTIONS, name
        SOLUTIONS[name] = solution
        return solution

    return keep


def clock(start: str, minutes: float) -> str:
    """The time of day so many minutes after a time of day, or before it."""
    return (datetime.fromisoformat(f"2026-01-01T{start}") + timedelta(minutes=minutes)).strftime("%H:%M")


def weekday(day: date) -> str:
    """Its name in both languages."""
    english = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    spanish = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
    return f"{english[day.weekday()]}|{spanish[day.weekday()]}"


def days(first: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in count())


def only(found: Iterable[T]) -> T:
    """The one solution of a puzzle."""
    (one,) = {*found}
    return one


def in_order(names: object) -> str:
    """A pattern that finds names in their order."""
    plain = {"á": "[aá]", "é": "[eé]", "ú": "[uú]"}
    patterns = ["".join(plain.get(letter, letter) for letter in name) for name in names]  # type: ignore[attr-defined]
    return r"\W+".join(patterns[:-1]) + rf"\W+(?:and\W+|y\W+)?{patterns[-1]}"
