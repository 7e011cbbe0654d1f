"""Tables of validation."""

from ..tools import clock, solves


@solves("tables-v01")
def _():
    final = {"Fay": 30.9, "Gil": 31.1, "Hal": 30.6}
    return min(final, key=final.__getitem__), round(32 - 30.6, 6), round(sum(final.values()) / 3, 2)


@solves("tables-v02")
def _():
    return 5 * 3.9, round(14 * 1.1 + 5 * 3.9 + 3 * 6.4, 2), round(5 * (11.2 - 3.9), 2)


@solves("tables-v03")
def _():
    old, new = (18, 15, 7, 9), (20, 17, 12, 10)
    shares = {voice: b / a for voice, a, b in zip(("Soprano", "Alto", "Tenor", "Bass"), old, new, strict=True)}
    return round(100 * (sum(new) / sum(old) - 1), 1), max(shares, key=shares.__getitem__), 21 + 13 + 8 + 9


@solves("tables-v04")
def _():
    rides = {1: (484, 527), 2: (511, 546), 3: (542, 584)}
    best = max((start, end) for start, end in rides.values() if end <= 560 - 8)
    return clock("00:00", best[0] - 16), 560 - best[1], min(end - start for start, end in rides.values())


@solves("tables-v05")
def _():
    lines = {"A": (1200, 36, 20), "B": (850, 17, 9), "C": (1400, 49, 35)}
    made, faulty, mended = (sum(column) for column in zip(*lines.values(), strict=True))
    lost = {name: (f - m) / n for name, (n, f, m) in lines.items()}
    least = min(lost, key=lost.__getitem__)
    return round(100 * faulty / made, 2), made - faulty + mended, least, faulty, faulty - mended


@solves("tables-v06")
def _():
    rain = {"Enero": (38, 71), "Febrero": (33, 46), "Marzo": (29, 40)}
    soria, huelva = (sum(column) for column in zip(*rain.values(), strict=True))
    return huelva, huelva - soria, max(rain, key=lambda month: rain[month][1] - rain[month][0])


@solves("tables-v07")
def _():
    light = (610 + 480 + 395) * 0.19
    return round(light, 2), round((18 + 21 + 27) * 1.6, 2), round(light * 0.1 + 1e-9, 2)


@solves("tables-v08")
def _():
    people = {"Taller": (6, 18, 1750), "Ventas": (11, 5, 1900), "Oficina": (9, 3, 2150)}
    women, men = sum(w for w, _, _ in people.values()), sum(m for _, m, _ in people.values())
    wages = sum((w + m) * pay for w, m, pay in people.values())
    return 100 * women / (women + men), wages, max(people, key=lambda name: people[name][0] / sum(people[name][:2]))


@solves("tables-v09")
def _():
    table = {"Llanes": (9, 6), "Mieres": (10, 2), "Navia": (8, 9)}
    points = {name: 3 * won + drawn for name, (won, drawn) in table.items()}
    two = {name: 2 * won + drawn for name, (won, drawn) in table.items()}
    assert list(two.values()).count(max(two.values())) == 1
    return points["Llanes"], points["Mieres"] + 6, max(two, key=two.__getitem__)


@solves("tables-v10")
def _():
    ends = {"Bruma": clock("17:10", 124), "El faro": clock("18:00", 96), "Nómadas": clock("19:20", 141)}
    return ends["Bruma"], 80 + 141 - 96, max(ends.values())
