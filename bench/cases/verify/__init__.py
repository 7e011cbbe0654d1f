"""Recomputes what is right in every hand-written case, and checks that the checkers can tell it from what is wrong.

    python -m bench.cases.verify

Each solution works from the numbers of its question alone, and stands in the folder of its set, in the file of its
kind. For each case it must come to the same as the file; the right answer, written out, must be marked right, and one
with any part changed wrong. No part of an answer may stand in its own question, so that repeating the question is never
right. No question of validation or test may stand in another set or in a prompt, word for word or nearly so.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import tertulia
from tertulia.lab.cases import Case
from tertulia.lab.overlap import overlaps, quoted
from tertulia.lab.suites import load, within

from .checks import faults
from .tools import SOLUTIONS

HERE = Path(__file__).parent.parent
SETS: Mapping[str, tuple[str, ...]] = {
    "train": ("train", "trivial.jsonl", "proportion.jsonl"),
    "validation": ("validation",),
    "test": ("test",),
}
"""Files and folders of each set."""
GENERATED = {"validation": "gym:small:8@2101", "test": "gym:small:8@2201"}
SHOWN = (".py", ".md", ".json", ".jsonl", ".txt", ".toml", ".yaml", ".html")
"""Endings of files of the package in which a prompt, an example or a card could stand."""

for module in walk_packages(__path__, f"{__name__}."):
    if not module.name.endswith("__main__"):
        import_module(module.name)


def cases(name: str | None = None) -> list[Case]:
    """The hand-written cases of a set; of all sets if none is named."""
    return [
        case
        for one, sources in SETS.items()
        if name in (None, one)
        for source in sources
        for case in within(HERE / source)
    ]


async def verify() -> list[str]:
    """What is wrong with any case; nothing if all are sound."""
    every = cases()
    found = [f"{case.id}: {fault}" for case in every for fault in await faults(case)]
    found += [f"{case.id}: is of {case.set}" for name in SETS for case in cases(name) if case.set != name]
    found += [f"{name}: solves no case" for name in sorted(set(SOLUTIONS) - {case.id for case in every})]
    return found + mixed()


def mixed() -> list[str]:
    """Questions of validation and test that stand in another set, in each other, or in what a model is shown."""
    train, validation, test = (cases(name) for name in SETS)
    found: list[object] = [*overlaps(validation, train), *overlaps(test, [*train, *validation])]
    found += [one for some in (validation, test) for one in repeats(some)]
    found += quoted([*validation, *test], shown())
    return [f"{one}: in two places" for one in found]


def repeats(some: list[Case]) -> list[object]:
    """Questions of one set that are much alike, as if a template had been filled in."""
    return [found for place, case in enumerate(some) for found in overlaps([case], some[:place])]


def mixed_generated() -> list[str]:
    """The same for generated cases: those of validation and test, and those that results of train are of."""
    validation, test = (load([f"{source}", source.replace("small", "held")]) for source in GENERATED.values())
    train = load(["gym:small:9@=2026", "gym:small:8@=2028"])
    found = [
        *overlaps(validation, train),
        *overlaps(test, [*train, *validation]),
        *quoted([*validation, *test], shown()),
    ]
    return [f"{one}: in two places" for one in found]


def shown() -> dict[str, str]:
    """What stands in the package, by file: prompts with their examples among it."""
    package = Path(tertulia.__file__).parent
    files = [file for file in package.rglob("*") if file.suffix in SHOWN and file.is_file()]
    return {str(file.relative_to(package)): file.read_text(encoding="utf-8") for file in files}
