"""Tables of a page, whatever they are about: heads, and under each a value in every row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from ..vision import Cell, Page, Row
from .lists import END, is_sum
from .values import Habits, number_of

Entry = Mapping[str, str | int | float]
"""What stands under each head, in one row."""
FEWEST_ROWS = 2


@dataclass(frozen=True)
class Table:
    """A table as a person reads it."""

    heads: tuple[str, ...]
    entries: tuple[Entry, ...]
    """Its rows from top to bottom; a number is read by the habits of the paper, what is no number stays text."""
    rows: tuple[Row, ...]
    """The rows of the page that it was read from, that of its heads the first."""


def tables_of(page: Page, habits: Habits) -> tuple[Table, ...]:
    """The tables with at least two rows and a column of numbers; a row of sums belongs to none."""
    found, after = list[Table](), 0
    for at, row in enumerate(page.rows):
        if at < after or not _is_head(row, habits):
            continue
        body = list(_body(row.cells, page.rows[at:], habits))
        entries = tuple(entry for _, entry in body)
        numbers = sum(isinstance(value, int | float) for entry in entries for value in entry.values())
        if len(body) >= FEWEST_ROWS and numbers:
            found.append(Table(_names(row.cells), entries, (row, *(one for one, _ in body))))
            after = at + len(body) + 1
    return tuple(found)


def _is_head(row: Row, habits: Habits) -> bool:
    return len(row.cells) >= 2 and not any(number_of(cell.text, habits) is not None for cell in row.cells)


def _names(heads: Sequence[Cell]) -> tuple[str, ...]:
    """The heads' texts, those that stand twice with their number."""
    texts = [" ".join(head.text.split()) for head in heads]
    return tuple(
        text if texts.count(text) == 1 else f"{text} {texts[: at + 1].count(text)}" for at, text in enumerate(texts)
    )


def _body(heads: Sequence[Cell], rows: Sequence[Row], habits: Habits) -> Iterator[tuple[Row, Entry]]:
    """The rows under the heads, up to the first that is none of the table."""
    names, steps = _names(heads), list[float]()
    for before, row in pairwise(rows):
        step = row.middle - before.middle
        if (steps and step > END * median(steps)) or is_sum(row) or not 2 <= len(row.cells) <= len(heads):
            return
        columns = [_nearest(cell, heads) for cell in row.cells]
        if len(set(columns)) < len(columns):
            return
        steps.append(step)
        yield row, {names[at]: _value(cell.text, habits) for at, cell in zip(columns, row.cells, strict=True)}


def _nearest(cell: Cell, heads: Sequence[Cell]) -> int:
    """The head that a cell stands under."""

    def distance(head: Cell) -> float:
        middles = abs((cell.left + cell.right) / 2 - (head.left + head.right) / 2)
        return min(abs(cell.left - head.left), abs(cell.right - head.right), middles)

    return min(range(len(heads)), key=lambda at: distance(heads[at]))


def _value(text: str, habits: Habits) -> str | int | float:
    number = number_of(text, habits)
    return text if number is None else number
