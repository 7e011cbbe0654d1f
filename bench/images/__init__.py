"""126 images with what is to be read of them: seven kinds in three layouts, each clean and in five worse conditions.

The same seed makes the same images. Rules are written with the layouts of `TRAIN` before one's eyes; those of the other
half are only measured.

    python -m bench.images FOLDER [--seed 0] [--half train|test]
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .drawing import Box, Habit
from .figures import bars, lines, screen, table
from .papers import form, invoice, receipt
from .spoiling import CONDITIONS, spoil

KINDS = {
    "receipt": receipt,
    "invoice": invoice,
    "form": form,
    "table": table,
    "bars": bars,
    "lines": lines,
    "screen": screen,
}
TRAIN = {
    "receipt": {0, 1},
    "invoice": {0},
    "form": {0, 1},
    "table": {0},
    "bars": {0, 1},
    "lines": {0},
    "screen": {0, 1},
}
"""Layouts that rules may be written for; of the 21, 11 are here."""


@dataclass(frozen=True)
class Sample:
    """One image, with its key."""

    name: str
    kind: str
    layout: int
    condition: str
    image: Any
    schema: dict[str, Any]
    data: dict[str, Any]
    boxes: dict[str, Box]

    @property
    def half(self) -> str:
        return "train" if self.layout in TRAIN[self.kind] else "test"


def samples(seed: int = 0) -> Iterator[Sample]:
    for kind, make in KINDS.items():
        for layout in range(3):
            for condition in CONDITIONS:
                chance = random.Random(f"{seed}/{kind}/{layout}/{condition}")
                page, data, schema = make(layout, Habit.any(chance), chance)
                image, boxes = spoil(page.image, page.boxes, condition, chance)
                yield Sample(f"{kind}-{layout}-{condition}", kind, layout, condition, image, schema, data, boxes)
