"""Dates of validation."""

from datetime import date, timedelta

from ..tools import clock, only, solves, weekday


@solves("dates-v01")
def _():
    due = date(2026, 3, 26) + timedelta(weeks=4)
    return due.isoformat(), weekday(due)


@solves("dates-v02")
def _():
    return clock("09:15", 5 * 8), clock("09:15", 5 * 8 + 4 * 60 + 52)


@solves("dates-v03")
def _():
    end = date(2027, 3, 11)
    return end.isoformat(), (end - date(2027, 2, 2)).days


@solves("dates-v04")
def _():
    local = {"Lisbon": "16:30", "Delhi": clock("16:30", 330), "Denver": clock("16:30", -420)}
    return local["Delhi"], local["Denver"], only(city for city, time in local.items() if not "08:00" <= time < "18:00")


@solves("dates-v05")
def _():
    def last(month):
        return max(day for n in range(1, 32) if (day := date(2026, month, n)).weekday() < 5)

    return last(1).isoformat(), last(5).isoformat(), (last(5) - last(1)).days


@solves("dates-v06")
def _():
    last = date(2026, 9, 8) + timedelta(days=22)
    return last.isoformat(), weekday(last)


@solves("dates-v07")
def _():
    return clock("20:10", 3 * 47 + 2 * 10), (14 - 3) * 47


@solves("dates-v08")
def _():
    one, other = (packed + timedelta(days=28) for packed in (date(2027, 1, 30), date(2027, 2, 16)))
    return one.isoformat(), other.isoformat(), "A" if one < date(2027, 3, 1) <= other else "B"


@solves("dates-v09")
def _():
    march = [date(2026, 3, n) for n in range(2, 32)]
    seventh = date(2026, 3, 2) + timedelta(days=30)
    return sum((day - march[0]).days % 5 < 3 for day in march), seventh.isoformat(), weekday(seventh)


@solves("dates-v10")
def _():
    return clock("23:35", 8 * 60 + 50), clock("23:35", 8 * 60 + 50 + 17)
