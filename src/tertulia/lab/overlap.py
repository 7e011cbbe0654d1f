"""Whether a question of one set stands in another, or in a text that a model is shown, word for word or nearly so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..errors import SettingsError
from ..tools.conclusions import folded
from .cases import Case
from .checkers import Gym

RUN = 8
"""Words in a row that two questions of different sets may not share; numbers count as alike."""
SHOWN = 5
"""Most overlaps that a message names."""
LETTER = re.compile(r"\([a-h]\)")
WRITTEN = re.compile(r"\d+(?:[.,:/-]\d+)*")
"""A number, time or date in digits."""
Shingle = tuple[str, ...]


@dataclass(frozen=True)
class Overlap:
    """Words that two questions share."""

    case: str
    other: str
    words: str

    def __str__(self) -> str:
        return f"{self.case} and {self.other} (“{self.words}”)"


def words(text: str) -> list[str]:
    """The words of a text without case, accents and the letters of parts; every number is `#`."""
    return ["#" if word.isdigit() else word for word in folded(WRITTEN.sub(" 0 ", LETTER.sub(" ", text))).split()]


def shingles(text: str, size: int = RUN) -> Iterator[Shingle]:
    """All runs of so many words, at least half of them not numbers; the whole text if it is shorter."""
    found = words(text)
    for start in range(max(1, len(found) - size + 1)):
        run = tuple(found[start : start + size])
        if run.count("#") * 2 <= len(run):
            yield run


def overlaps(cases: Iterable[Case], others: Iterable[Case]) -> list[Overlap]:
    """Questions that stand in both, each with the first of the others that it meets.

    Generated cases are all written by templates, so two of them overlap only if they are the same question.
    """
    others = list(others)
    whole = {squeezed(other.question): other.id for other in others}
    runs = {run: other.id for other in others for run in shingles(other.question)}
    by_hand = {run: other.id for other in others if not generated(other) for run in shingles(other.question)}
    return [found for case in cases if (found := _overlap(case, whole, by_hand if generated(case) else runs))]


def _overlap(case: Case, whole: Mapping[str, str], runs: Mapping[Shingle, str]) -> Overlap | None:
    if other := whole.get(squeezed(case.question)):
        return Overlap(case.id, other, case.question[:60])
    shared = next((run for run in shingles(case.question) if run in runs), None)
    return Overlap(case.id, runs[shared], " ".join(shared)) if shared else None


def generated(case: Case) -> bool:
    return isinstance(case.checker, Gym)


def quoted(cases: Iterable[Case], texts: Mapping[str, str]) -> list[Overlap]:
    """Questions of which a run of words stands in a text, by the name of the text: a prompt's example, or a card."""
    runs = {run: name for name, text in texts.items() for run in shingles(text)}
    return [
        Overlap(case.id, runs[run], " ".join(run))
        for case in cases
        if (run := next((run for run in shingles(case.question) if run in runs), None))
    ]


def refuse_overlaps(cases: Sequence[Case], others: Sequence[Case]) -> None:
    """Refuse sets that are called different and share a question.

    Raises:
        SettingsError: it names the first ones.
    """
    if found := overlaps(cases, others):
        named = "; ".join(map(str, found[:SHOWN]))
        raise SettingsError(f"{len(found)} questions stand in both sets: {named}; choose another seed or other files")


def squeezed(text: str) -> str:
    """The text without case and with single spaces, so that only another question differs."""
    return " ".join(text.casefold().split())
