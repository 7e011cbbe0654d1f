"""Estimates of test."""

from math import ceil

from ..tools import solves


@solves("estimates-t01")
def _():
    return 11 * 230, round(11 * 230 / 0.8 / 1000, 2)


@solves("estimates-t02")
def _():
    return 24000 * 0.45, 18 * 60 / 90, 24000 * 0.45 / (18 * 60 / 90)


@solves("estimates-t03")
def _():
    people = {"potatoes": 32000 * 770 / 2200 / 365, "wheat": 7000 * 3300 / 2200 / 365}
    return int(people["potatoes"]), int(people["wheat"]), max(people, key=people.__getitem__)


@solves("estimates-t04")
def _():
    three = {"lift": 40 + 3 * 6 + 9, "stairs": 3 * 17}
    return 40 + 5 * 6 + 2 * 9, 5 * 17, min(three, key=three.__getitem__)


@solves("estimates-t05")
def _():
    message = 14 * 6 + 40
    shared = (2 * 14 * 6 + 40) / 2
    return message, round(640 * 144 * message / 1e6, 2), round(100 * (1 - shared / message), 1)


@solves("estimates-t06")
def _():
    return 4 * 210 * 35, 4 * 210 * 35 / 3


@solves("estimates-t07")
def _():
    snow = 13000 * 7 * 0.2
    return snow, snow / 2, snow / 2 / 14


@solves("estimates-t08")
def _():
    weekly = {"mano": 7 * 7 * 11, "lavavajillas": 13 * 4}
    return weekly["mano"], weekly["lavavajillas"], min(weekly, key=weekly.__getitem__)


@solves("estimates-t09")
def _():
    riders = 52 * 6 * 23
    return riders, round(52 * 310 - riders * 1.4, 2), ceil(310 / 6 / 1.4)


@solves("estimates-t10")
def _():
    water = 75 * 110 * 0.8
    return water, min(6000, water) / (40 * 3), "cisterna" if water > 6000 else "tejado"
