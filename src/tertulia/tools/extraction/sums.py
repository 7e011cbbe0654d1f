"""Arithmetic that the data of a paper should bear out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ...numbers import write
from .concepts import concepts
from .found import Check
from .wanted import Field

CENT = Decimal("0.01")


def checks(fields: tuple[Field, ...], data: Mapping[str, Any]) -> tuple[Check, ...]:
    """The sums that can be made of what was found, and whether each holds to the cent."""
    named = _named(fields, data)
    found = list[Check]()
    for field in fields:
        if field.kind == "list" and data.get(field.name):
            found += _of_list(field, data[field.name], named)
    subtotal, tax, total = (named.get(name) for name in ("subtotal", "tax", "total"))
    if subtotal is not None and tax is not None and total is not None:
        found.append(_check("subtotal + tax = total", [subtotal, tax], total))
    return tuple(found)


def _of_list(field: Field, entries: list[Any], named: Mapping[str, Decimal]) -> Iterator[Check]:
    """Each line's quantity times price, and the sum of the lines."""
    names = {inner.name: {one for meant in concepts(inner.name) for one in meant} for inner in field.fields}
    quantity = next((name for name, meant in names.items() if "quantity" in meant), "")
    each = next((name for name, meant in names.items() if "price" in meant or "unit" in meant), "")
    amount = next((name for name, meant in names.items() if "amount" in meant and name != each), "")
    for number, entry in enumerate(entries, 1):
        if amount and each and quantity and all(entry.get(name) is not None for name in (quantity, each, amount)):
            wanted = _exact(entry[quantity]) * _exact(entry[each])
            says = f"{field.name} {number}: {quantity} x {each} = {amount}"
            yield Check(f"{says}: {_plain(wanted)} and {_plain(_exact(entry[amount]))}",
                        abs(wanted - _exact(entry[amount])) <= CENT)  # fmt: skip
    whole = next((name for name in ("subtotal", "total") if name in named), "")
    if whole and (amount or each):
        yield from _whole(field.name, entries, quantity, each, amount, whole, named[whole])


def _whole(
    name: str, entries: list[Any], quantity: str, each: str, amount: str, whole: str, printed: Decimal
) -> Iterator[Check]:
    column = amount or each
    if any(entry.get(column) is None for entry in entries):
        return
    lines = [_exact(entry[column]) for entry in entries]
    if not amount and quantity and all(entry.get(quantity) is not None for entry in entries):
        times = [_exact(entry[quantity]) * line for entry, line in zip(entries, lines, strict=True)]
        if abs(sum(times) - printed) <= CENT or abs(sum(lines) - printed) > CENT:
            yield _check(f"sum of {name} ({quantity} x {column}) = {whole}", times, printed)
            return
    yield _check(f"sum of {name} ({column}) = {whole}", lines, printed)


def _check(says: str, parts: list[Decimal], whole: Decimal) -> Check:
    total = sum(parts, Decimal(0))
    return Check(f"{says}: {_plain(total)} and {_plain(whole)}", abs(total - whole) <= CENT)


def _named(fields: tuple[Field, ...], data: Mapping[str, Any]) -> dict[str, Decimal]:
    """The sums of a paper by what they are."""
    found: dict[str, Decimal] = {}
    for field in fields:
        if field.kind in ("number", "integer") and data.get(field.name) is not None:
            meant = concepts(field.name)
            for name in ("subtotal", "tax", "total"):
                if len(meant) <= 2 and name in meant[0] and meant[0] <= {name, "amount", "price"}:
                    found.setdefault(name, _exact(data[field.name]))
    return found


def _exact(value: Any) -> Decimal:
    return Decimal(str(value))


def _plain(value: Decimal) -> str:
    return write(value)
