"""Planning of train."""

from itertools import combinations

from ..tools import clock, only, solves


@solves("planning-r01")
def _():
    return clock("19:30", -115), clock("19:30", -130)


@solves("planning-r02")
def _():
    total = 2 + 1 + 3 + 2
    return total, total - 2, "painting"


@solves("planning-r03")
def _():
    offers = {"castle": (180, 260), "band": (240, 310), "tombola": (90, 150), "barbecue": (200, 290)}

    def spent(chosen):
        return sum(offers[one][0] for one in chosen)

    def gain(chosen):
        return sum(offers[one][1] for one in chosen) - spent(chosen)

    every = [chosen for size in range(5) for chosen in combinations(offers, size)]
    best = max((chosen for chosen in every if spent(chosen) <= 500), key=gain)
    return gain(best), 500 - spent(best), only(set(offers) - set(best))


@solves("planning-r04")
def _():
    return 84 / 6, 84 / 6 * 9, 84 * 9 / 60


@solves("planning-r05")
def _():
    ends = {"luces": 2 + 3 + 2, "sonido": 2 + 4}
    return clock("09:00", max(ends.values()) * 60), ends["luces"] - ends["sonido"], min(ends, key=ends.__getitem__)


@solves("planning-r06")
def _():
    week = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado")
    off = {"Ana": ("lunes", "jueves"), "Luz": ("sábado",), "Mar": ("martes", "miércoles")}
    assert only(day for day in week if not any(day in days for days in off.values())) == "viernes"
    return 6 - len(off["Ana"]), 6 * 2, "Friday|viernes"
