"""Entries of lists: rows of a table under its heads, rows that show their form, and the points of a chart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from ..vision import Cell, Page, Paper, Row, Word
from .concepts import SUMS, TOTALS, concepts, likeness
from .found import Value
from .values import Habits, date_of, is_amount, value_of
from .wanted import Field

HEAD = 0.5
"""Likeness of a head and a field, from which the column is the field's."""
END = 2.6
"""Distance to the next row, in distances of the rows before, from which a table has ended."""
COUNT = re.compile(r"^(\d{1,4})\s*[xX×*]?$")

Entry = dict[int, Value]
"""Values by the index of their field."""


def read_list(fields: Sequence[Field], paper: Paper, habits: Habits) -> list[Entry]:
    """The entries, from the first way of reading that finds any."""
    if len(fields) == 1 and not fields[0].name:
        return []
    for page in paper.pages:
        if entries := _table(fields, page, habits):
            for more in paper.pages[page.number :]:
                entries += _table(fields, more, habits)
            return entries
    for page in paper.pages:
        if entries := _formed(fields, page, habits) or _chart(fields, page, habits):
            return entries
    return []


@dataclass(frozen=True)
class Column:
    field: int
    head: Cell

    def distance(self, cell: Cell) -> float:
        """How far a cell is from standing in the column, in pixels."""
        head = self.head
        middles = abs((cell.left + cell.right) / 2 - (head.left + head.right) / 2)
        return min(abs(cell.left - head.left), abs(cell.right - head.right), middles)


def _table(fields: Sequence[Field], page: Page, habits: Habits) -> list[Entry]:
    for number, row in enumerate(page.rows):
        columns = _columns(fields, row)
        if len(columns) >= 2 and len({column.field for column in columns if column.field >= 0}) >= min(2, len(fields)):
            entries = list(_body(fields, columns, page.rows[number:], page.number, habits))
            if entries:
                return entries
    return []


def _columns(fields: Sequence[Field], row: Row) -> list[Column]:
    """The columns that a row of heads would begin; the field is -1 where a head belongs to none."""
    row = _heads(fields, row)
    if len(row.cells) < 2 or any(is_amount(cell.text, Habits()) for cell in row.cells):
        return []
    pairs = sorted(
        ((likeness(cell.text, field.name, field.kind), at, index) for at, cell in enumerate(row.cells)
         for index, field in enumerate(fields)), reverse=True,
    )  # fmt: skip
    given, used = dict[int, int](), set[int]()
    for fit, at, index in pairs:
        if fit >= HEAD and at not in given and index not in used:
            given[at] = index
            used.add(index)
    left = [index for index in range(len(fields)) if index not in used]
    spare = [at for at in range(len(row.cells)) if at not in given]
    if len(given) >= 2 and len(left) == 1 and len(spare) == 1:
        given[spare[0]] = left[0]
    return [Column(given.get(at, -1), cell) for at, cell in enumerate(row.cells)] if len(given) >= 2 else []


def _heads(fields: Sequence[Field], row: Row) -> Row:
    """The row with cells parted that are two heads with little space between them."""
    cells: list[Cell] = []
    for cell in row.cells:
        fit = max(likeness(cell.text, field.name, field.kind) for field in fields)
        at = next((at for at in range(1, len(cell.words)) if _are_two(fields, cell, at)), 0) if fit < 0.8 else 0
        cells += [Cell(cell.words[:at]), Cell(cell.words[at:])] if at else [cell]
    return Row(tuple(cells))


def _are_two(fields: Sequence[Field], cell: Cell, at: int) -> bool:
    """Whether the words before and after are heads of two fields."""
    parts = Cell(cell.words[:at]).text, Cell(cell.words[at:]).text
    best = [max(range(len(fields)), key=lambda n: likeness(part, fields[n].name, fields[n].kind)) for part in parts]
    fits = [likeness(part, fields[n].name, fields[n].kind) for part, n in zip(parts, best, strict=True)]
    return best[0] != best[1] and min(fits) >= 0.8


def _body(
    fields: Sequence[Field], columns: list[Column], rows: Sequence[Row], page: int, habits: Habits
) -> list[Entry]:
    entries: list[Entry] = []
    steps: list[float] = []
    for before, row in pairwise(rows):
        step = row.middle - before.middle
        if steps and step > END * median(steps):
            break
        if is_sum(row):
            break
        cells = _placed(row, columns)
        entry = _entry(fields, cells, page, habits)
        if not entry and not entries:
            continue
        if not entry:
            break
        if len(entry) == 1 and entries and len(fields) > 1:
            _continued(fields, entries[-1], entry)
            continue
        entries.append(entry)
        if len(entries) > 1:
            steps.append(step)
    return [entry for entry in entries if len(entry) * 2 >= len(fields) or len(entry) >= 2]


def _placed(row: Row, columns: list[Column]) -> dict[int, tuple[Word, ...]]:
    """The words of each column's field; a cell that two columns claim is parted at its spaces."""
    placed: dict[int, tuple[Word, ...]] = {}
    for cell in row.cells:
        over = [column for column in columns if cell.overlaps(column.head) > 0.3]
        if len(over) >= 2 and len(cell.words) >= 2 and len(row.cells) < len(columns):
            for word in cell.words:
                single = Cell((word,))
                nearest = min(over, key=lambda column: column.distance(single))
                placed[nearest.field] = (*placed.get(nearest.field, ()), word)
            continue
        nearest = min(columns, key=lambda column: column.distance(cell))
        placed[nearest.field] = (*placed.get(nearest.field, ()), *cell.words)
    return placed


def _entry(fields: Sequence[Field], cells: dict[int, tuple[Word, ...]], page: int, habits: Habits) -> Entry:
    entry: Entry = {}
    for index, words in cells.items():
        if index < 0:
            continue
        value = value_of(" ".join(word.text for word in words), fields[index], habits)
        if value is not None:
            entry[index] = Value(value, words, page, 0.95, "table")
    return entry


def _continued(fields: Sequence[Field], entry: Entry, more: Entry) -> None:
    """A row with nothing but text goes on with the text of the row above it."""
    [(index, value)] = more.items()
    if fields[index].kind == "text" and index in entry:
        above = entry[index]
        entry[index] = Value(f"{above.value} {value.value}", (*above.words, *value.words), above.page, 0.8, "table")


def is_sum(row: Row) -> bool:
    """Whether a row tells a sum of the rows above it."""
    first = next((cell for cell in row.cells if any(char.isalpha() for char in cell.text)), None)
    if first is None:
        return False
    words = " ".join(word.text for word in first.words[:3])
    meant = concepts(words)
    if not meant or len(first.words) > 5 or "number" in meant[0]:
        return False
    return bool(meant[0] & SUMS) and (bool(meant[0] & TOTALS) or len(row.cells) <= 2)


def _formed(fields: Sequence[Field], page: Page, habits: Habits) -> list[Entry]:
    """Rows such as `2 x Coffee   3.60`: perhaps a count, a text, and amounts at the end."""
    texts = [index for index, field in enumerate(fields) if field.kind == "text"]
    numbers = [index for index, field in enumerate(fields) if field.kind in ("number", "integer")]
    counts = [index for index in numbers if any("quantity" in meant for meant in concepts(fields[index].name))]
    amounts = [index for index in numbers if index not in counts]
    if len(texts) != 1 or not amounts:
        return []
    entries: list[Entry] = []
    for row in page.rows:
        if is_sum(row):
            if entries:
                break
            continue
        if entry := _form(row, texts[0], counts, amounts, fields, page.number, habits):
            entries.append(entry)
    return entries


def _form(
    row: Row, text: int, counts: list[int], amounts: list[int], fields: Sequence[Field], page: int, habits: Habits
) -> Entry:
    words, entry = list(row.words), Entry()
    tail = _amounts_at_end(row, habits, len(amounts))
    if not tail:
        return {}
    words = words[: len(words) - sum(len(cell) for cell in tail)]
    for index, cell in zip(amounts[-len(tail) :], tail, strict=True):
        value = value_of(" ".join(word.text for word in cell), fields[index], habits)
        entry[index] = Value(value, cell, page, 0.85, "table")
    if counts and words:
        if (match := COUNT.match(words[0].text)) and len(words) > 1:
            entry[counts[0]] = Value(int(match[1]), (words[0],), page, 0.85, "table")
            words = words[1:]
            words = words[1:] if words[0].text in ("x", "X", "×", "*") and len(words) > 1 else words
        elif match := COUNT.match(words[-1].text):
            entry[counts[0]] = Value(int(match[1]), (words[-1],), page, 0.8, "table")
            words = words[:-1]
    name = " ".join(word.text for word in words).strip(" .:-")
    if sum(char.isalpha() for char in name) < 2 or name.endswith(":") or date_of(row.text, habits):
        return {}
    entry[text] = Value(name, tuple(words), page, 0.85, "table")
    return entry


def _amounts_at_end(row: Row, habits: Habits, most: int) -> list[tuple[Word, ...]]:
    """Cells at the end of a row that are amounts, from left to right; none if the row has no other words."""
    found: list[tuple[Word, ...]] = []
    for cell in reversed(row.cells[1:] if len(row.cells) > 1 else ()):
        if len(found) == most or not is_amount(cell.text, habits):
            break
        if not found and not re.search(r"\d[.,]\d", cell.text):
            break
        found.insert(0, cell.words)
    return found


def _chart(fields: Sequence[Field], page: Page, habits: Habits) -> list[Entry]:
    """The points of a chart whose values are printed at its bars or along its line."""
    texts = [index for index, field in enumerate(fields) if field.kind == "text"]
    numbers = [index for index, field in enumerate(fields) if field.kind in ("number", "integer")]
    if len(fields) != 2 or len(texts) != 1 or len(numbers) != 1:
        return []
    entries: list[Entry] = []
    for label, figure in over_labels(page, habits) or _beside(page, habits):
        entries.append({texts[0]: Value(label.text, label.words, page.number, 0.9, "table")})
        if figure and (value := value_of(figure.text, fields[numbers[0]], habits)) is not None:
            entries[-1][numbers[0]] = Value(value, figure.words, page.number, 0.9, "table")
    return entries


def over_labels(page: Page, habits: Habits) -> list[tuple[Cell, Cell | None]]:
    """The labels under a chart, each with the figure that is printed above it; None where none or several are."""
    figures = [cell for row in page.rows for cell in _single(row) if is_amount(cell.text, habits)]
    across = _axis_below(page, habits)
    return _above(across, figures) if len(across) >= 2 else []


def _single(row: Row) -> list[Cell]:
    """Cells of a row, each word of figures for itself."""
    return [Cell((word,)) if word.text[:1].isdigit() else cell for cell in row.cells for word in cell.words[:1]] + [
        Cell((word,)) for cell in row.cells for word in cell.words[1:] if word.text[:1].isdigit()
    ]


def _axis_below(page: Page, habits: Habits) -> list[Cell]:
    """The labels under a chart: the lowest row of at least three texts side by side."""
    for row in reversed(page.rows):
        words = [cell for cell in row.cells if not is_amount(cell.text, habits)]
        if len(words) >= 3 and len(words) >= len(row.cells) - 1:
            return words
        split = [Cell((word,)) for word in row.words if not is_amount(word.text, habits)]
        if len(split) >= 3 and len(split) >= len(row.words) - 1 and len(row.cells) > 1:
            return split
    return []


def _above(labels: list[Cell], figures: list[Cell]) -> list[tuple[Cell, Cell | None]]:
    """Each label with the one figure that stands above it; a label with none or several has no value."""
    middles = [(label.left + label.right) / 2 for label in labels]
    near = 0.3 * min(after - before for before, after in pairwise(middles))
    pairs: list[tuple[Cell, Cell | None]] = []
    for label, middle in zip(labels, middles, strict=True):
        over = [
            figure
            for figure in figures
            if abs((figure.left + figure.right) / 2 - middle) <= near
            and figure.middle < label.middle - label.height
            and figure.right > labels[0].left  # what stands further left is the scale
        ]
        pairs.append((label, over[0] if len(over) == 1 else None))
    return pairs if sum(figure is not None for _, figure in pairs) * 2 > len(labels) else []


def _beside(page: Page, habits: Habits) -> list[tuple[Cell, Cell | None]]:
    """Rows of a text and a figure with a bar between them."""
    rows = [row.cells for row in page.rows if len(row.cells) == 2]
    return [
        (label, figure)
        for label, figure in rows
        if is_amount(figure.text, habits) and not is_amount(label.text, habits)
    ]
