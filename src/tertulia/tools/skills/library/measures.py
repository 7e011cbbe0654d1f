"""Units, money and schedules."""

from decimal import ROUND_HALF_UP, Decimal

_UNITS = {
    "length": {"mm": 0.001, "cm": 0.01, "dm": 0.1, "m": 1, "km": 1000, "in": 0.0254, "inch": 0.0254, "ft": 0.3048,
               "foot": 0.3048, "feet": 0.3048, "yd": 0.9144, "yard": 0.9144, "mi": 1609.344, "mile": 1609.344},
    "mass": {"mg": 0.000001, "g": 0.001, "kg": 1, "t": 1000, "tonne": 1000, "oz": 0.028349523125, "lb": 0.45359237,
             "pound": 0.45359237},
    "volume": {"ml": 0.001, "cl": 0.01, "dl": 0.1, "l": 1, "litre": 1, "liter": 1, "m3": 1000, "cm3": 0.001,
               "gal": 3.785411784, "gallon": 3.785411784, "pint": 0.473176473, "cup": 0.2365882365},
    "time": {"ms": 0.001, "s": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "day": 86400,
             "week": 604800},
    "area": {"cm2": 0.0001, "m2": 1, "ha": 10000, "hectare": 10000, "km2": 1000000, "acre": 4046.8564224},
    "speed": {"m/s": 1, "km/h": 1 / 3.6, "mph": 0.44704, "knot": 1852 / 3600},
    "energy": {"j": 1, "kj": 1000, "wh": 3600, "kwh": 3600000, "cal": 4.184, "kcal": 4184},
    "data": {"bit": 1 / 8, "byte": 1, "kb": 1000, "mb": 1000000, "gb": 1000000000, "tb": 1000000000000,
             "kib": 1024, "mib": 1048576, "gib": 1073741824},
}  # fmt: skip


def convert(amount, unit, into):
    """An amount in another unit of the same kind: convert(3, "km", "m") is 3000; of temperatures too: "C", "F", "K".

    Raises ValueError if the units are not of one kind.
    """
    if unit in ("C", "F", "K", "°C", "°F") and into in ("C", "F", "K", "°C", "°F"):
        return _degrees(amount, unit[-1], into[-1])
    unit, into = _singular(unit), _singular(into)
    for kind in _UNITS.values():
        if unit in kind and into in kind:
            value = amount * kind[unit] / kind[into]
            return round(value) if abs(value - round(value)) < 1e-9 * max(1, abs(value)) else value
    raise ValueError(unit + " cannot be given in " + into)


def _singular(unit):
    unit = unit.lower().replace("²", "2").replace("³", "3")
    for kind in _UNITS.values():
        if unit in kind:
            return unit
    return unit[:-1] if unit.endswith("s") else unit


def _degrees(amount, unit, into):
    celsius = amount if unit == "C" else (amount - 32) * 5 / 9 if unit == "F" else amount - 273.15
    return celsius if into == "C" else celsius * 9 / 5 + 32 if into == "F" else celsius + 273.15


def cents(amount):
    """Money rounded to two decimals, halves away from zero, as a float."""
    return float(Decimal(str(amount)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))


def compound(principal, percent, periods):
    """What a sum grows to at so many per cent a period."""
    return principal * (1 + percent / 100) ** periods


def instalment(principal, percent, periods):
    """The equal payment at the end of each period that pays a loan off, at so many per cent a period."""
    rate = percent / 100
    return principal / periods if rate == 0 else principal * rate / (1 - (1 + rate) ** -periods)


def loan(principal, percent, periods):
    """The rows of a loan paid off in equal instalments: (period, payment, interest, repaid, still owed)."""
    payment, owed, rows = instalment(principal, percent, periods), principal, []
    for period in range(1, periods + 1):
        interest = owed * percent / 100
        owed -= payment - interest
        rows.append((period, payment, interest, payment - interest, max(0.0, owed)))
    return rows


def finishes(durations, needs=None):
    """When each task is finished at the earliest, if it starts as soon as all that it needs is done.

    finishes({"a": 3, "b": 2}, {"b": ["a"]}) is {"a": 3, "b": 5}; the largest is when all is done.
    """
    done = {}
    while len(done) < len(durations):
        before = len(done)
        for task, duration in durations.items():
            wanted = (needs or {}).get(task, [])
            if task not in done and all(need in done for need in wanted):
                done[task] = max([done[need] for need in wanted], default=0) + duration
        if len(done) == before:
            raise ValueError("these wait for each other: " + ", ".join(task for task in durations if task not in done))
    return done


def free(busy, start, end):
    """The times between `start` and `end` that nothing takes: pairs of begin and end, as `busy` has them."""
    gaps, at = [], start
    for begin, finish in sorted(busy):
        if begin > at:
            gaps.append((at, min(begin, end)))
        at = max(at, finish)
    if at < end:
        gaps.append((at, end))
    return [(a, b) for a, b in gaps if a < b]
