"""Planning of validation."""

from itertools import pairwise, permutations, product
from math import ceil

from ..tools import clock, only, solves


@solves("planning-v01")
def _():
    return clock("17:00", -255), clock("17:00", -305)


@solves("planning-v02")
def _():
    def done(editing):
        return max(editing + 5, 6) + 8 + 3

    return done(10), 10 + 5 - 6, done(6)


@solves("planning-v03")
def _():
    jobs = {"bracket": (4, 5), "gear": (3, 14), "shaft": (6, 11)}

    def ends(row):
        return [sum(jobs[one][0] for one in row[: place + 1]) for place in range(3)]

    def in_time(row):
        return all(end <= jobs[one][1] for one, end in zip(row, ends(row), strict=True))

    order = only(row for row in permutations(jobs) if in_time(row))
    return " > ".join(order), ends(order)[-1], 11 - ends(order)[order.index("shaft")]


@solves("planning-v04")
def _():
    can = {"Ravi": (0, 1, 4), "Sol": (1, 2), "Tess": (0, 3, 4)}
    rotas = [
        rota
        for rota in product(can, repeat=5)
        if all(day in can[name] for day, name in enumerate(rota))
        and all(rota.count(name) <= 2 for name in can)
        and not any(a == b == "Tess" for a, b in pairwise(rota))
    ]
    return only(rota[2] for rota in rotas), only(rota[3] for rota in rotas), len(rotas)


@solves("planning-v05")
def _():
    made = [(t, c) for t in range(41) for c in range(41 - t) if 5 * t + 2 * c <= 90]
    tables, chairs = max(made, key=lambda one: 70 * one[0] + 30 * one[1])
    return tables, chairs, 70 * tables + 30 * chairs


@solves("planning-v06")
def _():
    return 1170 / 6 - 45, 1170 / 6 * 4


@solves("planning-v07")
def _():
    costs = {"Olmo": 34 * 40, "Pino": 29 * 40 + 260, "Sauce": 38 * 40 * 0.9}
    best = min(costs, key=costs.__getitem__)
    return costs["Olmo"], costs["Sauce"], 1500 - costs[best], best


@solves("planning-v08")
def _():
    span = 9 - 3 + 1
    extra = ceil((54 - 6 * span) / 6)
    return span, extra, extra * 180


@solves("planning-v09")
def _():
    def whole(bath):
        return 12 + 15 + max(9, bath) + 4

    return whole(8), 15 - 5, whole(11), "baño" if 11 > 9 else "tejado", whole(8) - 15 + 11


@solves("planning-v10")
def _():
    rows = [
        row
        for row in permutations(("Mar", "Luz", "Oro", "Voz"))
        if row[1] == "Mar" and row[0] != "Voz" and row.index("Oro") > row.index("Luz") + 1
    ]
    return " > ".join(only(row for row in rows if row.index("Voz") < row.index("Oro"))), len(rows)
