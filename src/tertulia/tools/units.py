"""Units of length, mass, time and volume: what each is called in English and Spanish, and how they convert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["length", "mass", "time", "volume"]


@dataclass(frozen=True)
class Unit:
    symbol: str
    kind: Kind
    size: float
    """In metres, grams, seconds or litres."""


UNITS = (
    Unit("mm", "length", 0.001), Unit("cm", "length", 0.01), Unit("m", "length", 1.0), Unit("km", "length", 1000.0),
    Unit("mg", "mass", 0.001), Unit("g", "mass", 1.0), Unit("kg", "mass", 1000.0), Unit("t", "mass", 1e6),
    Unit("s", "time", 1.0), Unit("min", "time", 60.0), Unit("h", "time", 3600.0), Unit("d", "time", 86_400.0),
    Unit("ml", "volume", 0.001), Unit("cl", "volume", 0.01), Unit("l", "volume", 1.0),
)  # fmt: skip
SPELLED = {
    "mm": "millimetre millimetres millimeter millimeters milímetro milímetros",
    "cm": "centimetre centimetres centimeter centimeters centímetro centímetros",
    "m": "metre metres meter meters metro metros",
    "km": "kilometre kilometres kilometer kilometers kilómetro kilómetros",
    "mg": "milligram milligrams miligramo miligramos",
    "g": "gram grams gramo gramos",
    "kg": "kilogram kilograms kilo kilos kilogramo kilogramos",
    "t": "tonne tonnes tonelada toneladas",
    "s": "second seconds segundo segundos",
    "min": "minute minutes minuto minutos",
    "h": "hour hours hora horas",
    "d": "day days día días",
    "ml": "millilitre millilitres milliliter milliliters mililitro mililitros",
    "cl": "centilitre centilitres centiliter centiliters centilitro centilitros",
    "l": "litre litres liter liters litro litros",
}
_BY_SYMBOL: Mapping[str, Unit] = {unit.symbol: unit for unit in UNITS}
NAMES: Mapping[str, Unit] = {
    **_BY_SYMBOL,
    **{word: _BY_SYMBOL[symbol] for symbol, words in SPELLED.items() for word in words.split()},
}
"""Units by symbol and by name."""


def unit(name: str) -> Unit | None:
    """The unit of that symbol or name; None if it is not one known here. Only litres may be written in capitals."""
    return NAMES.get(name) or NAMES.get(name.casefold() if len(name) > 3 or name in ("L", "mL", "cL") else name)
