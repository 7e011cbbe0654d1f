"""What a run journal writes in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..usage import Entry
from .adding import NewRun
from .database import Connection
from .rows import tell


@dataclass
class Batch:
    """What waits to be stored, in one transaction."""

    run: str
    life: int
    new: NewRun | None = None
    """The run itself, which is added before all else; None if it is there."""
    entries: list[tuple[Entry, str]] = field(default_factory=list)
    """Lines of the ledger, and their text."""
    steps: list[tuple[Any, ...]] = field(default_factory=list)
    """Rows of finished steps."""
    events: list[tuple[Any, ...]] = field(default_factory=list)
    """Rows of events."""

    def __bool__(self) -> bool:
        return bool(self.new or self.entries or self.steps or self.events)

    @property
    def begins(self) -> bool:
        """Whether a call begins by it."""
        return any(entry.status == "open" for entry, _ in self.entries)

    def write(self, connection: Connection) -> tuple[bool, dict[str, str]]:
        """Write what this life may; gives whether the run is still its own, and steps that another life stored first.

        A life that has been overtaken writes what was paid for, and neither begins calls nor tells anything.
        """
        if self.new:
            self.new.write(connection)
        # an update holds the row, so that nobody takes the run over before this call is in its ledger
        sql = "UPDATE runs SET life = life WHERE id = ? AND life = ? RETURNING id"
        sql = sql if self.begins else "SELECT id FROM runs WHERE id = ? AND life = ?"
        mine = bool(connection.execute(sql, (self.run, self.life)))
        for entry, line in self.entries:
            if mine or entry.status != "open":
                connection.execute(
                    "INSERT INTO ledger (run, key, attempt, number, entry) VALUES (?, ?, ?, "
                    "(SELECT coalesce(max(number), 0) + 1 FROM ledger WHERE run = ?), ?) "
                    "ON CONFLICT (run, key, attempt) DO UPDATE SET entry = excluded.entry",
                    (self.run, entry.key, entry.attempt, self.run, line),
                )
        others = {step[1]: first for step in self.steps if (first := _first(connection, step)) is not None}
        if mine:
            tell(connection, self.events)
        return mine, others


def _first(connection: Connection, step: tuple[Any, ...]) -> str | None:
    """Store a step unless its key is taken; gives the result that was there first, if it is another."""
    stored = connection.execute(
        "INSERT INTO steps (run, key, at, kind, result) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING key",
        step,
    )
    if stored:
        return None
    [(result,)] = connection.execute("SELECT result FROM steps WHERE run = ? AND key = ?", step[:2])
    return str(result)
