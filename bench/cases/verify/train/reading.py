"""Reading of train."""

from itertools import count

from ..tools import clock, only, solves


@solves("reading-01")
def _():
    doubled = 2 * 214
    return doubled, doubled - 37 + 12 * len(range(1978, 1991)), 1977 - 1931


@solves("reading-02")
def _():
    south = 12_400 * 1.25
    return south, south - 3300, 12_400 * 0.92 + south + south - 3300


@solves("reading-03")
def _():
    minute = next(minute for minute in count(6 * 60 + 10, 25) if minute >= 7 * 60 + 32)
    return clock("00:00", minute), clock("00:00", minute + 35)


@solves("reading-04")
def _():
    ivo = only(age for age in range(100) if age + 14 + 5 == 2 * (age + 5))
    return ivo + 14, ivo, 5 * ivo


@solves("reading-05")
def _():
    return round(780 * 1.04, 2), round(780 * 1.04 * 1.025, 2), 2 * 780 - 310


@solves("reading-06")
def _():
    answered = 640 * 5 / 8
    return answered, answered * 0.7, answered * 0.7 * 0.85


@solves("reading-07")
def _():
    total = 340 + 90 + 2 * 90
    return total, total * 2 / 5, total * 3 / 5


@solves("reading-08")
def _():
    return 1894 + 7, 1894 + 7 + 38, 1986 - 1894 - 7


@solves("reading-09")
def _():
    due, paid = 24 * 65, (24 - 4 - 2) * 65 + 2 * 65 / 2
    return paid, paid - 1180, due - paid


@solves("reading-10")
def _():
    walked = 4.5 + 6.2 + 3.8
    return walked, clock("07:20", walked / 5 * 60 + 2 * 25)


@solves("reading-11")
def _():
    votes = 5200 * 0.65
    valid = votes - 120
    first = valid * 0.45
    return votes, valid, first, first * 2 / 3, valid - first - first * 2 / 3
