"""Logic of validation."""

from itertools import permutations, product

from ..tools import only, solves


@solves("logic-v01")
def _():
    one = only(n for n in range(51, 80, 1) if n % 7 == 0 and sum(map(int, str(n))) == 9)
    return one, one**2


@solves("logic-v02")
def _():
    every = permutations(("Ada", "Bo", "Cy", "Di", "Ed"))
    rows = [row for row in every if row[2] == "Cy" and row.index("Ada") == row.index("Di") + 1]
    order = only(row for row in rows if row[4] != "Ed" and row.index("Bo") < row.index("Ed"))
    return " > ".join(order), sum(len({row[place] for row in rows}) == 1 for place in range(5))


@solves("logic-v03")
def _():
    both = 83 + 96 - (150 - 12)
    return both, 83 - both, 83 + 96 - 2 * both


@solves("logic-v04")
def _():
    def truths(who):
        return who == "Greta", who == "Hugo", who != "Hugo"

    names = ("Finn", "Greta", "Hugo")
    who = only(name for name in names if sum(truths(name)) == 2)
    return who, names[truths(who).index(False)], sum(sum(truths(name)) == 1 for name in names)


@solves("logic-v05")
def _():
    flags = [f for f in product("rwg", repeat=3) if f[0] != f[1] != f[2]]
    return len(flags), sum(len(set(f)) == 3 for f in flags)


@solves("logic-v06")
def _():
    one = only(n for n in range(1000) if 4 * n - 18 == 50)
    return one, one % 6


@solves("logic-v07")
def _():
    seats = [("Alma", *rest) for rest in permutations(("Bruno", "Clara", "Diego", "Eva", "Félix"))]  # to the right
    seats = [s for s in seats if s[3] == "Bruno" and s[1] == "Clara"]
    final = [s for s in seats if s[4] == "Diego" and s[2] != "Eva"]
    return only(s[(s.index("Eva") + 3) % 6] for s in final), len({s[5] for s in seats})


@solves("logic-v08")
def _():
    return 3 + 1, 9 + 7 + 2, 9 + 7 + 1


@solves("logic-v09")
def _():
    worlds = [
        (jobs, towns)
        for jobs in permutations(("médico", "panadero", "sastre"))
        for towns in permutations(("Ávila", "Burgos", "Cádiz"))
        if towns[jobs.index("panadero")] == "Cádiz" and towns[0] != "Burgos" and jobs[0] != "sastre"
    ]
    found = [(jobs, towns) for jobs, towns in worlds if towns[1] == "Ávila"]
    return only(jobs[0] for jobs, _ in found), only(towns[2] for _, towns in found), len(worlds)


@solves("logic-v10")
def _():
    players = only(n for n in range(2, 50) if n * (n - 1) // 2 == 36)
    return players, (36 - 10) * 3 + 10 * 2, (players - 2) * 3
