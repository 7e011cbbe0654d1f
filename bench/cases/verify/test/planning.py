"""Planning of test."""

from itertools import combinations, pairwise, permutations, product

from ..tools import clock, only, solves


@solves("planning-t01")
def _():
    daily = 260 / 13
    return daily, (260 - 5 * daily) / (13 - 5 - 3)


@solves("planning-t02")
def _():
    ready = {"pages": 8 + 12, "payments": 5 + 8}
    return max(ready.values()) + 6, ready["pages"] - ready["payments"], max(ready, key=ready.__getitem__)


@solves("planning-t03")
def _():
    bakes = {"rye": (2, 40), "rolls": (3, 25), "cake": (1, 55)}
    count_ = sum(number for number, _ in bakes.values())
    busy = {name: number * minutes for name, (number, minutes) in bakes.items()}
    return count_, sum(busy.values()) + 5 * (count_ - 1), max(busy, key=busy.__getitem__)


@solves("planning-t04")
def _():
    place = {"Arrival": "harbour", "Quarrel": "harbour", "Lesson": "studio", "Farewell": "studio"}
    rows = [r for r in permutations(place) if r[3] == "Farewell" and abs(r.index("Quarrel") - r.index("Lesson")) == 1]
    once = only(row for row in rows if sum(place[a] != place[b] for a, b in pairwise(row)) == 1)
    return " > ".join(once), len(once) + 0.5, len(rows)


@solves("planning-t05")
def _():
    things = {"tent": (4, 9), "stove": (3, 7), "rope": (5, 10), "food": (6, 12), "camera": (2, 4)}

    def weight(load):
        return sum(things[one][0] for one in load)

    def points(load):
        return sum(things[one][1] for one in load)

    every = [load for size in range(6) for load in combinations(things, size) if "food" in load and weight(load) <= 15]
    best, other = max(every, key=points), max((load for load in every if "stove" not in load), key=points)
    return points(best), points(best) - points(other), only({"tent", "rope"} - set(best))


@solves("planning-t06")
def _():
    return 72 / (3 * 2), 72 - 8 * 3 * 2


@solves("planning-t07")
def _():
    jobs = {"Sara": 5, "Tomás": 2, "Úrsula": 3}

    def waits(row):
        return sum(sum(jobs[one] for one in row[: place + 1]) for place in range(3))

    best = min(permutations(jobs), key=waits)
    return " > ".join(best), waits(best), waits(sorted(jobs, key=jobs.__getitem__, reverse=True))


@solves("planning-t08")
def _():
    without, with_ = (9000 - 1850) // 310, (9000 - 1850 - 1400) // 310
    return without, with_, round((without - with_) * 1.9, 6)


@solves("planning-t09")
def _():
    starts = [clock("10:00", 50 * n) for n in range(4)]
    rows = [
        row
        for row in permutations(("Gala", "Hilario", "Iria", "Joel"))
        for gala in [starts[row.index("Gala")]]
        if clock(starts[row.index("Iria")], 40) < "11:45"
        and row.index("Joel") in (1, 2)
        and gala >= "11:00"
        and clock(gala, 40) <= "12:25"
        and row.index("Hilario") > row.index("Joel")
    ]
    return " > ".join(only(rows)), starts[2], clock(starts[3], 40)


@solves("planning-t10")
def _():
    needs = {"Tiba": 9000, "Roca": 5000, "Lumo": 6500}
    trips = list(product(range(4), repeat=2))
    best = {
        name: min((120 * a + 70 * b, 8000 * a + 5000 * b - need) for a, b in trips if 8000 * a + 5000 * b >= need)
        for name, need in needs.items()
    }
    spare = {name: over for name, (_, over) in best.items()}
    return best["Tiba"][0], sum(cost for cost, _ in best.values()), max(spare, key=spare.__getitem__)
