"""Units of test."""

from math import ceil

from ..tools import solves


@solves("units-t01")
def _():
    return round(6 * 0.9144, 6), int(6 * 0.9144 // 1.8)


@solves("units-t02")
def _():
    feet = 35000 - 1200
    return round(feet * 0.3048), feet / 26, round(feet * 0.3048 / 26 / 60, 1)


@solves("units-t03")
def _():
    tins = {"Mera": ceil(130 / 11 / 2.5), "Nord": ceil(130 / 9 / 6)}
    left = {"Mera": tins["Mera"] * 2.5 - 130 / 11, "Nord": tins["Nord"] * 6 - 130 / 9}
    return tins["Mera"], tins["Nord"], max(left, key=left.__getitem__)


@solves("units-t04")
def _():
    fell = 14 * 9 * 38
    pond = fell * 0.9 - 2500
    return fell, pond, round(pond / 20, 1)


@solves("units-t05")
def _():
    return 750 // 4, 750 % 4


@solves("units-t06")
def _():
    return 3 * 7.5, int(200 // 7.5)


@solves("units-t07")
def _():
    water = 32000 * 45 / 1000
    return water, water / 60, water / 60 * 11


@solves("units-t08")
def _():
    car = 390 / 100 * 6.1 * 2.3
    each = {"coche": car / 2, "tren": 0.028 * 390}
    figures = round(car, 2), round(car / 2, 2), round(each["tren"], 2)
    return *figures, min(each, key=each.__getitem__), round(car / 2 - each["tren"], 2)


@solves("units-t09")
def _():
    bread = {"harina": 23500 // 250, "agua": 14000 // 165}
    return bread["harina"], bread["agua"], min(bread, key=bread.__getitem__), (23500 - 250 * min(bread.values())) / 1000


@solves("units-t10")
def _():
    fast, slow = 740.8 / (16 * 1.852), 740.8 / (12 * 1.852)
    return round(fast, 6), round(fast * 1.9, 6), round(fast * 1.9 - slow * 0.9, 2)
