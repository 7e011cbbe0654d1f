"""Logistics of train."""

from datetime import date
from math import ceil

from ..tools import clock, days, solves, weekday


@solves("logistics-01")
def _():
    rest = 1340 - 6 * 160
    return rest, ceil(rest / 45)


@solves("logistics-02")
def _():
    drives = [14, 22, 9, 31, 18]
    return clock("08:35", sum(drives) + 6 * len(drives)), sum(drives)


@solves("logistics-03")
def _():
    cartons = 8 * 12
    return cartons * 24, cartons * (24 * 330 + 450) / 1000


@solves("logistics-04")
def _():
    each = [54 * 5, 42 * 4, 36 * 2.5]
    return *each, sum(each)


@solves("logistics-05")
def _():
    litres = 1176 * 28 / 100
    total = litres * 1.55 + 96.40
    return litres, round(total, 2), round(total / 1176, 2)


@solves("logistics-06")
def _():
    need, stock = (120, 200, 150), (240, 310)
    return min(
        (4 * a + 6 * b + 5 * c + 5 * (need[0] - a) + 3 * (need[1] - b) + 7 * (need[2] - c), need[0] - a)
        for a in range(0, need[0] + 1, 5)
        for b in range(0, need[1] + 1, 5)
        for c in range(0, need[2] + 1, 5)
        if a + b + c <= stock[0] and sum(need) - a - b - c <= stock[1]
    )


@solves("logistics-07")
def _():
    total = 3 * 18 * 40
    return total, total * 0.025, total * 0.975


@solves("logistics-08")
def _():
    return 210 * (2 + 20 / 60) + 180 * 1.25, clock("09:48", 140 + 12 + 75)


@solves("logistics-09")
def _():
    along, wide, high = 1200 // 40, 240 // 40, 250 // 40
    boxes = along * wide * high
    return along, boxes, round(12 * 2.4 * 2.5 - boxes * 0.4**3, 6)


@solves("logistics-10")
def _():
    litres = 132 * 0.35
    return ceil(132 / 8), round(litres, 6), ceil(litres / 0.75)


@solves("logistics-11")
def _():
    made, left = 0, None
    for number, day in enumerate(days(date(2026, 1, 5))):  # a Monday
        if number == 5 * 7:
            left = 40_000 - made
        made += 1250 if day.weekday() < 5 else 700 if day.weekday() == 5 else 0
        if made >= 40_000:
            return 5 * 1250 + 700, left, weekday(day)
    raise AssertionError
