"""Proportion and trivial questions."""

from datetime import date
from functools import partial

from .tools import SOLUTIONS, solves


@solves("proportion-independent")
def _():
    return 3 * 24 * 60, 2350 * 0.17, (date(2026, 5, 31) - date(2026, 3, 1)).days + 1


@solves("proportion-sequential")
def _():
    held = (48 * 3 - 26) / 2
    return round(2 * held * 1.15, 2)


TRIVIAL = {
    "trivial-01": "Paris", "trivial-02": 7 + 5, "trivial-03": 7, "trivial-04": "Monday", "trivial-05": "blue",
    "trivial-06": 10 * 10, "trivial-07": 60, "trivial-08": "Madrid", "trivial-09": "cold", "trivial-10": 12,
    "trivial-11": 9 - 4, "trivial-12": "Lisboa|Lisbon", "trivial-13": "miércoles", "trivial-14": 24,
    "trivial-15": 8 * 2, "trivial-16": "blanco|blanca", "trivial-17": 3, "trivial-18": "Roma|Rome",
    "trivial-19": "noche", "trivial-20": 50 / 2,
}  # fmt: skip
"""What everybody knows needs no program; sums are left to Python."""
SOLUTIONS.update({name: partial(TRIVIAL.__getitem__, name) for name in TRIVIAL})
