"""Logic of test."""

from itertools import combinations, permutations

from ..tools import only, solves


@solves("logic-t01")
def _():
    elder, younger = only((a, b) for a in range(40) for b in range(40) if a + b == 31 and a - b == 7)
    return elder, younger, elder * younger


@solves("logic-t02")
def _():
    every = permutations(("blue", "green", "red", "yellow"))
    rows = [r for r in every if r.index("green") < r.index("red") < r.index("blue")]
    order = only(r for r in rows if r[0] != "yellow" != r[3] and r[2] != "blue" and r.index("yellow") > r.index("red"))
    return " > ".join(order), len(rows)


@solves("logic-t03")
def _():
    codes = [c for c in combinations(range(10), 3) if sum(c) == 15]
    return len(codes), max(100 * a + 10 * b + c for a, b, c in codes), sum(9 in c for c in codes)


@solves("logic-t04")
def _():
    ways = list(permutations(("cap", "beret", "fez")))

    def fits(hats):
        says = (hats[1] == "cap", hats[1] != "cap")
        return all(claim == (hats[person] != "fez") for person, claim in enumerate(says))

    hats, names = only(way for way in ways if fits(way)), ("Kay", "Lem", "Mo")
    return names[hats.index("fez")], names[hats.index("cap")], sum(way[1] == "cap" for way in ways)


@solves("logic-t05")
def _():
    def safe(bank):
        return "farmer" in bank or not {"goat"} < bank

    everybody = frozenset(("farmer", "wolf", "goat", "cabbage"))
    plans = [[(everybody, "")]]
    while not (done := [plan for plan in plans if not plan[-1][0]]):
        longer = []
        for plan in plans:
            here = plan[-1][0]
            side = here if "farmer" in here else everybody - here
            for cargo in ("", *sorted(side - {"farmer"})):
                moved = {"farmer", cargo} - {""}
                after = here - moved if "farmer" in here else here | moved
                if safe(after) and safe(everybody - after) and after not in [bank for bank, _ in plan]:
                    longer.append([*plan, (after, cargo)])
        plans = longer
    loads = [[cargo for _, cargo in plan[1:]] for plan in done]
    often = only(max(("wolf", "goat", "cabbage"), key=load.count) for load in loads)
    return len(loads[0]), often, only(load.count("") for load in loads)


@solves("logic-t06")
def _():
    one = 2 * 37 + 9
    return one, sum(map(int, str(one))), "primo" if all(one % n for n in range(2, one)) else "compuesto"


@solves("logic-t07")
def _():
    union = 22 + 17 + 9 - 6 - 4 - 3 + 2
    return union, 45 - union, 22 - 6 - 4 + 2


@solves("logic-t08")
def _():
    every = [100 * a + 10 * b + c for a, b, c in permutations(range(1, 6), 3)]
    return len(every), sum(n % 3 == 0 for n in every), max(n for n in every if n % 2 == 0)


@solves("logic-t09")
def _():
    labels = ("manzanas", "peras", "mezcla")
    wrong = [inside for inside in permutations(labels) if all(a != b for a, b in zip(labels, inside, strict=True))]
    inside = only(row for row in wrong if row[2] != "manzanas")
    return inside[2], inside[1], len(wrong)


@solves("logic-t10")
def _():
    def crossing(here, side):
        if not here:
            return 0
        if side == 0:
            return min(max(a, b) + crossing(here - {a, b}, 1) for a, b in combinations(sorted(here), 2))
        back = frozenset((1, 3, 6, 10)) - here
        return min(one + crossing(here | {one}, 0) for one in back)

    return crossing(frozenset((1, 3, 6, 10)), 0), 5, 3 + 1 + 6 + 1 + 10
