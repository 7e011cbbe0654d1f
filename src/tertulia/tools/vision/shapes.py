"""Colours of an image, and its areas of one colour: bars and lines of charts; runs only in the child process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .extras import need
from .paper import Shape, Word

NAMES = {
    "black": (20, 20, 20),
    "white": (250, 250, 250),
    "grey": (128, 128, 128),
    "light grey": (205, 205, 205),
    "red": (210, 45, 45),
    "orange": (245, 145, 40),
    "yellow": (245, 220, 60),
    "green": (50, 160, 70),
    "light green": (140, 205, 130),
    "blue": (45, 100, 190),
    "light blue": (125, 180, 230),
    "purple": (135, 90, 175),
    "pink": (235, 140, 185),
    "brown": (140, 90, 60),
    "turquoise": (50, 180, 180),
}
"""A colour of each name; a pixel has the name of the nearest."""
SIDE = 900
"""Pixels of the longer side at which areas are looked for."""
STRONG = 45
"""Of 255: difference of the strongest and weakest part of a colour, from which it counts as coloured."""
LEAST = 0.0008
"""Share of the image, from which an area counts."""
MOST = 40


def colours_of(picture: Any) -> tuple[str, ...]:
    """Names of the colours that at least a twentieth of the image has."""
    numpy = need("numpy")
    step = max(1, max(picture.shape[:2]) // 120)
    names = _named(picture[::step, ::step].reshape(-1, 3), numpy)
    values, counts = numpy.unique(names, return_counts=True)
    order = numpy.argsort(-counts)
    return tuple(list(NAMES)[values[at]] for at in order if counts[at] * 20 >= len(names))


def shapes_of(picture: Any, words: Sequence[Word]) -> Iterator[Shape]:
    """Coloured areas, the largest first: filled ones, and lines with where they run."""
    numpy, cv = need("numpy"), need("cv2")
    scale = min(1.0, SIDE / max(picture.shape[:2]))
    small = cv.resize(picture, None, fx=scale, fy=scale, interpolation=cv.INTER_AREA) if scale < 1 else picture
    wide = small.astype("int16")
    coloured = (wide.max(axis=2) - wide.min(axis=2)) >= STRONG
    if not coloured.any() or coloured.mean() > 0.7:
        return
    names = numpy.full(small.shape[:2], -1)
    names[coloured] = _named(small[coloured], numpy)
    found = []
    for name in numpy.unique(names[coloured]):
        mask = (names == name).astype("uint8")
        _, labels, stats, _ = cv.connectedComponentsWithStats(mask, connectivity=8)
        for label, (x, y, width, height, area) in enumerate(stats.tolist()):
            if label and area >= max(LEAST * names.size, 24):
                found.append((area, int(name), label == labels, (x, y, width, height)))
    for area, name, mask, (x, y, width, height) in sorted(found, key=lambda one: -one[0])[:MOST]:
        box = (x / scale, y / scale, (x + width) / scale, (y + height) / scale)
        is_line = area < 0.4 * width * height and width > 0.15 * small.shape[1]
        points = _run(mask, x, width, scale, numpy) if is_line else ()
        yield Shape(list(NAMES)[name], box, points)


def _run(mask: Any, x: int, width: int, scale: float, numpy: Any) -> tuple[tuple[float, float], ...]:
    """The middle of a line at up to 200 places along it."""
    step = max(1, width // 200)
    rows = numpy.arange(mask.shape[0])
    points = []
    for column in range(x, x + width, step):
        there = mask[:, column]
        if there.any():
            points.append(((column + 0.5) / scale, (float(rows[there].mean()) + 0.5) / scale))
    return tuple(points)


def _named(colours: Any, numpy: Any) -> Any:
    """The index of the nearest name of each colour."""
    known = numpy.array(list(NAMES.values()), dtype="int32")
    distances = ((colours.astype("int32")[:, None, :] - known[None]) ** 2).sum(axis=2)
    return distances.argmin(axis=1)
