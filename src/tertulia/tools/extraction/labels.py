"""Values beside or below their labels, and those whose place alone tells what they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..vision import Cell, Page, Paper, Row, Word
from .concepts import WORDS, concepts, is_known, likeness
from .found import Value
from .values import Habits, date_of, unit_of, value_of, without_unit
from .wanted import Field

ENOUGH = 0.5
"""Likeness of label and field, from which a value is taken."""
BELOW = 0.08
"""How much less sure a value below its label is than one beside it."""
LOWER = 3.2
"""Heights of the label's letters, within which what stands below it may be its value."""
UNLIKELY = 0.2
"""How much less sure a value is that could be a label itself, as `Delivered` could."""
HEADINGS = frozenset(["invoice", "receipt", "order", "date", "time", "total"])
"""Concepts of words that stand at the top of paper and name nobody."""
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


@dataclass(frozen=True)
class Label:
    """Words that may name what stands beside or below them."""

    words: tuple[Word, ...]
    beside: tuple[Word, ...]
    """What may be the value to the right; empty if nothing is there."""
    below: tuple[tuple[Word, ...], ...]
    """Cells under it, the nearest first."""
    page: int
    text: str
    is_marked: bool
    """Whether a colon or dots part it from its value."""


def labels(page: Page) -> Iterator[Label]:
    """All that may be a label on a page."""
    for number, row in enumerate(page.rows):
        for at, cell in enumerate(row.cells):
            yield from _labels(page, number, row, at, cell)


def _labels(page: Page, number: int, row: Row, at: int, cell: Cell) -> Iterator[Label]:
    following = row.cells[at + 1].words if at + 1 < len(row.cells) else ()
    below = tuple(_below(page, number, cell))
    for length in range(1, min(len(cell.words), 6) + 1):
        words = cell.words[:length]
        text = " ".join(word.text for word in words)
        whole = length == len(cell.words)
        if text.partition(":")[2]:  # recognition left out the space
            break
        yield Label(
            words,
            following if whole else cell.words[length:],
            below if whole else (),
            page.number,
            text.rstrip(" .:·_"),
            is_marked=text.endswith((":", "..", "·")) or (not whole and cell.words[length].text.strip(".:·_") == ""),
        )


def is_value(words: Sequence[Word]) -> bool:
    """Whether words may be a value: they are no label themselves."""
    text = " ".join(word.text for word in words)
    return any(char.isdigit() for char in text) or not (text.endswith(":") or is_known(text))


def _below(page: Page, number: int, label: Cell) -> Iterator[tuple[Word, ...]]:
    for row in page.rows[number + 1 : number + 4]:
        if row.middle - label.middle > LOWER * label.height:
            return
        for cell in row.cells:
            if abs(cell.left - label.left) < 2 * label.height or cell.overlaps(label) > 0.6:
                under = tuple(word for word in cell.words if word.right > label.left)
                if under:
                    yield under
                return


@dataclass(frozen=True)
class Candidate:
    field: int
    value: Value
    label: Label


def read_labelled(fields: Sequence[Field], paper: Paper, habits: Habits, taken: set[int]) -> dict[int, Value]:
    """Values by the index of their field: the surest first, and no word for two of them.

    Args:
        taken: ids of words that are spoken for; those that are used are added.
    """
    wanted = [(index, field) for index, field in enumerate(fields) if field.is_leaf]
    candidates = [
        candidate
        for page in paper.pages
        for label in labels(page)
        for index, field in wanted
        for candidate in _candidates(index, field, label, habits, wanted)
    ]
    found: dict[int, Value] = {}
    for candidate in sorted(candidates, key=lambda one: -one.value.score):
        words = {id(word) for word in candidate.value.words}
        if candidate.field not in found and not words & taken:
            found[candidate.field] = candidate.value
            taken |= words
    return found


def _candidates(
    index: int, field: Field, label: Label, habits: Habits, wanted: Sequence[tuple[int, Field]]
) -> Iterator[Candidate]:
    fit = max(likeness(label.text, name, field.kind) for name in (field.name, *([field.said] if field.said else [])))
    if fit < ENOUGH:
        return
    for places, less in (([label.beside], 0.0), (label.below, BELOW)):
        for words in places:
            value = _read(words, field, habits)
            if value is not None:
                sure = fit - less + (0.03 if label.is_marked else 0.0) - _surplus(field, label)
                sure -= _doubt(value.words, wanted)
                yield Candidate(index, Value(value.value, value.words, label.page, sure), label)
                break


def _doubt(words: Sequence[Word], wanted: Sequence[tuple[int, Field]]) -> float:
    """How much less sure a value is because it may be a label, above all that of another field."""
    if is_value(words):
        return 0.0
    text = " ".join(word.text for word in words)
    return 2 * UNLIKELY if any(likeness(text, field.name, "") > 0.95 for _, field in wanted) else UNLIKELY


def _surplus(field: Field, label: Label) -> float:
    """A label that only begins a sentence is less sure than one that stands alone."""
    return 0.12 if field.kind == "text" and not label.is_marked and label.beside and not label.below else 0.0


def _read(words: Sequence[Word], field: Field, habits: Habits) -> Value | None:
    words = [word for word in words if word.text.strip(".:·_-") or word.text in ("-",)]
    if not words:
        return None
    text = " ".join(word.text for word in words)
    value = value_of(text, field, habits)
    if value is None and field.kind in ("number", "integer", "date"):
        return _within(words, field, habits)
    if field.kind == "text" and not _fits(field, text, habits):
        return None
    return None if value is None else Value(value, tuple(words), 0, 1.0)


def _within(words: Sequence[Word], field: Field, habits: Habits) -> Value | None:
    """The value at the beginning of the words; what follows it is something else."""
    is_number, wants_unit = field.kind != "date", unit_of(field) is not None
    if is_number and date_of(" ".join(word.text for word in words), habits):
        return None
    for length in range(min(len(words), 6), 0, -1):
        text = " ".join(word.text for word in words[:length])
        if is_number and "%" in "".join(word.text for word in words[length : length + 1]):
            continue  # a share, of which only the figures were taken
        if is_number and wants_unit and without_unit(" ".join(word.text for word in words[: length + 1]))[1]:
            continue  # the unit would be lost
        if (value := value_of(text, field, habits)) is not None:
            return Value(value, tuple(words[:length]), 0, 1.0)
    return None


def _fits(field: Field, text: str, habits: Habits) -> bool:
    """Whether a text may be what the field's name says it is."""
    names = {concept for meant in concepts(field.name) for concept in meant}
    if "email" in names:
        return EMAIL.search(text) is not None
    digits = any(char.isdigit() for char in text)
    if names & {"number", "phone", "zip", "account"}:
        return digits
    if names & {"name", "customer", "vendor", "city", "country"}:
        return any(char.isalpha() for char in text) and date_of(text, habits) is None
    return len(text) <= 200


def read_placed(fields: Sequence[Field], paper: Paper, habits: Habits, taken: set[int]) -> dict[int, Value]:
    """What no label tells: whoever issued the paper stands at its top, a title too, and there may be only one date."""
    found: dict[int, Value] = {}
    for index, field in enumerate(fields):
        names = {concept for meant in concepts(field.name) for concept in meant}
        value = None
        if field.kind == "text" and names & {"vendor", "title"}:
            value = _at_top(paper, taken, is_title="title" in names, habits=habits)
        elif field.kind == "date" and len(concepts(field.name)) == 1:
            value = _only_date(field, paper, habits, taken)
        elif field.kind == "text" and "email" in names:
            value = _only(EMAIL, paper, taken)
        elif field.kind == "choice":
            value = _choice(field, paper, taken)
        if value:
            found[index] = value
            taken |= {id(word) for word in value.words}
    return found


def _at_top(paper: Paper, taken: set[int], is_title: bool, habits: Habits) -> Value | None:
    """The largest letters of the first rows that are a name."""
    for page in paper.pages[:1]:
        cells = [(row, cell) for row in page.rows[:4] for cell in row.cells if not taken & set(map(id, cell.words))]
        named = [(row, cell) for row, cell in cells if _is_name(cell, is_title, habits)]
        if named:
            tallest = max(cell.height for _, cell in named)
            _, cell = next(one for one in named if one[1].height >= 0.8 * tallest)
            return Value(cell.text.strip(), cell.words, page.number, 0.85, "place")
    return None


def _is_name(cell: Cell, is_title: bool, habits: Habits) -> bool:
    letters = sum(char.isalpha() for char in cell.text)
    if letters < 3 or letters < 0.5 * len(cell.text) or date_of(cell.text, habits):
        return False
    if is_title:
        return True
    meant = concepts(cell.text)
    return not (is_known(cell.text) and any(one & (HEADINGS | set(WORDS)) for one in meant)) and ":" not in cell.text


def _only_date(field: Field, paper: Paper, habits: Habits, taken: set[int]) -> Value | None:
    """The date, if only one is left."""
    found = []
    for page in paper.pages:
        for row in page.rows:
            for cell in row.cells:
                if date_of(cell.text, habits) and not taken & set(map(id, cell.words)):
                    found.append(_dated(cell, field, habits, page.number))
    return found[0] if len(found) == 1 else None


def _dated(cell: Cell, field: Field, habits: Habits, page: int) -> Value:
    """The fewest words of a cell that say its date."""
    whole, words = date_of(cell.text, habits), list(cell.words)
    while len(words) > 1 and date_of(" ".join(word.text for word in words[1:]), habits) == whole:
        words = words[1:]
    while len(words) > 1 and date_of(" ".join(word.text for word in words[:-1]), habits) == whole:
        words = words[:-1]
    return Value(whole, tuple(words), page, 0.8, "place")


def _only(pattern: re.Pattern[str], paper: Paper, taken: set[int]) -> Value | None:
    found = [
        Value(match[0], (word,), page.number, 0.9, "place")
        for page in paper.pages
        for word in page.words
        if id(word) not in taken and (match := pattern.search(word.text))
    ]
    return found[0] if len(found) == 1 else None


def _choice(field: Field, paper: Paper, taken: set[int]) -> Value | None:
    """The one choice that is printed."""
    habits, found = Habits(), []
    for page in paper.pages:
        for row in page.rows:
            for cell in row.cells:
                value = value_of(cell.text, field, habits)
                if value is not None and not taken & set(map(id, cell.words)):
                    found.append(Value(value, cell.words, page.number, 0.8, "choice"))
    return found[0] if len({str(one.value) for one in found}) == 1 else None
