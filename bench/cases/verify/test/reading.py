"""Reading of test."""

from ..tools import clock, only, solves


@solves("reading-t01")
def _():
    return 4.9, 4.9 / 2, 1899 - 1884


@solves("reading-t02")
def _():
    visitors = 4 * 310 + 2 * 2 * 310
    return visitors, visitors * 3 / 4, visitors * 3 / 4 * 9


@solves("reading-t03")
def _():
    points = {"Ruiz": 137 - 12 + 98, "Vale": 137 + 98 - 20, "Okoye": 137 - 30 + 121}
    return points["Ruiz"], points["Vale"], max(points, key=points.__getitem__)


@solves("reading-t04")
def _():
    una, walt = 48 - 5, 48 // 3 - 5
    flock = {"Una": una, "Walt": walt, "Zeb": 96 - una - walt}
    return una, walt, max(flock, key=flock.__getitem__)


@solves("reading-t05")
def _():
    late = {"408": 7 - 3 + 9 + 2, "512": 14 - 6}
    return late["408"], late["512"], only(name for name, minutes in late.items() if minutes > 10)


@solves("reading-t06")
def _():
    planted = 12 + 3 * len(range(1995, 2004))
    return planted, planted - 8, 2003 - 1994


@solves("reading-t07")
def _():
    return 30 * 0.6, 33 * 2 / 3, 30 - 33 * 2 / 3


@solves("reading-t08")
def _():
    total = 12 + 35 + 15 + 18
    return 230 - 50, clock("16:40", total), clock("16:40", total + 10)


@solves("reading-t09")
def _():
    got = {"Matilde": 3000 + 2 * 3000, "Crisanto": 5500 + 800, "Leandro": 7200 - 950}
    return got["Matilde"], got["Leandro"], min(got, key=got.__getitem__)


@solves("reading-t10")
def _():
    each = 1350 / (48 + 60 + 27)
    return each, each * (60 + 9), each * 9 / 60
