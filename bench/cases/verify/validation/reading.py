"""Reading of validation."""

from math import ceil

from ..tools import solves


@solves("reading-v01")
def _():
    return 3 * 11200, 3 * 11200 - 4900, 2019 - 1954


@solves("reading-v02")
def _():
    counted = {"Monday": 14, "Tuesday": 14 // 2, "Wednesday": 9}
    counted["Thursday"] = sum(counted.values())
    return counted["Thursday"], 2 + counted["Thursday"] // 3, min(counted, key=counted.__getitem__)


@solves("reading-v03")
def _():
    left = 40 - 40 // 5
    return left, 50 - left, (50 - 6) / 2


@solves("reading-v04")
def _():
    costs = {"Poole": 1250, "Quayle": 7 * 90}
    return 48 * (30 / 2 + 20 * 0.75 + 70), costs["Quayle"], min(costs, key=costs.__getitem__)


@solves("reading-v05")
def _():
    start = 16 * 9
    left = start - 4 * 9 - 2 * 4 - 6 * 7
    return start, left, (left + 21) // 7


@solves("reading-v06")
def _():
    return 1963 - 8, 240 * 0.35, 240 * 0.65


@solves("reading-v07")
def _():
    first = 420 - 65 - 65 / 2
    return first, first - 20 - 48 + 100 - 37, "Teruel"


@solves("reading-v08")
def _():
    new, old = 13 - 4 - 3, 13 - 4 - 8
    return new, old, round(2 * new * 0.8 + 3 * old * 0.4, 2)


@solves("reading-v09")
def _():
    present = 84 * 2 // 3 + 25
    needed = ceil(present * 2 / 3)
    return present, present - 51 - 19, needed, "aprobada" if needed <= 51 else "rechazada"


@solves("reading-v10")
def _():
    milk = 3.2 * 6.5
    assert (2 - 9) % 12 == 5
    return round(milk, 6), round(milk * 0.3, 6), "May|mayo"
