"""Dates of train."""

from datetime import date, datetime, timedelta

from ..tools import clock, days, solves, weekday


@solves("dates-01")
def _():
    last = date(2026, 3, 9) + timedelta(days=44)
    return last.isoformat(), weekday(last)


@solves("dates-02")
def _():
    all_days = [date(2025, 12, 15) + timedelta(days=n) for n in range(90)]
    return all_days[-1].isoformat(), sum(day.year == 2026 for day in all_days)


@solves("dates-03")
def _():
    arrival = clock("18:40", 7 * 60 + 25 + 6 * 60)
    wait = datetime.fromisoformat("2026-01-01T11:10") - datetime.fromisoformat(f"2026-01-01T{arrival}")
    return arrival, wait.seconds / 60


@solves("dates-04")
def _():
    between = (date(2024, 7, 1) - date(2024, 2, 10)).days
    return between, between // 7


@solves("dates-05")
def _():
    day, birthday = date(2027, 2, 3), date(2027, 5, 14)
    return day.year - 1988 - (day < birthday), (birthday - day).days


@solves("dates-06")
def _():
    day = date(2026, 1, 5) + timedelta(days=4 * 18)
    return day.isoformat(), weekday(day)


@solves("dates-07")
def _():
    classes = [day for day, _ in zip(days(date(2026, 9, 7)), range(120), strict=False) if day.weekday() in (0, 3)]
    return classes[14].isoformat(), sum(day.month == 10 for day in classes)


@solves("dates-08")
def _():
    working = [day for n in range(1, 32) if (day := date(2026, 5, n)).weekday() < 5 and n != 1]
    return len(working), len(working) * 7.5


@solves("dates-09")
def _():
    sixth = datetime(2026, 6, 3, 6, 15) + 5 * timedelta(hours=8, minutes=30)
    return sixth.strftime("%H:%M"), sixth.date().isoformat()


@solves("dates-10")
def _():
    due = date(2026, 2, 17) + timedelta(days=21)
    late = (date(2026, 3, 19) - due).days
    return due.isoformat(), late, round(late * 0.35, 2)


@solves("dates-11")
def _():
    number = date(2028, 10, 15).timetuple().tm_yday
    return number, date(2028, 12, 31).timetuple().tm_yday - number
