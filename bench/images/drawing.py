"""Paper to draw on that remembers where each value was written."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import matplotlib
from PIL import Image, ImageDraw, ImageFont

FONTS = Path(matplotlib.get_data_path(), "fonts", "ttf")
FACES = {"sans": "DejaVuSans", "serif": "DejaVuSerif", "mono": "DejaVuSansMono"}
Box = tuple[float, float, float, float]


@dataclass
class Canvas:
    """A white page."""

    width: int
    height: int
    face: str = "sans"
    paper: str = "white"
    ink: str = "black"
    boxes: dict[str, Box] = field(default_factory=dict)
    """Where the value of each JSON pointer stands, in pixels."""

    def __post_init__(self) -> None:
        self.image = Image.new("RGB", (self.width, self.height), self.paper)
        self.draw = ImageDraw.Draw(self.image)

    def font(self, size: float, bold: bool = False) -> Any:
        return ImageFont.truetype(str(FONTS / f"{FACES[self.face]}{'-Bold' if bold else ''}.ttf"), size)

    def put(
        self, x: float, y: float, text: str, size: float = 20, key: str = "", *, bold: bool = False, ink: str = "",
        anchor: str = "la",
    ) -> float:  # fmt: skip
        """Write a text, and remember where if it is the value of `key`; gives where it ends."""
        font = self.font(size, bold)
        self.draw.text((x, y), text, font=font, fill=ink or self.ink, anchor=anchor)
        box = self.draw.textbbox((x, y), text, font=font, anchor=anchor)
        if key:
            self.boxes[key] = box
        return float(box[2])

    def line(self, x0: float, y0: float, x1: float, y1: float, width: int = 1, ink: str = "#888888") -> None:
        self.draw.line((x0, y0, x1, y1), fill=ink, width=width)

    def box(self, x0: float, y0: float, x1: float, y1: float, fill: str | None = None, ink: str | None = None) -> None:
        self.draw.rectangle((x0, y0, x1, y1), fill=fill, outline=ink)


@dataclass
class Habit:
    """How one paper writes its language, dates, decimals and money."""

    language: str
    order: str
    """Of dates: dmy, mdy, iso or words."""
    comma: bool
    currency: str
    leads: bool
    """Whether the currency stands before the number."""

    @classmethod
    def any(cls, random: random.Random) -> Habit:
        if random.random() < 0.5:
            return cls("es", random.choice(["dmy", "dmy", "words", "iso"]), True, "€", False)
        order = random.choice(["mdy", "dmy", "iso", "words"])
        return cls("en", order, False, random.choice(["$", "$", "£", ""]) if order != "dmy" else "£", True)

    def say(self, english: str, spanish: str) -> str:
        return english if self.language == "en" else spanish

    def number(self, value: Decimal | int) -> str:
        text = f"{value:,}"
        return text.translate(str.maketrans(",.", ".,")) if self.comma else text

    def money(self, value: Decimal, bare: bool = False) -> str:
        number = self.number(value)
        if bare or not self.currency:
            return number
        return f"{self.currency}{number}" if self.leads else f"{number} {self.currency}"

    def date(self, year: int, month: int, day: int) -> str:
        months = self.say(
            "January February March April May June July August September October November December",
            "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        ).split()
        if self.order == "iso":
            return f"{year}-{month:02}-{day:02}"
        if self.order == "words":
            return self.say(f"{months[month - 1]} {day}, {year}", f"{day} de {months[month - 1]} de {year}")
        first, second = (day, month) if self.order == "dmy" else (month, day)
        mark = "/" if self.language == "en" else "-" if day % 2 else "/"
        return f"{first:02}{mark}{second:02}{mark}{year}"
