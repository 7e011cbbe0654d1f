"""Questions about 40 charts and tables with known answers: the box as it is, and its text model on raw OCR text.

    python -m bench.seeing [--seed 0] [--most 40] [--model embedded] [--out bench/results/seeing.md]

The same seed draws the same images and questions, half of them in each language. Right is a reply that holds the value
that is asked for, and no label but the one that is asked for. An invented number is one that is neither printed, nor in
the question, nor what a program worked out of what is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import random
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from tertulia import House, Question
from tertulia.agents.viewer import Viewer
from tertulia.numbers import mentioned, read, size
from tertulia.opening import make_model, wishes_of
from tertulia.settings import load
from tertulia.strategies.direct import Direct
from tertulia.strategies.see import See, unheld
from tertulia.tools.documents.words import fold
from tertulia.tools.vision import Eyes
from tertulia.types import Image

from .images.drawing import Habit
from .images.figures import bars, lines, table

KINDS = ("read", "compare", "sum", "average", "maximum", "which")
ASKED = {
    ("en", "table"): {
        "read": "How many schools does {one} have?",
        "compare": "How many more schools does {one} have than {other}?",
        "sum": "What is the sum of the populations of all cities?",
        "average": "What is the average area of the cities?",
        "maximum": "What is the highest number of schools?",
        "which": "Which city has the lowest population?",
    },
    ("es", "table"): {
        "read": "¿Cuántas escuelas tiene {one}?",
        "compare": "¿Cuántas escuelas más tiene {one} que {other}?",
        "sum": "¿Cuál es la suma de la población de todas las ciudades?",
        "average": "¿Cuál es el área media de las ciudades?",
        "maximum": "¿Cuál es el número más alto de escuelas?",
        "which": "¿Qué ciudad tiene la población más baja?",
    },
    ("en", "chart"): {
        "read": "What is the value for {one}?",
        "compare": "By how much is {one} higher than {other}?",
        "sum": "What is the sum of all values?",
        "average": "What is the average of the values?",
        "maximum": "What is the highest value?",
        "which": "Which month has the lowest value?",
    },
    ("es", "chart"): {
        "read": "¿Qué valor tiene {one}?",
        "compare": "¿Cuánto mayor es el valor de {one} que el de {other}?",
        "sum": "¿Cuánto suman todos los valores?",
        "average": "¿Cuál es el promedio de los valores?",
        "maximum": "¿Cuál es el valor más alto?",
        "which": "¿Qué mes tiene el valor más bajo?",
    },
}
FIELDS = dict(zip(KINDS, ("schools", "schools", "population", "area", "schools", "population"), strict=True))
"""What questions about tables ask for."""


@dataclass(frozen=True)
class Case:
    """One question about one image, with its key."""

    name: str
    kind: str
    image: bytes
    question: str
    key: str | Fraction
    labels: tuple[str, ...]


def cases(seed: int) -> Iterator[Case]:
    """Forty questions: figures and layouts in turn, kinds of questions in turn."""
    for number in range(40):
        chance = random.Random(f"{seed}/seeing/{number}")
        language = "es" if number % 2 else "en"
        habit = replace(Habit.any(chance), language=language)
        make = (table, bars, lines)[number % 3]
        rows: list[dict[str, Any]] = []
        while not rows or len({str(value) for row in rows for value in row.values()}) < sum(map(len, rows)):
            page, data, _ = make(number // 3 % 3, habit, chance)  # until no value stands twice
            rows = data["rows"] if make is table else data["points"]
        kind = KINDS[number // 2 % 6]
        label, field = ("city", FIELDS[kind]) if make is table else ("label", "value")
        template = ASKED[language, "table" if make is table else "chart"][kind]
        yield _case(f"{number:02}-{make.__name__}-{language}", kind, page.image, rows, label, field, template, chance)


def _case(
    name: str,
    kind: str,
    image: Any,
    rows: Sequence[dict[str, Any]],
    label: str,
    field: str,
    template: str,
    chance: random.Random,
) -> Case:
    rows = [{**row, field: Fraction(row[field])} for row in rows]
    lowest, highest = min(rows, key=lambda row: row[field]), max(rows, key=lambda row: row[field])
    one, other = (highest, lowest) if kind == "compare" else chance.sample(rows, 2)
    whole = sum((row[field] for row in rows), Fraction())
    keys: dict[str, str | Fraction] = {
        "read": one[field], "compare": one[field] - other[field], "sum": whole, "average": whole / len(rows),
        "maximum": highest[field], "which": str(lowest[label]),
    }  # fmt: skip
    text = template.format(one=one[label], other=other[label])
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return Case(name, kind, stream.getvalue(), text, keys[kind], tuple(str(row[label]) for row in rows))


def is_right(case: Case, said: str) -> bool:
    """Whether a reply says what is asked for, rounded to two decimals at the most."""
    if isinstance(case.key, str):
        named = [label for label in case.labels if fold(label) in fold(said)]
        return named == [case.key]
    near = Fraction(1, 200) if case.key.denominator > 1 else Fraction(0)
    return any(abs(Fraction(value) - case.key) <= near for one in read(said) for value in one.values) or any(
        abs(Fraction(size(value)) - case.key) <= near for value in mentioned(said)
    )


async def measure(seed: int, most: int, model_name: str) -> dict[str, dict[str, Counter[str]]]:
    """Counts by way of answering and kind of question."""
    counts: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    settings = load(model=model_name)
    model = make_model(model_name, wishes_of(settings, print))
    async with Eyes(most=1) as eyes:
        box = House({"default": model}, see=See(viewer=Viewer(eyes=eyes)))
        raw = House({"default": model}, Direct())
        for case in list(cases(seed))[:most]:
            paper = await eyes.read(case.image, case.name)
            asked = Question(case.question, (Image(case.image),))
            plain = Question(
                f"{case.question}\n\nText of the image, read by OCR:\n{paper.text}", language=asked.language
            )
            for way, house, question in (("box default", box, asked), ("raw OCR text", raw, plain)):
                began, events = time.monotonic(), list[Any]()
                answered = await house.ask(question, events.append)
                said = answered.answer.text
                found = [one.text for one in answered.answer.findings.values()]
                held = mentioned("\n".join([paper.text, case.question, *found]))
                count = Counter(
                    images=1,
                    right=is_right(case, said),
                    invented=bool(unheld(read(said), held)),
                    refused="cannot be seen" in said or "no se ve" in said,
                    tokens=answered.report.total,
                    milliseconds=round(1000 * (time.monotonic() - began)),
                )
                for key in (case.kind, "all"):
                    counts[way][key] += count
                line: dict[str, Any] = {
                    "case": case.name,
                    "kind": case.kind,
                    "way": way,
                    "asked": case.question,
                    "key": str(case.key),
                }
                line |= {"said": said, "right": bool(count["right"]), "invented": bool(count["invented"])}
                print(json.dumps(line, ensure_ascii=False), flush=True)
        await box.close()
    return counts


def told(counts: dict[str, dict[str, Counter[str]]]) -> str:
    """The table of what was right."""
    lines = [
        "| way | kind | images | right | wrong | not seen, it says | invented numbers | tokens each | seconds each |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for way, kinds in counts.items():
        for kind in (*KINDS, "all"):
            count = kinds[kind]
            if n := count["images"]:
                wrong = n - count["right"] - count["refused"]
                lines.append(
                    f"| {way} | {kind} | {n} | {count['right']} | {wrong} | {count['refused']} | {count['invented']} | "
                    f"{count['tokens'] / n:.0f} | {count['milliseconds'] / 1000 / n:.1f} |"
                )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most", type=int, default=40)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--out", default="")
    given = parser.parse_args()
    text = told(asyncio.run(measure(given.seed, given.most, given.model)))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = used.ru_utime + used.ru_stime
    text += f"\n\nProcessor time of the processes that read and that hold the model: {spent:.0f} s in all."
    print(text)
    if given.out:
        with open(given.out, "w") as file:
            file.write(text + "\n")


if __name__ == "__main__":
    main()
