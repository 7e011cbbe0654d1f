"""What can be told for certain of an image, in words: its text, its charts and tables, its colours."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

from ...language import language_of_document
from ..vision import Page, Row
from ..vision.charts import Point, number, points_of
from .lists import over_labels
from .tables import Table, tables_of
from .values import Habits

MOST_ROWS = 80
"""Rows of text that are told; what is beyond is counted."""


@dataclass(frozen=True)
class Facts:
    """What code can tell of one page."""

    page: Page

    @cached_property
    def habits(self) -> Habits:
        return Habits.of(self.page.text, language_of_document(self.page.text))

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """The points of a chart, by its shapes or by the places of its labels, whichever tells more."""
        if not self.page.shapes:
            return ()
        by_shapes = points_of(self.page)
        by_places = tuple(
            Point(label.text, value, figure.text)
            for label, figure in over_labels(self.page, self.habits)
            if figure and (value := number(figure.text)) is not None
        )
        return by_places if len(by_places) > len(by_shapes) else by_shapes

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """The tables; none are looked for in a chart."""
        return () if self.points else tables_of(self.page, self.habits)

    @property
    def text(self) -> str:
        """All of it, a line each; charts and tables as data that a program can take as it stands."""
        colours = " and ".join(self.page.colours[:3]) or "of no one colour"
        size = f"It has {self.page.width} x {self.page.height} pixels; most of it is {colours}."
        return "\n".join([size, *self._chart(), *self._tables(), *self._rows()])

    def _chart(self) -> Iterator[str]:
        if not self.points:
            return
        values = dict(zip(_labels(self.points), (_plain(point) for point in self.points), strict=True))
        yield f"It is a chart with {len(self.points)} values:"
        yield f"values = {json.dumps(values, ensure_ascii=False)}"
        if not all(point.printed for point in self.points):
            unsaid = (label for label, point in zip(values, self.points, strict=True) if not point.printed)
            yield f"Not printed, but read off the scale, and so about right: {', '.join(unsaid)}."
        if len({point.colour for point in self.points}) > 1:
            colours = {label: point.colour for label, point in zip(values, self.points, strict=True) if point.colour}
            yield f"colours = {json.dumps(colours, ensure_ascii=False)}"

    def _tables(self) -> Iterator[str]:
        for at, table in enumerate(self.tables, 1):
            name = "table" if len(self.tables) == 1 else f"table_{at}"
            yield f"It has a table with {len(table.entries)} rows under their heads:"
            yield f"{name} = [{', '.join(json.dumps(entry, ensure_ascii=False) for entry in table.entries)}]"

    def _rows(self) -> Iterator[str]:
        told = {id(row) for table in self.tables for row in table.rows}
        rows = [row for row in self.page.rows if id(row) not in told and not self._is_of_chart(row)]
        if not self.page.rows:
            yield "No text can be read in it."
        if rows:
            yield "Its other text, row by row:" if told or self.points else "Its text, row by row:"
        yield from map(_row, rows[:MOST_ROWS])
        if len(rows) > MOST_ROWS:
            yield f"({len(rows) - MOST_ROWS} more rows)"

    def _is_of_chart(self, row: Row) -> bool:
        """Whether a row has nothing but labels and figures of a chart, or of its scale."""
        known = {word for point in self.points for word in point.label.split()}
        return bool(known) and all(word.text in known or number(word.text) is not None for word in row.words)


def _row(row: Row) -> str:
    return f"- {' | '.join(cell.text for cell in row.cells)}"


def _labels(points: Collection[Point]) -> list[str]:
    """The points' labels, those that stand twice with their number."""
    texts = [point.label for point in points]
    return [t if texts.count(t) == 1 else f"{t} ({texts[: at + 1].count(t)})" for at, t in enumerate(texts)]


def _plain(point: Point) -> int | float:
    """A value as it is printed or, where it was read off the scale, in three digits."""
    value = point.value if point.printed else float(f"{point.value:.3g}")
    return int(value) if value == int(value) else value
