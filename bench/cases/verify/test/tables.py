"""Tables of test."""

from itertools import pairwise, permutations
from math import ceil

from ..tools import only, solves


@solves("tables-t01")
def _():
    return 46 + 39 + 51, (13 + 22 + 17) * 18, "apples" if 39 * 14 > 22 * 18 else "plums"


@solves("tables-t02")
def _():
    def price(day, free, more):
        return round(4 * day + max(0, 900 - 4 * free) * more, 2)

    return price(29, 150, 0.18), price(55, 100, 0.3), price(41, 200, 0.22) - price(29, 150, 0.18)


@solves("tables-t03")
def _():
    means = {"Nell": (14 + 17 + 22) / 4, "Omar": (12 + 15 + 32) / 4, "Pia": (19 + 13 + 24) / 4}
    return means["Nell"], means["Omar"], max(means, key=means.__getitem__)


@solves("tables-t04")
def _():
    servers = {"s1": (48000, 96), "s2": (52500, 420), "s3": (39500, 79), "s4": (60000, 90)}
    out = only(name for name, (asked, errors) in servers.items() if errors / asked > 0.005)
    more = servers[out][0] / 3
    return out, more, max(asked for name, (asked, _) in servers.items() if name != out) + more


@solves("tables-t05")
def _():
    bella = (38 + 27 + 12) * 0.9
    total = 38 + 27 + 38 + 95 + 12 + bella
    return round(bella, 2), round(total, 2), ceil(total / 38)


@solves("tables-t06")
def _():
    aboard, after = 0, {}
    for stop, on, off in (("Estación", 23, 0), ("Mercado", 14, 6), ("Hospital", 5, 17), ("Campus", 8, 20)):
        aboard += on - off
        after[stop] = aboard
    return after["Mercado"], after["Campus"], max(after, key=after.__getitem__), after["Hospital"], 23 + 14 + 5 + 8


@solves("tables-t07")
def _():
    total = 3.5 * 380 + 1.2 * 650 + 0.8 * 320 + 0.5 * 300
    return 350 + 120 + 80 + 50, total, round(total / 600 * 45, 1)


@solves("tables-t08")
def _():
    weeks = {"Primera": (2400, 60), "Segunda": (3150, 63), "Tercera": (2800, 84)}
    best = max(weeks, key=lambda week: weeks[week][1] / weeks[week][0])
    return 100 * 63 / 3150, best, sum(bought for _, bought in weeks.values()) * 34


@solves("tables-t09")
def _():
    far = {("Lugo", "Ponte"): 96, ("Lugo", "Riaño"): 210, ("Lugo", "Sama"): 188}
    far |= {("Ponte", "Riaño"): 245, ("Ponte", "Sama"): 170, ("Riaño", "Sama"): 84}

    def length(row):
        return sum(far[min(a, b), max(a, b)] for a, b in pairwise(("Lugo", *row, "Lugo")))

    rows = list(permutations(("Ponte", "Riaño", "Sama")))
    best = min(map(length, rows))
    order = only(row for row in rows if length(row) == best and row[0] == "Ponte")
    return best, max(map(length, rows)), " > ".join(order)


@solves("tables-t10")
def _():
    paid = {"Adela": 264, "Blas": 91, "Candela": 0, "Dario": 125}
    each = sum(paid.values()) / 4
    return each, paid["Adela"] - each, only(name for name, sum_ in paid.items() if sum_ > each and name != "Adela")


@solves("tables-t11")
def _():
    return 6 + 8 + 7, 16 - 4, 15 - 5
