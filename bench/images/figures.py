"""Tables, charts and screenshots in three layouts each, with what is to be read of them."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from .drawing import Canvas, Habit
from .papers import CITIES, DATE, NUMBER, day, iso, listed, price, shape, text

COLOURS = ["#2d64be", "#d22d2d", "#32a046", "#f59128", "#875aaf"]
MONTHS = {
    "en": ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct"],
    "es": ["Ene", "Feb", "Mar", "Abr", "May", "Jun", "Jul", "Ago", "Sep", "Oct"],
}
TITLES = {"en": ["Visitors by month", "Sales per region", "Rainfall", "Tickets sold"],
          "es": ["Visitantes por mes", "Ventas por zona", "Lluvia caída", "Entradas vendidas"]}  # fmt: skip


def table(layout: int, habit: Habit, random: random.Random) -> tuple[Canvas, dict[str, Any], dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {"city": city, "population": random.randint(20_000, 900_000), "area": Decimal(random.randint(300, 90_000)) / 10,
         "schools": random.randint(4, 99)}
        for city in random.sample(CITIES, random.randint(4, 6))
    ]  # fmt: skip
    page = Canvas(840, 200 + 44 * len(rows), ["sans", "serif", "mono"][layout])
    heads = dict(zip(rows[0], habit.say("City|Population|Area (km²)|Schools", "Ciudad|Población|Área (km²)|Escuelas").split("|"),
                     strict=True))  # fmt: skip
    order = [list(heads), ["city", "schools", "area", "population"], list(heads)][layout]
    places = [40, 460, 640, 800] if layout != 2 else [60, 260, 480, 680]
    page.put(40, 26, habit.say("Cities of the study", "Ciudades del estudio"), 24, bold=True)
    if layout == 0:
        page.box(30, 84, 810, 122, "#e4e4e4")
    for x, field in zip(places, order, strict=True):
        page.put(x, 90, heads[field], 19, bold=layout != 1, anchor="la" if layout == 2 or field == "city" else "ra")
    for n, row in enumerate(rows):
        y = 136 + 44 * n
        if layout == 1:
            page.line(30, y - 10, 810, y - 10)
        elif layout == 2 and n % 2:
            page.box(30, y - 8, 810, y + 32, "#eef3fb")
        for x, field in zip(places, order, strict=True):
            written = row[field] if field == "city" else habit.number(row[field])
            page.put(x, y, written, 19, f"/rows/{n}/{field}", anchor="la" if layout == 2 or field == "city" else "ra")
    schema = shape(rows=listed(city=text(), population=NUMBER, area=NUMBER, schools=NUMBER))
    return page, {"rows": rows}, schema


CHART = shape(title=text(), points=listed(label=text(), value=NUMBER))


def _series(habit: Habit, random: random.Random) -> tuple[str, list[dict[str, Any]]]:
    count = random.randint(4, 7)
    start = random.randint(0, 10 - count)
    labels = MONTHS[habit.language][start : start + count]
    return random.choice(TITLES[habit.language]), [
        {"label": label, "value": random.randint(12, 98)} for label in labels
    ]


def bars(layout: int, habit: Habit, random: random.Random) -> tuple[Canvas, dict[str, Any], dict[str, Any]]:
    title, points = _series(habit, random)
    page = Canvas(760, 520, ["sans", "serif", "sans"][layout])
    page.put(380, 20, title, 26, "/title", bold=layout != 1, anchor="ma")
    colour, step = random.choice(COLOURS), 620 / len(points)
    if layout == 1:
        step = 380 / len(points)
        for n, point in enumerate(points):
            y, end = 90 + step * n, 140 + 5.4 * point["value"]
            page.put(125, y + step * 0.35, point["label"], 18, f"/points/{n}/label", anchor="rm")
            page.box(140, y, end, y + step * 0.7, colour)
            page.put(end + 10, y + step * 0.35, str(point["value"]), 18, f"/points/{n}/value", anchor="lm")
        page.line(140, 80, 140, 480, 2, "black")
        return page, {"title": title, "points": points}, CHART
    for tick in range(0, 101, 20):
        y = 450 - 3.6 * tick
        page.put(70, y, str(tick), 16, anchor="rm")
        page.line(80, y, 730, y, 1, "#cccccc")
    for n, point in enumerate(points):
        x, top = 95 + step * n, 450 - 3.6 * point["value"]
        fill = colour if layout == 0 else COLOURS[n % len(COLOURS)]
        page.box(x, top, x + step * 0.65, 450, fill)
        middle = x + step * 0.325
        page.put(middle, 462, point["label"], 18, f"/points/{n}/label", anchor="ma")
        inside = layout == 2
        page.put(middle, top + 8 if inside else top - 6, str(point["value"]), 18, f"/points/{n}/value",
                 ink="white" if inside else "", bold=inside, anchor="ma" if inside else "ms")  # fmt: skip
    page.line(80, 450, 730, 450, 2, "black")
    return page, {"title": title, "points": points}, CHART


def lines(layout: int, habit: Habit, random: random.Random) -> tuple[Canvas, dict[str, Any], dict[str, Any]]:
    title, points = _series(habit, random)
    page = Canvas(800, 500, ["serif", "sans", "mono"][layout])
    page.put(60 if layout == 1 else 400, 18, title, 24, "/title", anchor="la" if layout == 1 else "ma")
    colour, step = random.choice(COLOURS), 640 / (len(points) - 1)
    places = [(100 + step * n, 430 - 3.4 * point["value"]) for n, point in enumerate(points)]
    for tick in range(0, 101, 25):
        page.put(62, 430 - 3.4 * tick, str(tick), 15, anchor="rm")
        if layout != 1:
            page.line(72, 430 - 3.4 * tick, 770, 430 - 3.4 * tick, 1, "#dddddd")
    page.draw.line(places, fill=colour, width=4)
    for n, ((x, y), point) in enumerate(zip(places, points, strict=True)):
        page.draw.ellipse(
            (x - 6, y - 6, x + 6, y + 6), fill=colour if layout != 2 else "white", outline=colour, width=3
        )
        page.put(x, y - 14, str(point["value"]), 17, f"/points/{n}/value", anchor="ms")
        page.put(x, 444, point["label"], 17, f"/points/{n}/label", anchor="ma")
    page.line(72, 430, 770, 430, 2, "black")
    return page, {"title": title, "points": points}, CHART


ORDER = shape(order_number=text(), status=text(), order_date=DATE, delivery_date=DATE, total=NUMBER)


def screen(layout: int, habit: Habit, random: random.Random) -> tuple[Canvas, dict[str, Any], dict[str, Any]]:
    date = day(random)
    due = (date[0], date[1], min(28, date[2] + 6))
    data: dict[str, Any] = {
        "order_number": f"{random.randint(100, 999)}-{random.randint(10_000, 99_999)}",
        "status": random.choice(habit.say("Shipped|Delivered|Pending", "Enviado|Entregado|Pendiente").split("|")),
        "order_date": iso(date), "delivery_date": iso(due), "total": price(random, 900),
    }  # fmt: skip
    written = {
        **data,
        "order_date": habit.date(*date),
        "delivery_date": habit.date(*due),
        "total": habit.money(data["total"]),
    }
    names = dict(zip(data, habit.say("Order number|Status|Order date|Delivery date|Total",
                                     "Número de pedido|Estado|Fecha del pedido|Fecha de entrega|Total").split("|"),
                     strict=True))  # fmt: skip
    dark = layout == 2
    page = Canvas(1000, 520, "sans", "#20242b" if dark else "#f4f5f7", "#e8e8e8" if dark else "#222222")
    page.box(0, 0, 1000, 56, "#353b45" if dark else "#3465a4")
    page.put(24, 14, habit.say("My shop", "Mi tienda"), 22, ink="white", bold=True)
    page.put(976, 16, habit.say("Sign out", "Salir"), 18, ink="white", anchor="ra")
    if layout == 0:
        page.box(60, 90, 940, 480, "white", "#cccccc")
        for n, field in enumerate(data):
            page.put(100, 120 + 68 * n, names[field], 19, ink="#666666")
            page.put(900, 120 + 68 * n, str(written[field]), 20, f"/{field}", anchor="ra")
    elif layout == 1:
        for n, field in enumerate(data):
            x, y = 60 + 300 * (n % 3), 100 + 170 * (n // 3)
            page.box(x, y, x + 280, y + 130, "white", "#cccccc")
            page.put(x + 20, y + 22, names[field], 17, ink="#666666")
            page.put(x + 20, y + 66, str(written[field]), 22, f"/{field}", bold=True)
    else:
        page.put(60, 86, habit.say("Order details", "Detalle del pedido"), 24)
        for n, field in enumerate(data):
            end = page.put(60, 150 + 62 * n, f"{names[field]}:", 20, ink="#aab0bb")
            page.put(end + 14, 150 + 62 * n, str(written[field]), 20, f"/{field}")
    return page, data, ORDER
