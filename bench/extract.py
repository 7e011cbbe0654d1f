"""How much of 126 images is read right, by rules alone or with a model for what they leave open.

    python -m bench.extract [--half test] [--seed 0] [--model embedded] [--out bench/results/extract.md]
    python -m bench.extract --way tesseract …
    python -m bench.extract --way alone --model embedded --condition clean …

`tesseract` has the rules read Tesseract's words in the place of RapidOCR's; `alone` gives the text that RapidOCR reads
to the model, with the schema, and takes what it says.

Of each image that is measured: fields right, wrong and missing; values that are printed nowhere; rows of lists that are
right as a whole; how far the evidence overlaps the true box; seconds and processor time.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import io
import json
import os
import resource
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any, Protocol

from tertulia import House, Question
from tertulia.extracting import open_desk
from tertulia.numbers import mentioned, size
from tertulia.opening import make_model, wishes_of
from tertulia.settings import load
from tertulia.strategies.direct import Direct
from tertulia.tools.extraction import Extraction, Wanted, by_rules
from tertulia.tools.vision import Eyes, Page, Paper, Word
from tertulia.tools.vision.rows import rows_of
from tertulia.types import Form

from .images import Sample, samples
from .images.drawing import Box
from .images.spoiling import CONDITIONS

Tally = Counter[str]


def leaves(data: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Values by JSON pointer."""
    if isinstance(data, Mapping):
        for name, value in data.items():
            yield from leaves(value, f"{at}/{name}")
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from leaves(value, f"{at}/{number}")
    else:
        yield at, data


def same(given: Any, wanted: Any) -> bool:
    """Whether two values are equal; of words, case and space do not count."""
    if isinstance(given, str) and isinstance(wanted, str):
        return plain(given) == plain(wanted)
    return not isinstance(given, str) and not isinstance(wanted, str) and abs(float(given) - float(wanted)) < 1e-6


def plain(text: str) -> str:
    return "".join(text.casefold().split())


def overlap(one: Box, other: Box) -> float:
    """Intersection over union, 0 to 1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = ((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return width * height / (sum(areas) - width * height)


def tally(sample: Sample, found: Extraction) -> Tally:
    """What was right and wrong of one image."""
    wanted, count = dict(leaves(sample.data)), Tally()
    given = {at: value for at, value in leaves(found.data) if value is not None}
    boxes = {one.pointer: one.box for one in found.evidence}
    for at, value in wanted.items():
        kind = "missing" if at not in given else "right" if same(given[at], value) else "wrong"
        count[kind] += 1
        if kind == "right":
            box = boxes.get(at)
            count["placed"] += bool(box and overlap(box, sample.boxes[at]) >= 0.5)
    evidenced = {one.pointer for one in found.evidence}
    count["invented"] = sum(at not in wanted or at not in evidenced for at in given)
    for name, rows in sample.data.items():
        if isinstance(rows, list):
            count["rows"] += len(rows)
            read = found.data[name]
            count["rows right"] += sum(
                n < len(read)
                and all(read[n][key] is not None and same(read[n][key], value) for key, value in row.items())
                for n, row in enumerate(rows)
            )
    count["images"] = 1
    return count


class Ours:
    """Extraction as it is, by rules and, where one is named, with a model for what they leave open."""

    def __init__(self, model: str):
        self.model, self.eyes = model, Eyes(most=1)

    async def count(self, sample: Sample, image: bytes) -> Tally:
        settings = load(model=self.model or "scripted")
        desk = await open_desk(settings, Wanted.of_schema(sample.schema), asks=bool(self.model), eyes=self.eyes)
        read = await desk.read_bytes(image, f"{sample.name}.png")
        await desk.house.close()
        return tally(sample, read.extraction) + Tally(tokens=read.report.total)

    async def close(self) -> None:
        await self.eyes.close()


class Tesseract:
    """The same rules over the words of Tesseract, English and Spanish."""

    def __init__(self, model: str):
        self.command = ["tesseract", "stdin", "stdout", "-l", "eng+spa", "--psm", "6", "tsv"]

    async def count(self, sample: Sample, image: bytes) -> Tally:
        child = await asyncio.create_subprocess_exec(
            *self.command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={**os.environ, "OMP_THREAD_LIMIT": "1"}
        )
        printed, _ = await child.communicate(image)
        words = tuple(self._words(printed.decode()))
        width, height = sample.image.size
        page = Page(1, width, height, words, rows_of(words))
        return tally(sample, by_rules(Paper(sample.name, (page,)), Wanted.of_schema(sample.schema)).result())

    def _words(self, table: str) -> Iterator[Word]:
        for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["level"] == "5" and row["text"].strip():
                left, top, width, height = (float(row[name]) for name in ("left", "top", "width", "height"))
                box = (left, top, left + width, top + height)
                yield Word(row["text"], left, box[2], top + height / 2, height, box, float(row["conf"]) / 100)

    async def close(self) -> None: ...


class Alone:
    """The model with the schema, over the text that RapidOCR reads."""

    def __init__(self, model: str):
        self.eyes = Eyes(most=1)
        settings = load(model=model or "embedded")
        self.house = House({"default": make_model(settings.model, wishes_of(settings, print))}, Direct())

    async def count(self, sample: Sample, image: bytes) -> Tally:
        paper = await self.eyes.read(image, sample.name)
        text = f"Extract the data of this document as JSON. Dates as YYYY-MM-DD.\n\n{paper.text}"
        answered = await self.house.ask(Question(text, form=Form(schema=sample.schema, max_tokens=900)))
        try:
            said = json.loads(answered.answer.text)
        except ValueError:
            said = {}
        return counted(sample, said, paper.text) + Tally(tokens=answered.report.total)

    async def close(self) -> None:
        await self.eyes.close()
        await self.house.close()


class Reader(Protocol):
    """A way of reading."""

    async def count(self, sample: Sample, image: bytes) -> Tally: ...

    async def close(self) -> None: ...


WAYS: Mapping[str, Callable[[str], Reader]] = {"ours": Ours, "tesseract": Tesseract, "alone": Alone}


def counted(sample: Sample, said: Any, text: str) -> Tally:
    """What was right and wrong of a reply that has no evidence: invented is what the text holds nowhere."""
    wanted, count = dict(leaves(sample.data)), Tally(images=1)
    given = {at: value for at, value in leaves(said) if value not in (None, "")}
    for at, value in wanted.items():
        count["missing" if at not in given else "right" if alike(given[at], value) else "wrong"] += 1
    numbers, plain_text = mentioned(text), plain(text)
    for at, value in given.items():
        if at in wanted and alike(value, wanted[at]):
            continue
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        there = size(Fraction(str(value))) in numbers if is_number else plain(str(value)) in plain_text
        count["invented"] += not there
    for name, rows in sample.data.items():
        if isinstance(rows, list):
            count["rows"] += len(rows)
            count["rows right"] += sum(
                all(
                    f"/{name}/{n}/{key}" in given and alike(given[f"/{name}/{n}/{key}"], value)
                    for key, value in row.items()
                )
                for n, row in enumerate(rows)
            )
    return count


def alike(given: Any, wanted: Any) -> bool:
    """As `same`, of values that a model may have given in another type."""
    return isinstance(given, str) == isinstance(wanted, str) and same(given, wanted)


async def measure(half: str, seed: int, model: str, way: str, condition: str) -> dict[str, Tally]:
    """Counts by kind, by condition, and of all."""
    counts: dict[str, Tally] = defaultdict(Tally)
    reader = WAYS[way](model)
    for sample in samples(seed):
        if half not in ("all", sample.half) or condition not in ("", sample.condition):
            continue
        stream = io.BytesIO()
        sample.image.save(stream, "PNG")
        began = time.monotonic()
        count = await reader.count(sample, stream.getvalue())
        count["milliseconds"] = round(1000 * (time.monotonic() - began))
        for key in (sample.kind, sample.condition, "all"):
            counts[key] += count
        print(sample.name, dict(count), flush=True)
    await reader.close()
    return counts


def table(counts: Mapping[str, Tally], half: str) -> str:
    lines = [
        f"| {half} | images | fields | right | wrong | missing | invented | rows right | box IoU ≥ .5 | seconds each |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for key, count in counts.items():
        fields = count["right"] + count["wrong"] + count["missing"]
        rows = f"{count['rows right']} of {count['rows']}" if count["rows"] else "–"
        lines.append(
            f"| {key} | {count['images']} | {fields} | {count['right'] / fields:.3f} | {count['wrong']} | "
            f"{count['missing']} | {count['invented']} | {rows} | {count['placed'] / max(1, count['right']):.3f} | "
            f"{count['milliseconds'] / 1000 / count['images']:.1f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=["train", "test", "all"], default="all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", default="", help="Asked for what rules leave open; none if empty.")
    parser.add_argument("--way", choices=WAYS, default="ours")
    parser.add_argument("--condition", choices=["", *CONDITIONS], default="", help="Only images in this condition.")
    parser.add_argument("--out", default="")
    given = parser.parse_args()
    counts = asyncio.run(measure(given.half, given.seed, given.model, given.way, given.condition))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = used.ru_utime + used.ru_stime
    each = seconds / counts["all"]["images"]
    text = f"{table(counts, given.half)}\n\nProcessor time of the reading process: {each:.2f} s an image."
    print(text)
    if given.out:
        with open(given.out, "w") as file:
            file.write(text + "\n")


if __name__ == "__main__":
    main()
