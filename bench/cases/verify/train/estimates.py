"""Estimates of train."""

from math import ceil

from ..tools import solves


@solves("estimates-r01")
def _():
    cups = 34 * 2.5 * 220
    return cups, cups * 2 / 1000


@solves("estimates-r02")
def _():
    weekly, each = 60000 / 8, 30 * 60 / 40
    return weekly, each, ceil(weekly / each)


@solves("estimates-r03")
def _():
    loses = {"sun": 2.5e6 * 0.004, "leak": 0.09 * 86400}
    return loses["sun"], round(loses["leak"], 6), max(loses, key=loses.__getitem__)


@solves("estimates-r04")
def _():
    sheets = 480 * 6 * 175
    return sheets, ceil(sheets / 500)


@solves("estimates-r05")
def _():
    saved = 21 * 3.2
    return round(saved, 2), round(saved - 11.2, 2), ceil(1900 / (saved - 11.2))


@solves("estimates-r06")
def _():
    tonnes = {"calefacción": 2000 * 0.6 * 2.1, "coches": 2000 * 1.4 * 9000 * 0.15 / 1000}
    return tonnes["calefacción"], round(tonnes["coches"], 6), max(tonnes, key=tonnes.__getitem__)
