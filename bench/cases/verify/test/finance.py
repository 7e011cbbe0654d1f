"""Finance of test."""

from math import ceil

from ..tools import solves


@solves("finance-t01")
def _():
    return 275 / 110 * 13.6, 275 * 2.4


@solves("finance-t02")
def _():
    tax = 37700 * 0.2 + (52000 - 12500 - 37700) * 0.4
    return tax, round(100 * tax / 52000, 2), round((52000 - tax) / 12, 2)


@solves("finance-t03")
def _():
    pays = {"Nolan": 9200 * 0.92, "Peck": 9200 - 950}
    return pays["Nolan"], pays["Peck"], min(pays, key=pays.__getitem__)


@solves("finance-t04")
def _():
    balance, charged = 20000.0, 0.0
    ends = []
    for _ in range(2):
        fee = balance * 1.05 * 0.012
        balance, charged = balance * 1.05 - fee, charged + fee
        ends.append(round(balance, 2))
    return *ends, round(charged, 2)


@solves("finance-t05")
def _():
    nights = {"Amir": 62, "Beth": 55, "Carl": 30, "Dee": 18}
    rate = 231 / sum(nights.values())
    return rate, round(62 * rate, 2), max(("Beth", "Dee"), key=nights.__getitem__)


@solves("finance-t06")
def _():
    meter = 2.55 + 12 * 1.17
    return round(meter, 2), round(meter + 1.5, 2)


@solves("finance-t07")
def _():
    return 340 * 1.15, 340 * 0.95, round(340 * 0.95 * 1.25 - 340 * 1.15, 2)


@solves("finance-t08")
def _():
    asked = {"Lienzo": 640 * 11.5, "Muralla": round(640 * 9.8 * 1.21, 2)}
    return asked["Lienzo"], asked["Muralla"], min(asked, key=asked.__getitem__)


@solves("finance-t09")
def _():
    missing = 41000 * 0.65 - 18600
    return 41000 * 0.35, missing, round(missing / 16 / 10, 2)


@solves("finance-t10")
def _():
    return round(ceil(18 / 10) * 12.2, 2), 18 * 2
