"""Reads what is wanted of paper by rules; what they leave open may be proposed by a model, and is checked here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...language import language_of_document
from ..vision import Paper
from .found import Evidence, Extraction, Value
from .labels import read_labelled, read_placed
from .lists import read_list
from .printed import where
from .sums import checks
from .values import Habits
from .wanted import Field, Wanted


@dataclass
class Gathering:
    """What was found so far."""

    wanted: Wanted
    paper: Paper
    values: dict[str, Value] = field(default_factory=dict)
    """By JSON pointer."""
    rejected: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.habits = Habits.of(self.paper.text, language_of_document(self.paper.text))
        self.taken: set[int] = set()

    def read(self) -> None:
        """Find what rules can find: lists first, so that their figures are not taken for anything else."""
        self._lists(self.wanted.fields, "")
        self._fields(self.wanted.fields, "")

    def _lists(self, fields: Sequence[Field], at: str) -> None:
        for one in fields:
            if one.kind == "group":
                self._lists(one.fields, f"{at}/{_escaped(one.name)}")
            if one.kind != "list":
                continue
            for number, entry in enumerate(read_list(one.fields, self.paper, self.habits)):
                for index, value in entry.items():
                    name = _escaped(one.fields[index].name)
                    self._keep(f"{at}/{_escaped(one.name)}/{number}/{name}", value)

    def _fields(self, fields: Sequence[Field], at: str) -> None:
        flat = list(_flat(fields, at))
        for read in (read_labelled, read_placed):
            left = [(pointer, one) for pointer, one in flat if pointer not in self.values]
            for index, value in read([one for _, one in left], self.paper, self.habits, self.taken).items():
                self._keep(left[index][0], value)

    def _keep(self, pointer: str, value: Value) -> None:
        self.values[pointer] = value
        self.taken |= {id(word) for word in value.words}

    @property
    def open(self) -> list[tuple[str, Field]]:
        """What was not found: fields by pointer, and lists without an entry."""
        found = [one for one in _flat(self.wanted.fields, "") if one[0] not in self.values]
        return found + [
            (pointer, one)
            for pointer, one in _list_fields(self.wanted.fields, "")
            if not any(known.startswith(f"{pointer}/") for known in self.values)
        ]

    def propose(self, pointer: str, one: Field, value: Any) -> None:
        """Take a value that a model read, if it is printed somewhere."""
        if value is None or value == "":
            return
        found = where(value, one, self.paper, self.habits)
        if found is None:
            self.rejected.append(f"{pointer}: {value!r} is printed nowhere")
        else:
            self._keep(pointer, found)

    def propose_list(self, pointer: str, one: Field, entries: Sequence[Mapping[str, Any]]) -> None:
        """Take the entries of which at least half the values are printed."""
        number = 0
        for entry in entries:
            found = {
                inner.name: place
                for inner in one.fields
                if (place := where(entry.get(inner.name), inner, self.paper, self.habits))
            }
            if len(found) * 2 < len(one.fields):
                self.rejected.append(f"{pointer}: {dict(entry)!r} is printed nowhere")
                continue
            for name, place in found.items():
                self._keep(f"{pointer}/{number}/{_escaped(name)}", place)
            number += 1

    def result(self) -> Extraction:
        data: dict[str, Any] = {}
        missing: list[str] = []
        evidence: list[Evidence] = []
        for one in self.wanted.fields:
            data[one.name] = self._filled(one, f"/{_escaped(one.name)}", missing, evidence)
        sums = checks(self.wanted.fields, data)
        rejected, notes = tuple(self.rejected), self.paper.notes
        return Extraction(self.paper.name, data, tuple(evidence), tuple(missing), sums, rejected, notes)

    def _filled(self, one: Field, at: str, missing: list[str], evidence: list[Evidence]) -> Any:
        if one.kind == "group":
            return {i.name: self._filled(i, f"{at}/{_escaped(i.name)}", missing, evidence) for i in one.fields}
        if one.kind != "list":
            return self._value(at, missing, evidence)
        entries: list[dict[str, Any]] = []
        while any(known.startswith(f"{at}/{len(entries)}/") for known in self.values):
            place = f"{at}/{len(entries)}"
            entries.append(
                {inner.name: self._value(f"{place}/{_escaped(inner.name)}", missing, evidence) for inner in one.fields}
            )
        if not entries:
            missing.append(at)
        return [entry[""] for entry in entries] if len(one.fields) == 1 and not one.fields[0].name else entries

    def _value(self, at: str, missing: list[str], evidence: list[Evidence]) -> Any:
        value = self.values.get(at)
        if value is None:
            missing.append(at)
            return None
        evidence.append(value.evidence(at))
        return value.value


def by_rules(paper: Paper, wanted: Wanted) -> Gathering:
    """What rules find on the paper."""
    gathering = Gathering(wanted, paper)
    gathering.read()
    return gathering


def _flat(fields: Sequence[Field], at: str) -> Iterator[tuple[str, Field]]:
    """Fields by pointer, without lists."""
    for one in fields:
        pointer = f"{at}/{_escaped(one.name)}"
        if one.kind == "group":
            yield from _flat(one.fields, pointer)
        elif one.kind != "list":
            yield pointer, one


def _list_fields(fields: Sequence[Field], at: str) -> Iterator[tuple[str, Field]]:
    for one in fields:
        pointer = f"{at}/{_escaped(one.name)}"
        if one.kind == "list":
            yield pointer, one
        elif one.kind == "group":
            yield from _list_fields(one.fields, pointer)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
