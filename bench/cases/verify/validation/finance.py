"""Finance of validation."""

from ..tools import solves


@solves("finance-v01")
def _():
    return 58 * 7.5, round(58 * (7.5 - 3.2) - 40, 6)


@solves("finance-v02")
def _():
    costs = {"contract": 6 * 24 + 18 * 33, "handset": 279 + 24 * 11}
    return costs["contract"], costs["handset"], min(costs, key=costs.__getitem__)


@solves("finance-v03")
def _():
    bill = 42 * 65 + 8 * 65 * 1.5
    return bill, round(bill * 0.95, 2), round(bill * 0.95 * 0.28, 2)


@solves("finance-v04")
def _():
    banks = {"Alder": 15000 * 1.041**3, "Birch": 15000 * 1.01**12}
    return round(banks["Alder"], 2), round(banks["Birch"], 2), max(banks, key=banks.__getitem__)


@solves("finance-v05")
def _():
    return round((312 + 83.2) / 26, 6), round((312 + 83.2) / 26 - 4, 6)


@solves("finance-v06")
def _():
    total = 1.5 * 17.9 + 2 * 3.45
    return round(total, 2), round(50 - total, 2)


@solves("finance-v07")
def _():
    rest = 189000 - 7560 - 31440
    return rest, rest * 0.4, rest * 0.3


@solves("finance-v08")
def _():
    return 129 * 0.8, round(129 * 0.8 * 0.75, 2), round(100 * (1 - 0.8 * 0.75), 6)


@solves("finance-v09")
def _():
    rates = {"Azul": 60 + 14 * 8, "Verde": 22 * 5 + 16 * 3}
    return rates["Azul"], rates["Verde"], min(rates, key=rates.__getitem__)


@solves("finance-v10")
def _():
    paid, number, by_august = 0, 0, 0
    while paid < 2400:
        month = (2 + number) % 12
        paid, number = paid + min(2400 - paid, 300 if month in (6, 11) else 150), number + 1
        by_august = paid if number == 6 else by_august
    assert month == 3
    return by_august, "April|abril", number
