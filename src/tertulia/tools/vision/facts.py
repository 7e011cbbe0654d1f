"""What can be told for certain of an image, in words: its text, its charts, its colours."""

from __future__ import annotations

from fractions import Fraction

from ...numbers import write
from .charts import Point
from .paper import Page

MOST_ROWS = 80


def told(page: Page, points: tuple[Point, ...]) -> str:
    """The facts of one image, a line each."""
    colours = " and ".join(page.colours[:3]) or "of no one colour"
    size = f"It has {page.width} x {page.height} pixels; most of it is {colours}."
    return "\n".join([size, *_chart(points), *_text(page)])


def _chart(points: tuple[Point, ...]) -> list[str]:
    if not points:
        return []
    said = [f"{point.label}: {point.printed or f'about {point.value:.3g}'}{_colour(point, points)}" for point in points]
    about = "" if all(point.printed for point in points) else " (“about” is read off the scale, and not printed)"
    return [f"It is a chart with {len(points)} values{about}:", *said, _worked_out(points)]


def _worked_out(points: tuple[Point, ...]) -> str:
    """What people ask of a chart, computed here: small models do not compute well."""
    exact = [Fraction(str(point.value)) for point in points]
    most, least = max(points, key=lambda one: one.value), min(points, key=lambda one: one.value)
    about = "" if all(point.printed for point in points) else "about "
    whole = sum(exact)
    return (
        f"Computed from these values: sum {about}{_plain(whole)}; average {about}{_plain(whole / len(exact))}; "
        f"highest {most.label} ({_plain(most.value)}); lowest {least.label} ({_plain(least.value)}); "
        f"highest minus lowest {about}{_plain(max(exact) - min(exact))}."
    )


def _plain(value: Fraction | float) -> str:
    return write(round(Fraction(str(value)), 2))


def _colour(point: Point, points: tuple[Point, ...]) -> str:
    """The colour of a bar, where not all have the same."""
    return f" ({point.colour})" if point.colour and len({one.colour for one in points}) > 1 else ""


def _text(page: Page) -> list[str]:
    if not page.rows:
        return ["No text can be read in it."]
    rows = [" | ".join(cell.text for cell in row.cells) for row in page.rows[:MOST_ROWS]]
    more = len(page.rows) - len(rows)
    return ["Its text, row by row:", *rows, *([f"({more} more rows)"] if more > 0 else [])]
