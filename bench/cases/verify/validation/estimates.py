"""Estimates of validation."""

from math import ceil

from ..tools import solves


@solves("estimates-v01")
def _():
    return 18 * 1.6 * 60, round(18 * 1.6 * 60 * 1.05, 6)


@solves("estimates-v02")
def _():
    hours = 84000 / 4 * 2 * 3
    return 84000 / 4, hours, hours / 70


@solves("estimates-v03")
def _():
    weekly = {"showers": 4 * 6 * 9 * 8.5, "baths": 4 * 140}
    return 9 * 8.5, weekly["showers"], weekly["baths"], max(weekly, key=weekly.__getitem__), sum(weekly.values())


@solves("estimates-v04")
def _():
    words, yearly = 1.2e6 * 280 * 310, 150 * 60 * 8 * 300
    return words / 1e9, yearly / 1e6, ceil(words / yearly / 20)


@solves("estimates-v05")
def _():
    saved, power = 75 * 90 * 2 / 3 * 1.1, 75 * 14 * 0.25
    return round(saved, 2), power, ("first", "second", "third")[ceil(2600 / (saved - power)) - 1]


@solves("estimates-v06")
def _():
    daily = 86400 / 20 / 1000
    return daily, daily * 30


@solves("estimates-v07")
def _():
    loaves = 5400 / 3
    return loaves, loaves * 0.25 * 0.12, round(loaves * 0.25 * 0.12 * 365 / 1000, 6)


@solves("estimates-v08")
def _():
    saved = 16 * (60 - 9) * 11 / 1000
    return round(saved, 3), round(saved * 0.2 * 30, 2), ceil(16 * 4.5 / (saved * 0.2))


@solves("estimates-v09")
def _():
    trees = 6000 / 24
    costs = {"árboles": trees * (380 + 15 * 40), "toldos": 6000 * 55 * 4}
    return trees, costs["árboles"], costs["toldos"], min(costs, key=costs.__getitem__)


@solves("estimates-v10")
def _():
    avenue, square = 850 * 30 * 2, 3.14 * 50**2 * 3
    gaps = {"policía": abs(avenue + square - 45000), "convocantes": abs(avenue + square - 120000)}
    return avenue, round(square, 6), min(gaps, key=gaps.__getitem__)
