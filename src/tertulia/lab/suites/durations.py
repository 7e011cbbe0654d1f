"""How long it is from one moment of a question to the next, in whole milliseconds."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
BETWEEN = re.compile(
    r"(?: between | from |started at |departed at |began at )(?P<start>.+?)"
    r"(?: and (?:ended at |completed at |arrived at )?| to )(?P<end>.+?)[.?] (?:A|.*\b(?:answer|Give|Express|How|What))"
)
FORM = re.compile(r"(HH:MM:SS\.mmm|D days, HH:MM:SS|D days, HH:MM|D days|HH:MM:SS|HH:MM)\.?\s*$")
CLOCK = re.compile(r"(?<![\d:+-])(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{3}))?)?(?![\d:])")
ZONE = re.compile(r"(?<=[\d)] )([+-])(\d{2})(\d{2})$")
ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
SLASHED = re.compile(r"\b(\d{2})/(\d{2})/(\d{4})\b")
NAMED = re.compile(r"\b([A-Z][a-z]{2,8}) (\d{2}),? (\d{4})\b|\b(\d{2}) ([A-Z][a-z]{2,8}),? (\d{4})\b")
NO_DAY = datetime(2000, 1, 1)
"""Where a question gives times alone."""


def durations(question: str) -> set[str]:
    """All that the question may ask for, in its own form; empty if it cannot be read or time would run backwards.

    `03/04/2026` is read both ways, as long as both moments are read the same way.
    """
    asked, form = BETWEEN.search(question), FORM.search(question)
    if asked is None or form is None:
        return set()
    found = set()
    for day_first in (False, True):
        start, end = moment(asked["start"], day_first), moment(asked["end"], day_first)
        if start is not None and end is not None and start <= end:
            found.add(written(end - start, form[1]))
    return found


def moment(text: str, day_first: bool) -> datetime | None:
    """The moment of a text, in UTC if it has a zone; None if there is none."""
    day, clock, zone = date_of(text, day_first), CLOCK.search(text), ZONE.search(text)
    if day is None and (clock is None or re.search(r"\d{4}", text)):
        return None
    parts = [int(part or 0) for part in clock.groups()] if clock else [0, 0, 0, 0]
    here = (day or NO_DAY) + timedelta(hours=parts[0], minutes=parts[1], seconds=parts[2], milliseconds=parts[3])
    if zone is None:
        return here
    offset = timedelta(hours=int(zone[2]), minutes=int(zone[3]))
    return here - offset if zone[1] == "+" else here + offset


def date_of(text: str, day_first: bool) -> datetime | None:
    """The day of a text; None if it has none, or one that is in no calendar."""
    if iso := ISO.search(text):
        parts = [int(part) for part in iso.groups()]
    elif slashed := SLASHED.search(text):
        one, other, year = (int(part) for part in slashed.groups())
        parts = [year, other, one] if day_first else [year, one, other]
    elif named := NAMED.search(text):
        month, day = (named[1], named[2]) if named[1] else (named[5], named[4])
        parts = [int(named[3] or named[6]), MONTHS.index(month[:3]) + 1, int(day)]
    else:
        return None
    try:
        return datetime(*parts)  # type: ignore[arg-type]
    except ValueError:
        return None


def written(duration: timedelta, form: str) -> str:
    """The duration as the question wants it; what the form has no room for is dropped."""
    days = duration.days if form.startswith("D days") else 0
    minutes, thousandths = divmod((duration - timedelta(days=days)) // timedelta(milliseconds=1), 60_000)
    clock = f"{minutes // 60:02d}:{minutes % 60:02d}"
    for mark, more in ((":SS", f":{thousandths // 1000:02d}"), (".mmm", f".{thousandths % 1000:03d}")):
        clock += more if mark in form else ""
    if form == "D days":
        return f"{days} days"
    return f"{days} days, {clock}" if form.startswith("D days") else clock
