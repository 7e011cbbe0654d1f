"""What was read of an image or a document: words in their places, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in pixels of the image, or of the page of a PDF at 144 dots per inch."""


@dataclass(frozen=True, slots=True)
class Word:
    """Letters that stand together, and where."""

    text: str
    left: float
    right: float
    """Its ends along the row, in pixels, as if the page lay straight."""
    middle: float
    """How far down the page its row runs, in pixels, as if the page lay straight."""
    height: float
    """Of its letters, in pixels, with what rises and falls."""
    box: Box | None = None
    """Where it stands in the image as it is; None in formats that have no places."""
    confidence: float = 1.0
    """Of whoever read it, 0 to 1; 1 for text that is in the file."""


@dataclass(frozen=True)
class Cell:
    """Words of one row that stand together."""

    words: tuple[Word, ...]

    @cached_property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def left(self) -> float:
        return self.words[0].left

    @property
    def right(self) -> float:
        return self.words[-1].right

    @property
    def middle(self) -> float:
        return sum(word.middle for word in self.words) / len(self.words)

    @property
    def height(self) -> float:
        return max(word.height for word in self.words)

    def overlaps(self, other: Cell) -> float:
        """How much of the narrower one lies above or below the other, 0 to 1."""
        shared = min(self.right, other.right) - max(self.left, other.left)
        return max(0.0, shared) / max(1.0, min(self.right - self.left, other.right - other.left))


@dataclass(frozen=True)
class Row:
    """Words at the same height, from left to right, in cells with space between them."""

    cells: tuple[Cell, ...]

    @cached_property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for cell in self.cells for word in cell.words)

    @cached_property
    def text(self) -> str:
        return "  ".join(cell.text for cell in self.cells)

    @property
    def middle(self) -> float:
        return sum(cell.middle for cell in self.cells) / len(self.cells)

    @property
    def height(self) -> float:
        return max(cell.height for cell in self.cells)


@dataclass(frozen=True)
class Shape:
    """An area of one colour, such as a bar or the line of a chart."""

    colour: str
    box: Box
    points: tuple[tuple[float, float], ...] = ()
    """Where a line runs: its height at places along it, in pixels; empty for an area that is filled."""


@dataclass(frozen=True)
class Page:
    """One page, or a whole image."""

    number: int
    width: int
    height: int
    words: tuple[Word, ...] = ()
    rows: tuple[Row, ...] = ()
    shapes: tuple[Shape, ...] = ()
    """Coloured areas of an image, the largest first; none are looked for in documents."""
    colours: tuple[str, ...] = ()
    """Names of the colours that most of an image has, the commonest first."""

    @cached_property
    def text(self) -> str:
        return "\n".join(row.text for row in self.rows)


@dataclass(frozen=True)
class Paper:
    """All that was read of one file."""

    name: str
    pages: tuple[Page, ...] = field(default_factory=tuple)
    notes: tuple[str, ...] = ()
    """What a person should know: pages that were left out, hidden text that was taken out."""

    @cached_property
    def text(self) -> str:
        return "\n".join(page.text for page in self.pages)


def around(boxes: Sequence[Box | None]) -> Box | None:
    """The smallest box that holds all; None if one has no place."""
    known = [box for box in boxes if box is not None]
    if not known or len(known) < len(boxes):
        return None
    return min(b[0] for b in known), min(b[1] for b in known), max(b[2] for b in known), max(b[3] for b in known)
