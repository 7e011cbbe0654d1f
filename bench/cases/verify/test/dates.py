"""Dates of test."""

from datetime import date, timedelta
from math import lcm

from ..tools import clock, days, solves, weekday


@solves("dates-t01")
def _():
    day = date(2025, 11, 19) + timedelta(days=100)
    return day.isoformat(), weekday(day)


@solves("dates-t02")
def _():
    starts = [n * 75 for n in range(20) if n * 75 < 8 * 60]
    return clock("21:30", starts[3]), len(starts)


@solves("dates-t03")
def _():
    sale = date(2026, 6, 6) - timedelta(days=90)
    return sale.isoformat(), clock("12:00", 11 * 60), weekday(sale)


@solves("dates-t04")
def _():
    mondays = [next(day for day in days(date(2026, month, 1)) if day.weekday() == 0) for month in (10, 11, 12)]
    closed = {*mondays, date(2026, 12, 25), date(2026, 12, 26)}
    return mondays[0].isoformat(), len(closed), weekday(date(2026, 12, 25))


@solves("dates-t05")
def _():
    hourly = (940 - 790) / 3.75
    return hourly, clock("07:20", (940 - 500) / hourly * 60), round(940 + hourly * 7 / 3)


@solves("dates-t06")
def _():
    last = date(2026, 7, 14) + timedelta(days=179)
    return last.isoformat(), weekday(last)


@solves("dates-t07")
def _():
    out = (16 * 60 + 40) - (12 * 60 + 25) - 60
    return out, clock("18:15", out + 25 - 60)


@solves("dates-t08")
def _():
    sessions = [day for n in range(12) if (day := date(2026, 1, 13) + timedelta(weeks=n)) != date(2026, 2, 17)][:10]
    assert sessions[-1].month == 3
    return sessions[4].isoformat(), sessions[-1].isoformat(), "March|marzo"


@solves("dates-t09")
def _():
    every = lcm(14, 18)
    flashes = {"Norte": 3600 // 14, "Sur": 3600 // 18}
    return every, 3600 // every + 1, max(flashes, key=flashes.__getitem__)


@solves("dates-t10")
def _():
    return clock("20:30", 75), clock("20:30", 75 + 70)
