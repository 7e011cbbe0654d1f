"""Words in their places as the rows and cells that a person sees."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from .paper import Cell, Row, Word

SAME_ROW = 0.5
"""Share of a word's height by which another may lie higher or lower and still be in its row."""
BETWEEN_CELLS = 1.1
"""Space between two cells, at the least, in heights of the row's letters."""


def rows_of(words: Sequence[Word]) -> tuple[Row, ...]:
    """The rows, from top to bottom."""
    gathered: list[list[Word]] = []
    for word in sorted(words, key=lambda word: word.middle):
        nearest = min(gathered[-4:], key=lambda row: _distance(row, word), default=None)
        if nearest is not None and _distance(nearest, word) <= SAME_ROW * min(word.height, _height(nearest)):
            nearest.append(word)
        else:
            gathered.append([word])
    rows = [Row(cells_of(sorted(row, key=lambda word: word.left))) for row in gathered]
    return tuple(sorted(rows, key=lambda row: row.middle))


def cells_of(words: Sequence[Word]) -> tuple[Cell, ...]:
    """Words of one row, from left to right, parted where there is more than a word's space between them."""
    if not words:
        return ()
    gap = BETWEEN_CELLS * median(word.height for word in words)
    cells = [[words[0]]]
    for before, word in pairwise(words):
        if word.left - before.right > gap:
            cells.append([])
        cells[-1].append(word)
    return tuple(Cell(tuple(cell)) for cell in cells)


def _distance(row: list[Word], word: Word) -> float:
    near = sorted(row, key=lambda other: abs(other.left - word.left))[:3]
    return abs(sum(other.middle for other in near) / len(near) - word.middle)


def _height(row: list[Word]) -> float:
    return median(word.height for word in row)
