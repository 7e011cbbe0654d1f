"""Finance of train."""

from math import ceil

from ..tools import solves


@solves("finance-01")
def _():
    before = 8000 * 1.035**4
    return round(before, 2), round((before - 2000) * 1.035, 2)


@solves("finance-02")
def _():
    net = 1180 * 0.85
    return net, round(net * 0.21, 2), round(net * 1.21, 2)


@solves("finance-03")
def _():
    rate = 0.06 / 12
    payment = 12_000 * rate / (1 - (1 + rate) ** -24)
    return round(payment, 2), round(payment * 24 - 12_000, 2)


@solves("finance-04")
def _():
    total = 247.50 * 1.12
    return round(total, 2), round(total / 5, 2), round(2 * total / 5, 2)


@solves("finance-05")
def _():
    margin = 32 - 13.50
    return ceil(18_400 / margin), 1500 * margin - 18_400


@solves("finance-06")
def _():
    dollars = 1500 * 1.08
    return round(dollars, 2), round(dollars - 935, 2), round((dollars - 935) / 1.12, 2)


@solves("finance-07")
def _():
    first, second = 2350 * 0.0635, 2350 * 0.14
    return round(first, 2), round(second, 2), round(2350 - first - second, 2)


@solves("finance-08")
def _():
    base = (12 * 48.90 + 3 * 215) * 0.9
    return round(base, 2), round(base * 0.21, 2), round(base * 1.21, 2)


@solves("finance-09")
def _():
    saved = [150 + 20 * month for month in range(12)]
    return saved[-1], sum(saved)


@solves("finance-10")
def _():
    one, other = 36 * 310, 1500 + 24 * 395
    return one, other, abs(one - other)


@solves("finance-11")
def _():
    paid, got = 80 * 24.50 + 9.95, 80 * 29.10 - 9.95 + 80 * 0.60
    return round(got - paid, 2), round(100 * (got - paid) / paid, 2)
