"""Logistics of validation."""

from datetime import datetime, timedelta
from itertools import pairwise, permutations

from ..tools import clock, solves, weekday


@solves("logistics-v01")
def _():
    return 154 - 18 * 7, 18 * 7 * 24


@solves("logistics-v02")
def _():
    left = 9450 - 1500 * 1.5
    return left, clock("06:30", left / 2400 * 60)


@solves("logistics-v03")
def _():
    prices = {"Hale": 45 + 0.38 * 620, "Orbit": 0.92 * 340, "Quick": 210 + 1.60 * (340 - 300)}
    return prices["Orbit"], prices["Quick"], min(prices, key=prices.__getitem__)


@solves("logistics-v04")
def _():
    left, now, today, since_break = 1120 / 80, datetime(2026, 11, 23, 6), 0.0, 0.0  # a Monday
    while left > 0:
        stretch = min(left, 4.5 - since_break, 9 - today)
        left, now = left - stretch, now + timedelta(hours=stretch)
        today, since_break = today + stretch, since_break + stretch
        if left and today == 9:
            now, today, since_break = now + timedelta(hours=11), 0.0, 0.0
        elif left:
            now, since_break = now + timedelta(minutes=45), 0.0
    return 1120 / 80, weekday(now.date()), now.strftime("%H:%M")


@solves("logistics-v05")
def _():
    left = 132 - 3 * 14
    return left, int(left // 5.5)


@solves("logistics-v06")
def _():
    return (14 + 9) * 320, (14 + 9) * 320 / 5


@solves("logistics-v07")
def _():
    used = 340 * 7.4 / 100 + 85 * 9.8 / 100
    return round(used, 6), round(62 - used, 6), int((62 - used) / 0.074)


@solves("logistics-v08")
def _():
    ends = {"Getafe": 8 + 600 / 85, "Zaragoza": 9.5 + 600 / 110}
    return clock("00:00", round(ends["Zaragoza"] * 60)), 600 - 85 * (14 - 8), min(ends, key=ends.__getitem__)


@solves("logistics-v09")
def _():
    loads = [(light, heavy) for light in range(11) for heavy in range(11 - light) if 60 * light + 95 * heavy <= 800]
    reached, trips = {(0, 0)}, 0
    while (27, 14) not in reached:
        trips += 1
        reached = {(min(27, a + one), min(14, b + other)) for a, b in reached for one, other in loads}
    return 27 * 60 + 14 * 95, trips


@solves("logistics-v10")
def _():
    first = {"Nuria": 6, "Iker": 9, "Berta": 4}
    between = {("Iker", "Nuria"): 5, ("Berta", "Nuria"): 8, ("Berta", "Iker"): 3}

    def length(row):
        return first[row[0]] + sum(between[min(a, b), max(a, b)] for a, b in pairwise(row))

    lengths = {row: length(row) for row in permutations(first)}
    best = min(lengths, key=lengths.__getitem__)
    return " > ".join(best), lengths[best], max(lengths.values())
