"""How much of 126 images is read right, by rules alone or with a model for what they leave open.

    python -m bench.extract [--half test] [--seed 0] [--model embedded] [--out bench/results/extract.md]

Of each image that is measured: fields right, wrong and missing; values that are printed nowhere; rows of lists that are
right as a whole; how far the evidence overlaps the true box; seconds and processor time.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from tertulia.extracting import open_desk
from tertulia.settings import load
from tertulia.tools.extraction import Extraction, Wanted
from tertulia.tools.vision import Eyes

from .images import Sample, samples
from .images.drawing import Box

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


async def measure(half: str, seed: int, model: str) -> dict[str, Tally]:
    """Counts by kind, by condition, and of all."""
    counts: dict[str, Tally] = defaultdict(Tally)
    settings = load(model=model or "scripted")
    async with Eyes(most=1) as eyes:
        for sample in samples(seed):
            if half not in ("all", sample.half):
                continue
            stream = io.BytesIO()
            sample.image.save(stream, "PNG")
            began = time.monotonic()
            desk = await open_desk(settings, Wanted.of_schema(sample.schema), asks=bool(model), eyes=eyes)
            read = await desk.read_bytes(stream.getvalue(), f"{sample.name}.png")
            await desk.house.close()
            count = tally(sample, read.extraction)
            count["milliseconds"], count["tokens"] = round(1000 * (time.monotonic() - began)), read.report.total
            for key in (sample.kind, sample.condition, "all"):
                counts[key] += count
            print(sample.name, dict(count), flush=True)
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
    parser.add_argument("--out", default="")
    given = parser.parse_args()
    counts = asyncio.run(measure(given.half, given.seed, given.model))
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
