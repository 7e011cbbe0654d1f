"""Tables of train."""

from ..tools import solves


@solves("tables-r01")
def _():
    wards = {"North": (28, 21), "South": (36, 33), "East": (24, 12)}
    free = sum(beds - taken for beds, taken in wards.values())
    return free, max(wards, key=lambda name: wards[name][1] / wards[name][0])


@solves("tables-r02")
def _():
    return 42 + 31 + 65, round((42 + 31 + 65) * 0.3, 6)


@solves("tables-r03")
def _():
    left = {"Mon": 64 * 0.6 + 112 * 1.1 - 120, "Tue": 58 * 0.6 + 97 * 1.1 - 120, "Wed": 71 * 0.6 + 120 * 1.1 - 120}
    least = min(left, key=left.__getitem__)
    return round((64 + 58 + 71) * 0.6, 6), least, round(left[least], 6)


@solves("tables-r04")
def _():
    worth = {"Peras": 12 * 1.8, "Uvas": 9 * 2.6, "Higos": 4 * 5.5}
    return round(worth["Uvas"], 6), max(worth, key=worth.__getitem__), 12 + 9 + 4


@solves("tables-r05")
def _():
    goals = {"2021": (34, 19), "2022": (27, 26), "2023": (41, 22), "2024": (38, 31)}
    return sum(map(sum, goals.values())) / 4, min(goals, key=lambda year: goals[year][0] - goals[year][1])


@solves("tables-r06")
def _():
    return 4 * 7.5, 7.5 * 12 * (2 + 1.25), 10 / 5
