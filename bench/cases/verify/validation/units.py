"""Units of validation."""

from math import ceil

from ..tools import solves


@solves("units-v01")
def _():
    return 190000 // 8750, 190000 % 8750


@solves("units-v02")
def _():
    metres = 1650 * 0.9144
    return round(metres, 1), round(22 * 60 / metres * 100, 1), round(metres / 22 * 60)


@solves("units-v03")
def _():
    used = {"fridge": 0.095 * 8, "kettle": 2.2 * 0.3}
    return round(used["fridge"], 6), round(used["kettle"], 6), max(used, key=used.__getitem__)


@solves("units-v04")
def _():
    litres = 90 * 40 * 44 / 1000
    weight = litres * 1.025 + 31
    return litres, round(weight, 1), round(200 - weight, 1)


@solves("units-v05")
def _():
    return 450 / 12 * 40 / 1000, 225 / 12 * 40


@solves("units-v06")
def _():
    return 0.3 * 5, int(12.5 // 1.5)


@solves("units-v07")
def _():
    salt = 2500 / 100 * 0.9
    return salt, ceil(salt / 4), (ceil(salt / 4) * 4 - salt) * 1000


@solves("units-v08")
def _():
    height = 12600 * 0.065
    return height, 12.6 / (54 / 60), round(height / 54, 2)


@solves("units-v09")
def _():
    size = 4.8 * 8000
    total = {"casa": size / 120, "biblioteca": size / 400 + 12 * 60}
    return size / 120, size / 400, min(total, key=total.__getitem__)


@solves("units-v10")
def _():
    cubic = 3.14 * 2**2 * 1.1
    hours = cubic * 1000 / 22 / 60
    return round(cubic * 1000, 6), round(cubic * 15, 1), round(hours, 1), "antes" if hours < 12 else "después"
