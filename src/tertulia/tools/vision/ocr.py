"""Recognising the words of a picture, with their places; runs only in the child process.

RapidOCR finds lines of text and reads each, and says where every letter is; from these come the words. Its classifier
of upside-down lines is off: it turned the label 63 of a chart into ε9.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from statistics import median
from typing import Any

from .extras import need
from .paper import Box, Word

FAINT = 110
"""Of 255: difference of the darkest and lightest letters and paper below which contrast is stretched."""
SURE = 0.5
"""Confidence, 0 to 1, below which a line is not believed."""
CERTAIN = 0.9
"""Confidence, 0 to 1, that some word must have: where none has, coins, whiskers or cups were taken for letters."""
WIDE = 1.0
"""Space between two letters that parts words, in widths of a letter, besides where the model reads a space."""
SIDE = 2000
"""Pixels of the longer side at which lines are read: more cost time and are read no better."""
LOOKED_AT = (1280, 736)
"""Pixels of the longer side at which lines are looked for; the second if the first shows none, since the model does not
see letters that are large and alone."""
SMALL = 800
"""Pixels of the longer side up to which an image is enlarged."""


@dataclass(frozen=True)
class Letter:
    text: str
    corners: tuple[tuple[float, float], ...]
    """Top left, top right, bottom right, bottom left."""
    confidence: float


def words_of(picture: Any, threads: int) -> list[Word]:
    """The words of a picture, of shape (height, width, 3), in no particular order."""
    longer = max(picture.shape[:2])
    times = min(3.0, SMALL / longer) if longer < SMALL else 1.0
    seen = _clear(picture)[:, :, ::-1]
    seen = need("cv2").resize(seen, None, fx=times, fy=times) if times > 1 else seen
    found = next((one for side in LOOKED_AT if len(one := _reader(side, threads)(seen))), None)
    if found is None:
        return []
    lines = [list(_letters(found.word_results[number], times)) for number in range(len(found))]
    bend = Bend.of([[tuple(float(at) / times for at in corner) for corner in box] for box in found.boxes])
    grey = need("cv2").cvtColor(picture, need("cv2").COLOR_RGB2GRAY)
    words = [
        _word(letters, bend, grey)
        for line, text in zip(lines, found.txts, strict=True)
        for letters in _parted(line, str(text))
    ]
    return words if max((word.confidence for word in words), default=0) >= CERTAIN else []


@cache
def _reader(side: int, threads: int) -> Any:
    """The models, loaded once."""
    rapidocr = need("rapidocr")
    need("onnxruntime")
    engine = "EngineConfig.onnxruntime"
    return rapidocr.RapidOCR(
        params={
            "Global.use_cls": False,
            "Global.log_level": "critical",
            "Global.text_score": SURE,
            "Global.max_side_len": SIDE,
            "Det.limit_type": "max",
            "Det.limit_side_len": side,
            "Global.return_word_box": True,
            "Global.return_single_char_box": True,
            f"{engine}.intra_op_num_threads": threads,
            f"{engine}.inter_op_num_threads": 1,
        }
    )


def _clear(picture: Any) -> Any:
    """The picture with its contrast stretched if it is faint."""
    numpy = need("numpy")
    sample = picture[:: max(1, len(picture) // 500), :: max(1, picture.shape[1] // 500)].mean(axis=2)
    dark, light = numpy.percentile(sample, (0.5, 99.5))
    if light - dark >= FAINT or light - dark < 8:
        return picture
    return ((picture.astype("float32") - dark) * (255 / (light - dark))).clip(0, 255).astype("uint8")


def _letters(results: Any, times: float) -> Iterator[Letter]:
    for text, confidence, corners in results:
        yield Letter(str(text), tuple((float(x) / times, float(y) / times) for x, y in corners), float(confidence))


def _parted(line: list[Letter], text: str) -> Iterator[list[Letter]]:
    """The letters of each word: parted where the text has a space, and where more than a space is between them."""
    spaces = _spaces(text)
    if len(text.split()) == 0 or not line:
        return
    width = median(_across(letter) for letter in line)
    word = [line[0]]
    for at in range(1, len(line)):
        gap = line[at].corners[0][0] - line[at - 1].corners[1][0]
        if at in spaces or gap > WIDE * width:
            yield word
            word = []
        word.append(line[at])
    yield word


def _spaces(text: str) -> set[int]:
    """Before which letters, counted without spaces, there is one."""
    found, count = set[int](), 0
    for character in text:
        if character.isspace():
            found.add(count)
        else:
            count += 1
    return found


def _across(letter: Letter) -> float:
    return math.dist(letter.corners[0], letter.corners[1])


@dataclass(frozen=True)
class Bend:
    """How the lines of text run: how much one falls for each pixel to the right, by where it is on the page."""

    slope: float = 0.0
    by_y: float = 0.0
    """How much the slope grows for each pixel down, as it does in perspective."""

    @classmethod
    def of(cls, boxes: list[list[tuple[float, ...]]]) -> Bend:
        """From the corners of the lines; those that are hardly longer than high say nothing."""
        slopes = [
            ((box[0][1] + box[3][1]) / 2, (box[1][1] - box[0][1] + box[2][1] - box[3][1]) / 2 / across, across)
            for box in boxes
            if (across := box[1][0] - box[0][0]) > 3 * abs(box[3][1] - box[0][1]) and across > 0
        ]
        if not slopes:
            return cls()
        middle = median(slope for _, slope, _ in slopes)
        near = [one for one in slopes if abs(one[1] - middle) < 0.08]
        weight = sum(across for *_, across in near)
        y = sum(at * across for at, _, across in near) / weight
        slope = sum(value * across for _, value, across in near) / weight
        spread = sum(across * (at - y) ** 2 for at, _, across in near)
        by_y = sum(across * (at - y) * (value - slope) for at, value, across in near) / spread if spread > 1 else 0.0
        return cls(slope - by_y * y, by_y) if len(near) >= 6 else cls(slope)

    def straight(self, x: float, y: float) -> tuple[float, float]:
        """The point as if all lines were level."""
        slope = self.slope + self.by_y * y
        return x + self.slope * y, y - slope * x


def _word(letters: list[Letter], bend: Bend, grey: Any) -> Word:
    xs, ys = zip(*(point for letter in letters for point in letter.corners), strict=True)
    first, last = letters[0].corners, letters[-1].corners
    centre = (
        sum(point[0] for point in (*first, *last)) / 8,
        sum(point[1] for point in (*first, *last)) / 8,
    )
    left, _ = bend.straight((first[0][0] + first[3][0]) / 2, centre[1])
    right, _ = bend.straight((last[1][0] + last[2][0]) / 2, centre[1])
    _, middle = bend.straight(*centre)
    return Word(
        "".join(letter.text for letter in letters),
        round(left, 1),
        round(right, 1),
        round(middle, 1),
        round(median(math.dist(letter.corners[0], letter.corners[3]) for letter in letters), 1),
        _trimmed(grey, (min(xs), min(ys), max(xs), max(ys)), 0.3 * _across(letters[0])),
        round(sum(letter.confidence for letter in letters) / len(letters), 3),
    )


def _trimmed(grey: Any, box: Box, more: float) -> Box:
    """The box around the ink alone, which may reach `more` pixels beyond the ends of the recognised letters."""
    numpy = need("numpy")
    left, top = max(0, int(box[0] - more)), max(0, int(box[1]))
    part = grey[top : int(box[3]) + 1, left : int(box[2] + more) + 1].astype("int16")
    if min(part.shape) < 4:
        return box
    away = abs(part - int(numpy.median(part)))
    ink = away > 0.45 * numpy.percentile(away, 99)
    rows, columns = _run(ink.any(axis=1), len(part) // 2, 0.12 * len(part)), None
    if rows:
        columns = _ends(ink[rows[0] : rows[1]].any(axis=0))
    if not rows or not columns or rows[1] - rows[0] < 0.3 * len(part):
        return box
    return float(left + columns[0]), float(top + rows[0]), float(left + columns[1]), float(top + rows[1])


def _run(there: Any, middle: int, gap: float) -> tuple[int, int] | None:
    """The first and last place around the middle, over gaps that are as wide as between a letter and its dot."""
    places = [at for at, is_there in enumerate(there.tolist()) if is_there]
    near = min(places, key=lambda at: abs(at - middle), default=None)
    if near is None:
        return None
    first = last = near
    for at in places[places.index(near) :]:
        last = at if at - last <= gap + 1 else last
    for at in reversed(places[: places.index(near)]):
        first = at if first - at <= gap + 1 else first
    return first, last + 1


def _ends(there: Any) -> tuple[int, int] | None:
    places = [at for at, is_there in enumerate(there.tolist()) if is_there]
    return (places[0], places[-1] + 1) if places else None
