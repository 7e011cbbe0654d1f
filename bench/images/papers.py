"""Receipts, invoices and forms in three layouts each, with what is to be read of them."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from .drawing import Canvas, Habit

CENT = Decimal("0.01")
SHOPS = ["Café Central", "Panadería Luna", "Green Market", "Librería Cervantes", "The Corner Deli", "Ferretería Ruiz",
         "Blue Bottle Books", "Mercado San Juan", "Harbour Foods", "Óptica Vidal"]  # fmt: skip
FIRMS = ["Norte Digital S.L.", "Acme Tools Ltd", "Gráficas Soto S.A.", "Bright Design Inc", "Talleres Muñoz S.L.",
         "Riverside Consulting LLC"]  # fmt: skip
GOODS = {
    "en": ["Coffee", "Orange juice", "Croissant", "Toast with butter", "Green tea", "Notebook", "Blue pen", "Apple pie",
           "Mineral water", "Ham sandwich"],
    "es": ["Café con leche", "Zumo de naranja", "Cruasán", "Tostada con tomate", "Té verde", "Cuaderno", "Bolígrafo azul",
           "Tarta de manzana", "Agua mineral", "Bocadillo de jamón"],
}  # fmt: skip
WORK = {
    "en": ["Web design", "Hosting, one year", "Printer paper A4", "Desk lamp", "Training day", "Support hours"],
    "es": ["Diseño web", "Alojamiento anual", "Papel de impresora A4", "Lámpara de mesa", "Jornada de formación",
           "Horas de soporte"],
}  # fmt: skip
PEOPLE = ["Ana López", "John Carter", "María Núñez", "Peter O'Brien", "Lucía Gómez", "Emma Stone", "José Ibáñez"]
CITIES = ["Sevilla", "Bristol", "A Coruña", "Denver", "Málaga", "Leeds", "Logroño"]


def text(**more: Any) -> dict[str, Any]:
    return {"type": "string", **more}


def shape(**fields: Any) -> dict[str, Any]:
    """JSON schema of an object whose fields are all to be found."""
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def listed(**fields: Any) -> dict[str, Any]:
    return {"type": "array", "items": shape(**fields)}


NUMBER, DATE = {"type": "number"}, text(format="date")
RECEIPT = shape(vendor=text(), date=DATE, items=listed(quantity=NUMBER, name=text(), price=NUMBER), total=NUMBER)
INVOICE = shape(
    invoice_number=text(), date=DATE, due_date=DATE, vendor=text(), customer=text(),
    items=listed(description=text(), quantity=NUMBER, unit_price=NUMBER, amount=NUMBER),
    subtotal=NUMBER, tax=NUMBER, total=NUMBER,
)  # fmt: skip
FORM = shape(name=text(), birth_date=DATE, email=text(), phone=text(), city=text(), member_number=text())


def day(random: random.Random) -> tuple[int, int, int]:
    return random.randint(2019, 2026), random.randint(1, 12), random.randint(13, 28)


def price(random: random.Random, most: int) -> Decimal:
    return Decimal(random.randint(80, most * 100)) * CENT


def iso(date: tuple[int, int, int]) -> str:
    return f"{date[0]}-{date[1]:02}-{date[2]:02}"


def receipt(layout: int, habit: Habit, random: random.Random) -> tuple[Canvas, dict[str, Any], dict[str, Any]]:
    vendor, date = random.choice(SHOPS), day(random)
    items: list[dict[str, Any]] = [
        {"quantity": random.randint(1, 4), "name": name, "price": price(random, 9)}
        for name in random.sample(GOODS[habit.language], random.randint(3, 6))
    ]
    total = sum((item["quantity"] * item["price"] for item in items), Decimal(0))
    drawn = [_narrow, _columns, _each][layout](vendor, date, items, total, habit, random)
    return drawn, {"vendor": vendor, "date": iso(date), "items": items, "total": total}, RECEIPT


def _narrow(vendor: str, date: Any, items: Any, total: Decimal, habit: Habit, random: random.Random) -> Canvas:
    """A till's roll: quantity x name, and the price at the right."""
    page = Canvas(460, 330 + 34 * len(items), "mono")
    page.put(230, 24, vendor.upper(), 26, "/vendor", bold=True, anchor="ma")
    page.put(230, 60, habit.say("12 High Street", "Calle Mayor 12"), 16, anchor="ma")
    page.put(230, 82, f"Tel. 9{random.randint(10_000_000, 99_999_999)}", 16, anchor="ma")
    end = page.put(24, 120, habit.say("Date: ", "Fecha: "), 18)
    page.put(end + 10, 120, habit.date(*date), 18, "/date")
    y = 165.0
    for n, item in enumerate(items):
        end = page.put(24, y, str(item["quantity"]), 18, f"/items/{n}/quantity")
        end = page.put(end + 8, y, "x", 18)
        page.put(end + 10, y, item["name"], 18, f"/items/{n}/name")
        page.put(436, y, habit.number(item["price"]), 18, f"/items/{n}/price", anchor="ra")
        y += 34
    page.line(24, y + 4, 436, y + 4, 2)
    page.put(24, y + 18, "TOTAL", 24, bold=True)
    page.put(436, y + 18, habit.money(total), 24, "/total", bold=True, anchor="ra")
    page.put(24, y + 66, habit.say("Cash", "Efectivo"), 16)
    page.put(436, y + 66, habit.money(total + 5), 16, anchor="ra")
    page.put(230, y + 110, habit.say("Thank you for your visit!", "¡Gracias por su visita!"), 16, anchor="ma")
    return page


def _columns(vendor: str, date: Any, items: Any, total: Decimal, habit: Habit, random: random.Random) -> Canvas:
    """With the heads of columns, and the date below the items."""
    page = Canvas(560, 380 + 36 * len(items), "sans")
    page.put(30, 26, vendor, 32, "/vendor", bold=True)
    page.put(30, 70, "www.example.com", 16)
    for x, anchor, head in ((30, "la", habit.say("Qty", "Cant.")), (110, "la", habit.say("Item", "Artículo")),
                            (530, "ra", habit.say("Price", "Precio"))):  # fmt: skip
        page.put(x, 118, head, 18, bold=True, anchor=anchor)
    page.line(30, 146, 530, 146)
    y = 158.0
    for n, item in enumerate(items):
        page.put(36, y, str(item["quantity"]), 19, f"/items/{n}/quantity")
        page.put(110, y, item["name"], 19, f"/items/{n}/name")
        page.put(530, y, habit.money(item["price"]), 19, f"/items/{n}/price", anchor="ra")
        y += 36
    page.line(30, y + 4, 530, y + 4)
    page.put(330, y + 18, habit.say("Amount due", "Total a pagar"), 20, bold=True, anchor="ra")
    page.put(530, y + 18, habit.money(total), 22, "/total", bold=True, anchor="ra")
    end = page.put(30, y + 80, habit.say("Issued on ", "Emitido el "), 17)
    page.put(end + 8, y + 80, habit.date(*date), 17, "/date")
    page.put(30, y + 112, habit.say("Served by: Emma", "Le atendió: Marta"), 17)
    return page


def _each(vendor: str, date: Any, items: Any, total: Decimal, habit: Habit, random: random.Random) -> Canvas:
    """Name first, then quantity and price in columns; number and date on one line."""
    page = Canvas(600, 360 + 38 * len(items), "serif")
    page.put(300, 30, vendor, 30, "/vendor", anchor="ma")
    page.put(
        40, 90, habit.say(f"Ticket no. {random.randint(1000, 9999)}", f"Ticket n.º {random.randint(1000, 9999)}"), 18
    )
    page.put(560, 90, habit.date(*date), 18, "/date", anchor="ra")
    for x, anchor, head in ((40, "la", habit.say("Description", "Descripción")), (380, "ra", habit.say("Units", "Uds.")),
                            (560, "ra", habit.say("Price", "Precio"))):  # fmt: skip
        page.put(x, 140, head, 18, anchor=anchor)
    y = 180.0
    for n, item in enumerate(items):
        page.put(40, y, item["name"], 19, f"/items/{n}/name")
        page.put(380, y, str(item["quantity"]), 19, f"/items/{n}/quantity", anchor="ra")
        page.put(560, y, habit.number(item["price"]), 19, f"/items/{n}/price", anchor="ra")
        y += 38
    page.line(40, y, 560, y, 2, "black")
    page.put(40, y + 16, habit.say("Total to pay:", "Importe total:"), 22)
    page.put(560, y + 16, habit.money(total), 22, "/total", anchor="ra")
    page.put(40, y + 70, habit.say("Card payment **** 4411", "Pago con tarjeta **** 4411"), 16)
    return page


def invoice(layout: int, habit: Habit, random: random.Random) -> tuple[Canvas, dict[str, Any], dict[str, Any]]:
    date = day(random)
    due = (date[0], date[1] % 12 + 1, date[2]) if date[1] < 12 else (date[0] + 1, 1, date[2])
    items: list[dict[str, Any]] = []
    for name in random.sample(WORK[habit.language], random.randint(2, 4)):
        quantity, each = random.randint(1, 12), price(random, 400)
        items.append({"description": name, "quantity": quantity, "unit_price": each, "amount": quantity * each})
    subtotal = sum((item["amount"] for item in items), Decimal(0))
    tax = (subtotal * Decimal("0.21" if habit.language == "es" else "0.20")).quantize(CENT)
    vendor = random.choice(FIRMS)
    data = {
        "invoice_number": random.choice([f"F-{date[0]}-{random.randint(10, 999):04}", f"INV{random.randint(10_000, 99_999)}"]),
        "date": iso(date), "due_date": iso(due), "vendor": vendor,
        "customer": random.choice([firm for firm in FIRMS if firm != vendor] + PEOPLE),
        "items": items, "subtotal": subtotal, "tax": tax, "total": subtotal + tax,
    }  # fmt: skip
    page = [_classic, _boxed, _modern][layout](data, date, due, habit)
    return page, data, INVOICE


def _lines(page: Canvas, y: float, data: Any, habit: Habit, columns: Any, step: float, bare: bool) -> float:
    for n, item in enumerate(data["items"]):
        for x, anchor, field in columns:
            value = item[field]
            written = (
                value if field == "description" else str(value) if field == "quantity" else habit.money(value, bare)
            )
            page.put(x, y, written, 18, f"/items/{n}/{field}", anchor=anchor)
        y += step
    return y


def _sums(page: Canvas, y: float, data: Any, habit: Habit, x: float, right: float, names: Any) -> None:
    for field, name in zip(("subtotal", "tax", "total"), names, strict=True):
        page.put(x, y, name, 20, bold=field == "total")
        page.put(right, y, habit.money(data[field]), 20, f"/{field}", bold=field == "total", anchor="ra")
        y += 36


def _classic(data: Any, date: Any, due: Any, habit: Habit) -> Canvas:
    page = Canvas(900, 640 + 40 * len(data["items"]))
    page.put(50, 40, data["vendor"], 28, "/vendor", bold=True)
    page.put(850, 40, habit.say("INVOICE", "FACTURA"), 32, anchor="ra")
    y = 110.0
    for field, name, value in (
        ("invoice_number", habit.say("Invoice number:", "Número de factura:"), data["invoice_number"]),
        ("date", habit.say("Date:", "Fecha:"), habit.date(*date)),
        ("due_date", habit.say("Due date:", "Fecha de vencimiento:"), habit.date(*due)),
        ("customer", habit.say("Bill to:", "Cliente:"), data["customer"]),
    ):
        page.put(50, y, name, 19)
        page.put(310, y, value, 19, f"/{field}")
        y += 36
    y += 30
    columns = ((50, "la", "description"), (500, "ra", "quantity"), (670, "ra", "unit_price"), (850, "ra", "amount"))
    heads = habit.say("Description|Quantity|Unit price|Amount", "Descripción|Cantidad|Precio unitario|Importe").split(
        "|"
    )
    page.box(40, y - 8, 860, y + 30, "#dddddd")
    for (x, anchor, _), head in zip(columns, heads, strict=True):
        page.put(x, y, head, 18, bold=True, anchor=anchor)
    y = _lines(page, y + 44, data, habit, columns, 40, True)
    names = habit.say("Subtotal|Tax (20%)|Total", "Subtotal|IVA (21 %)|Total").split("|")
    _sums(page, y + 24, data, habit, 560, 850, names)
    return page


def _boxed(data: Any, date: Any, due: Any, habit: Habit) -> Canvas:
    page = Canvas(940, 660 + 44 * len(data["items"]), "serif")
    page.put(470, 30, data["vendor"], 30, "/vendor", bold=True, anchor="ma")
    for n, (field, name, value) in enumerate((
        ("invoice_number", habit.say("Invoice no.", "Factura n.º"), data["invoice_number"]),
        ("date", habit.say("Issue date", "Fecha de emisión"), habit.date(*date)),
        ("due_date", habit.say("Payment due", "Vencimiento"), habit.date(*due)),
    )):  # fmt: skip
        page.box(40 + 290 * n, 100, 320 + 290 * n, 180, None, "#444444")
        page.put(56 + 290 * n, 110, name, 16, ink="#555555")
        page.put(56 + 290 * n, 142, value, 19, f"/{field}")
    end = page.put(40, 210, habit.say("Customer:", "Cliente:"), 19)
    page.put(end + 12, 210, data["customer"], 19, "/customer")
    columns = ((60, "la", "quantity"), (170, "la", "description"), (720, "ra", "unit_price"), (900, "ra", "amount"))
    heads = habit.say("Units|Concept|Price|Total", "Uds.|Concepto|Precio|Total").split("|")
    for (x, anchor, _), head in zip(columns, heads, strict=True):
        page.put(x, 270, head, 18, bold=True, anchor=anchor)
    for n in range(len(data["items"]) + 2):
        page.line(40, 262 + 44 * n, 910, 262 + 44 * n)
    y = _lines(page, 316, data, habit, columns, 44, False)
    names = habit.say("Net amount|VAT 20%|Total due", "Base imponible|IVA 21 %|Total factura").split("|")
    _sums(page, y + 24, data, habit, 560, 900, names)
    return page


def _modern(data: Any, date: Any, due: Any, habit: Habit) -> Canvas:
    page = Canvas(1000, 620 + 42 * len(data["items"]))
    page.box(0, 0, 1000, 90, "#1f3a5f")
    page.put(40, 28, data["vendor"], 30, "/vendor", bold=True, ink="white")
    page.put(960, 32, habit.say("Invoice ", "Factura ") + "#", 20, ink="white", anchor="ra")
    for x, field, name, value in (
        (40, "customer", habit.say("BILLED TO", "FACTURADO A"), data["customer"]),
        (360, "invoice_number", habit.say("INVOICE NO.", "N.º DE FACTURA"), data["invoice_number"]),
        (600, "date", habit.say("DATE", "FECHA"), habit.date(*date)),
        (800, "due_date", habit.say("DUE", "VENCE"), habit.date(*due)),
    ):
        page.put(x, 120, name, 15, ink="#777777")
        page.put(x, 146, value, 18, f"/{field}")
    columns = ((40, "la", "description"), (560, "ma", "quantity"), (760, "ra", "unit_price"), (960, "ra", "amount"))
    heads = habit.say("Service|Qty|Rate|Amount", "Servicio|Cant.|Tarifa|Importe").split("|")
    for (x, anchor, _), head in zip(columns, heads, strict=True):
        page.put(x, 220, head, 17, ink="#1f3a5f", bold=True, anchor=anchor)
    y = _lines(page, 262, data, habit, columns, 42, False)
    page.line(560, y + 8, 960, y + 8)
    names = habit.say("Subtotal|Sales tax|Amount due", "Suma|Impuestos|A pagar").split("|")
    _sums(page, y + 24, data, habit, 620, 960, names)
    return page


def form(layout: int, habit: Habit, random: random.Random) -> tuple[Canvas, dict[str, Any], dict[str, Any]]:
    name, date = random.choice(PEOPLE), day(random)
    data = {
        "name": name, "birth_date": iso((date[0] - 40, *date[1:])),
        "email": f"{name.split()[0].lower().translate(str.maketrans('áéíóúñ', 'aeioun'))}@example.org",
        "phone": f"+34 6{random.randint(10, 99)} {random.randint(100, 999)} {random.randint(100, 999)}",
        "city": random.choice(CITIES), "member_number": f"{random.choice('ABM')}{random.randint(10_000, 99_999)}",
    }  # fmt: skip
    page = Canvas(820, 560, ["sans", "serif", "mono"][layout])
    page.put(40, 30, habit.say("Membership form", "Ficha de socio"), 28, bold=True)
    names = dict(zip(data, _names(layout, habit), strict=True))
    order = [list(data), ["member_number", "name", "birth_date", "city", "phone", "email"],
             ["name", "city", "email", "phone", "birth_date", "member_number"]][layout]  # fmt: skip
    for n, field in enumerate(order):
        value = habit.date(date[0] - 40, *date[1:]) if field == "birth_date" else data[field]
        if layout == 0:
            end = page.put(40, 110 + 62 * n, f"{names[field]}:", 20)
            page.put(300, 110 + 62 * n, value, 20, f"/{field}")
            page.line(296, 138 + 62 * n, 760, 138 + 62 * n)
        elif layout == 1:
            x, y = 40 + 390 * (n % 2), 110 + 130 * (n // 2)
            page.put(x, y, names[field], 16, ink="#666666")
            page.box(x, y + 26, x + 350, y + 70, None, "#999999")
            page.put(x + 12, y + 36, value, 20, f"/{field}")
        else:
            x, y = 40, 120 + 64 * n
            end = page.put(x, y, names[field] + " " + "." * (22 - len(names[field])), 18)
            page.put(end + 16, y, value, 18, f"/{field}")
    return page, data, FORM


def _names(layout: int, habit: Habit) -> list[str]:
    english = ["Name|Date of birth|E-mail|Phone|City|Member number", "Full name|Birth date|Email address|Telephone|City|Member no.",
               "Name|Born on|Email|Phone no.|Town|Membership no."]  # fmt: skip
    spanish = ["Nombre|Fecha de nacimiento|Correo electrónico|Teléfono|Ciudad|Número de socio",
               "Nombre completo|Fecha de nacimiento|Correo|Teléfono|Población|N.º de socio",
               "Nombre y apellidos|Nacimiento|Email|Tel.|Localidad|Socio n.º"]  # fmt: skip
    return habit.say(english[layout], spanish[layout]).split("|")
