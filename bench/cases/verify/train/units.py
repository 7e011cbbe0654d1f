"""Units of train."""

from ..tools import solves


@solves("units-01")
def _():
    return 4 * 2.5 * 240 / 1000, 4 * 3 * 28.35, 4 * 350 / 1000


@solves("units-02")
def _():
    speed = 75 / 1.25
    return speed, speed * 1.609, round(speed * 1.609 / 3.6, 2)


@solves("units-03")
def _():
    litres = 180 * 75 * 60 / 1000
    return litres, litres / 9


@solves("units-04")
def _():
    first = (68 - 32) / 1.8
    return round(first, 6), round((first + 17) * 1.8 + 32, 6)


@solves("units-05")
def _():
    power = 1.8 * 2.5 * 30
    return power, power * 0.24


@solves("units-06")
def _():
    seconds = 3.6 * 8000 / 45
    return seconds, round(seconds / 60, 2)


@solves("units-07")
def _():
    area = 120 * 85
    return area, area / 10_000, area * 2.40


@solves("units-08")
def _():
    hourly = 5 / 3 * 3600 / 20
    return round(hourly, 6), round(hourly * 24 / 1000, 6)


@solves("units-09")
def _():
    seconds = 52 * 60 + 30
    return seconds / 10, round(10 / (seconds / 3600), 2), seconds / 10 * 21 / 60


@solves("units-10")
def _():
    volume = 200 * 3 * 3
    return volume, round(volume * 7.87 / 1000, 3)


@solves("units-11")
def _():
    kilometres = 18.4 * 25_000 / 100_000
    return round(kilometres, 6), round(kilometres / 4 * 60, 6)
