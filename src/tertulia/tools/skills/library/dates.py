"""Dates, times and weekdays as people write them, in English and Spanish."""

import re
from datetime import datetime, timedelta, timezone

_MONTHS = {
    "jan": 1, "ene": 1, "feb": 2, "mar": 3, "apr": 4, "abr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "ago": 8,
    "sep": 9, "set": 9, "oct": 10, "nov": 11, "dec": 12, "dic": 12,
}  # fmt: skip
_ZONES = {
    "utc": 0, "gmt": 0, "z": 0, "wet": 0, "west": 60, "bst": 60, "cet": 60, "cest": 120, "eet": 120, "eest": 180,
    "msk": 180, "ist": 330, "jst": 540, "est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420, "mdt": -360,
    "pst": -480, "pdt": -420, "art": -180, "brt": -180,
}  # fmt: skip
_DAYS = {
    "en": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    "es": ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
}


def when(text, zone=""):
    """The moment that a text names; a time alone is of 1 January 2000, and a date alone is its midnight.

    `31/12/2025` has the day first unless that cannot be. With an offset or a zone, as in `+0200`, `UTC-3` or `EST`,
    the moment knows it. Raises ValueError if no date and no time is found.
    """
    low = text.lower().replace("a. m.", "am").replace("p. m.", "pm").replace("a.m.", "am").replace("p.m.", "pm")
    year, month, day, rest = _date(low)
    hour, minute, second, micro, rest = _time(rest)
    if not year and hour < 0:
        raise ValueError("no date or time in " + repr(text))
    if not year:
        year, month, day = 2000, 1, 1
    if hour < 0:
        hour = 0
    moment = datetime(year, month, day, hour, minute, second, micro)
    offset = _offset(rest if not zone else zone.lower())
    return moment if offset is None else moment.replace(tzinfo=timezone(timedelta(minutes=offset)))


def _date(text):
    """Year (0 if there is none), month, day, and the text without them."""
    found = re.search(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", text)
    if found:
        return int(found.group(1)), int(found.group(2)), int(found.group(3)), text.replace(found.group(0), " ")
    found = re.search(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})", text)
    if found:
        day, month = int(found.group(1)), int(found.group(2))
        if month > 12:
            day, month = month, day
        return int(found.group(3)), month, day, text.replace(found.group(0), " ")
    name = r"([a-záéíóú]{3,10})\.?"
    for pattern, order in (
        (r"(\d{1,2})(?:st|nd|rd|th|º)?\s+(?:de\s+|of\s+)?" + name + r"(?:\s+de(?:l)?|,)?\s+(\d{4})", (3, 2, 1)),
        (name + r"\s+(\d{1,2})(?:st|nd|rd|th)?\s*,?\s+(?:\d{1,2}:\d{2}\S*\s+(?:[+-]\d{4}\s+)?)?(\d{4})", (3, 1, 2)),
    ):
        for found in re.finditer(pattern, text):
            month = _MONTHS.get(found.group(order[1])[:3], 0)
            if month:
                year, day = int(found.group(order[0])), int(found.group(order[2]))
                inner = re.search(r"\d{1,2}:\d{2}\S*(?:\s+[+-]\d{4})?", found.group(0))
                return year, month, day, text.replace(found.group(0), " " + (inner.group(0) if inner else "") + " ")
    return 0, 1, 1, text


def _time(text):
    """Hour (-1 if there is none), minute, second, microsecond, and the text without them."""
    found = re.search(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,6}))?)?\s*(am|pm)?", text)
    if not found:
        found = re.search(r"\b(\d{1,2})()()()\s*(am|pm)\b", text)
    if not found:
        return -1, 0, 0, 0, text
    hour, half = int(found.group(1)), found.group(5)
    if half == "pm" and hour < 12:
        hour += 12
    if half == "am" and hour == 12:
        hour = 0
    micro = int(((found.group(4) or "0") + "000000")[:6])
    return hour, int(found.group(2) or 0), int(found.group(3) or 0), micro, text.replace(found.group(0), " ")


def _offset(text):
    """Minutes east of Greenwich; None if the text does not say."""
    found = re.search(r"([+-])(\d{1,2}):?(\d{2})?(?!\d)", text)
    if found:
        minutes = int(found.group(2)) * 60 + int(found.group(3) or 0)
        return -minutes if found.group(1) == "-" else minutes
    for word in re.findall(r"[a-z]+", text):
        if word in _ZONES:
            return _ZONES[word]
    return None


def between(start, end):
    """The time from one moment to another, each a text or a datetime; an end earlier in the day is of the next day."""
    if isinstance(start, str):
        start = when(start)
    if isinstance(end, str):
        end = when(end)
    if (start.tzinfo is None) != (end.tzinfo is None):
        start, end = start.replace(tzinfo=None), end.replace(tzinfo=None)
    gap = end - start
    if gap < timedelta(0) and start.year == 2000 and end.year == 2000:
        gap += timedelta(days=1)
    return gap


def hms(gap, decimals=0):
    """A time span, or a number of seconds, as `HH:MM:SS`, with decimals of a second if they are asked for."""
    seconds = gap.total_seconds() if isinstance(gap, timedelta) else gap
    sign, units = ("-", -seconds) if seconds < 0 else ("", seconds)
    ticks = round(units * 10**decimals)
    whole, part = divmod(ticks, 10**decimals)
    text = f"{sign}{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return text + ("." + str(part).rjust(decimals, "0") if decimals else "")


def weekday(day, language="en"):
    """The name of a day of the week; the day is a text or a date."""
    if isinstance(day, str):
        day = when(day)
    return _DAYS[language][day.weekday()]


def is_leap(year):
    """Whether a year of the Gregorian calendar has 366 days."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
