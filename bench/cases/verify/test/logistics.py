"""Logistics of test."""

from math import ceil

from ..tools import clock, solves


@solves("logistics-t01")
def _():
    return 36 * 7.5, 36 * 7.5 * 50


@solves("logistics-t02")
def _():
    coaches = ceil((438 + 31) / 53)
    cost = coaches * (390 + 18)
    return coaches, coaches * 53 - 438 - 31, cost, round(cost / 438, 2), round(cost / (438 + 31), 2)


@solves("logistics-t03")
def _():
    weeks = {"filters": 64 / 11, "belts": 45 / 6, "pumps": 19 / 4}
    return int(weeks["filters"]), int(weeks["belts"]), min(weeks, key=weeks.__getitem__)


@solves("logistics-t04")
def _():
    noon = 6 * 22 + 3 * 30
    hours = (460 - noon - 0.5 * 22) / (22 + 30)
    moved = {"East": 22 * (6.5 + hours), "West": 30 * (3 + hours)}
    return noon, clock("12:30", round(hours * 60)), max(moved, key=moved.__getitem__)


@solves("logistics-t05")
def _():
    each = int(25 // 4.5)
    return 17 * 4.5, each, ceil(17 / each)


@solves("logistics-t06")
def _():
    return 8640 / 5, 8640 / 5 / 12


@solves("logistics-t07")
def _():
    minutes = {"roja": ceil(96 / 14) * 50, "azul": ceil(96 / 9) * 30}
    return minutes["roja"], minutes["azul"], min(minutes, key=minutes.__getitem__)


@solves("logistics-t08")
def _():
    layer, layers = (120 // 40) * (80 // 20), 150 // 25
    return layer, layers, round(layer * layers * 6.2, 6)


@solves("logistics-t09")
def _():
    return 18 * 13, clock("05:40", 18 * 13 + 15 * 9 + 3 * 25 + 30)


@solves("logistics-t10")
def _():
    towns = {"Alba": 12600, "Brea": 8400, "Cela": 21000}
    trips = sum(ceil(kilos / 3500) for kilos in towns.values())
    last = {name: kilos - 3500 * (ceil(kilos / 3500) - 1) for name, kilos in towns.items()}
    return trips, trips * 145, min(last, key=last.__getitem__)
