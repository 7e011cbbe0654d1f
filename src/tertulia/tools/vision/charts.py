"""Bar and line charts: each label with its value, printed or read off the scale."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median

from .paper import Page, Shape, Word

NUMBER = re.compile(r"^[-−]?\d{1,3}(?:[.,]?\d{3})*(?:[.,]\d+)?%?$")


@dataclass(frozen=True)
class Point:
    """One value of a chart."""

    label: str
    value: float
    printed: str
    """The value as it is printed; empty if it was only read off the scale."""
    colour: str = ""


@dataclass(frozen=True)
class Scale:
    """What a height on the page stands for."""

    slope: float
    start: float

    def value(self, y: float) -> float:
        return self.start + self.slope * y


def number(text: str) -> float | None:
    """The number a mark of a scale or a bar shows; None if it is none."""
    if not NUMBER.match(text):
        return None
    plain = text.rstrip("%").replace("−", "-")
    grouped = re.sub(r"[.,](?=\d{3}(?!\d))", "", plain)
    return float(grouped.replace(",", "."))


def scale_of(page: Page) -> Scale | None:
    """The scale at the left, from at least three numbers whose heights and values fit one line."""
    marks = [(word, value) for word in page.words if (value := number(word.text)) is not None]
    for anchor, _ in sorted(marks, key=lambda mark: mark[0].right):
        column = [(word.middle, value) for word, value in marks if abs(word.right - anchor.right) < 0.8 * anchor.height]
        if len(column) >= 3 and (scale := _line(column)):
            return scale
    return None


def _line(points: Sequence[tuple[float, float]]) -> Scale | None:
    """A line through all points, if they lie on one."""
    y, v = mean(at for at, _ in points), mean(value for _, value in points)
    spread = sum((at - y) ** 2 for at, _ in points)
    if not spread:
        return None
    slope = sum((at - y) * (value - v) for at, value in points) / spread
    scale = Scale(slope, v - slope * y)
    reach = max(value for _, value in points) - min(value for _, value in points)
    fits = all(abs(scale.value(at) - value) <= 0.03 * reach for at, value in points)
    return scale if reach and slope < 0 and fits else None


def points_of(page: Page) -> tuple[Point, ...]:
    """The points of the chart on the page, from left to right or from top to bottom; empty if there is none."""
    scale = scale_of(page)
    bars = [shape for shape in page.shapes if not shape.points]
    for read in (_upright(page, bars, scale), _lying(page, bars), _along(page, scale)):
        if len(read) >= 2:
            return tuple(read)
    return ()


def _upright(page: Page, bars: list[Shape], scale: Scale | None) -> list[Point]:
    """Bars that stand on one line."""
    standing = _aligned(bars, 3)
    found = []
    for bar in sorted(standing, key=lambda bar: bar.box[0]):
        left, top, right, bottom = bar.box
        middle, wide = (left + right) / 2, max(20.0, right - left)
        under = [word for word in page.words if _box(word)[1] > bottom - 2 and abs(_centre(word) - middle) < 0.7 * wide]
        label = _row(under)
        near = [
            word
            for word in page.words
            if number(word.text) is not None
            and abs(_centre(word) - middle) < 0.6 * wide
            and top - 2.2 * word.height < word.middle < top + 2 * word.height
        ]
        point = _point(label, near, scale.value(top) if scale else None, bar.colour)
        if point:
            found.append(point)
    return found


def _lying(page: Page, bars: list[Shape]) -> list[Point]:
    """Bars that begin at one line and go to the right."""
    found = []
    for bar in sorted(_aligned(bars, 0), key=lambda bar: bar.box[1]):
        left, top, right, bottom = bar.box
        same = [word for word in page.words if top - 4 < word.middle < bottom + 4]
        label = " ".join(w.text for w in sorted(same, key=lambda w: w.left) if w.right <= left + 4)
        near = [word for word in same if word.left >= right - 4 and number(word.text) is not None]
        if label and near and (point := _point(label, near, None, bar.colour)):
            found.append(point)
    return found


def _along(page: Page, scale: Scale | None) -> list[Point]:
    """A line over labels."""
    line = next((shape for shape in page.shapes if len(shape.points) >= 10), None)
    if line is None:
        return []
    rows = [row for row in page.rows if row.middle > line.box[3] - 4]
    below = next((row for row in rows if sum(number(cell.text) is None for cell in row.cells) >= 2), None)
    found = []
    for cell in below.cells if below else ():
        middle = (cell.left + cell.right) / 2
        near = min(line.points, key=lambda point: abs(point[0] - middle))
        if abs(near[0] - middle) > 15:
            continue
        words = [
            word
            for word in page.words
            if number(word.text) is not None
            and abs(_centre(word) - middle) < max(14.0, word.right - word.left)
            and abs(word.middle - near[1]) < 3.5 * word.height
        ]
        if point := _point(cell.text, words, scale.value(near[1]) if scale else None, line.colour):
            found.append(point)
    return found


def _aligned(bars: list[Shape], side: int) -> list[Shape]:
    """The most bars that end at one line: the bottom for side 3, the left for side 0."""
    best: list[Shape] = []
    for bar in bars:
        near = [other for other in bars if abs(other.box[side] - bar.box[side]) < 6]
        best = near if len(near) > len(best) else best
    other = (0, 2) if side == 3 else (1, 3)
    breadths = [bar.box[other[1]] - bar.box[other[0]] for bar in best]
    return [bar for bar, breadth in zip(best, breadths, strict=True) if 0.6 < breadth / median(breadths) < 1.6]


def _point(label: str, near: list[Word], measured: float | None, colour: str) -> Point | None:
    if not label:
        return None
    printed = near[0].text if len(near) == 1 else ""
    value = number(printed) if printed else measured
    return None if value is None else Point(label, value, printed, colour)


def _row(words: list[Word]) -> str:
    """The words of the highest row, joined."""
    if not words:
        return ""
    top = min(word.middle for word in words)
    row = sorted((word for word in words if word.middle - top < 0.7 * word.height), key=lambda word: word.left)
    return " ".join(word.text for word in row)


def _box(word: Word) -> tuple[float, float, float, float]:
    return word.box or (word.left, word.middle - word.height / 2, word.right, word.middle + word.height / 2)


def _centre(word: Word) -> float:
    left, _, right, _ = _box(word)
    return (left + right) / 2
