"""Lists everyone who works on questions, what they do, and the model that each will use."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..agents import Agent
from ..agents.roster import roster
from ..members import everyone
from ..opening import choose
from ..printable import printable
from ..registry import package_of
from ..settings import Settings


@dataclass(frozen=True)
class Row:
    """One who works on questions, or would."""

    name: str
    skill: str
    model: str | None
    """None if they ask none, or cannot be used."""
    joins: str | None
    """When an agent joins plans; None of those who are no agents."""
    package: str | None
    """Which package registered an agent; None of those who are no agents."""
    error: str = ""
    """Why an agent cannot be used; empty if it can."""


def print_agents(settings: Settings, as_json: bool) -> None:
    default = settings.model
    if default in ("", "auto"):
        default, _ = asyncio.run(choose(settings))
    rows = list(rows_of(settings, default))
    if as_json:
        print(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=2))
        return
    Console().print(as_table(rows))
    for row in rows:
        if row.error:
            print(row.error, file=sys.stderr)


def rows_of(settings: Settings, default: str) -> Iterator[Row]:
    """Agents first, then those who plan, judge, draft and compile, then what cannot be used."""
    for member in sorted(everyone().values(), key=lambda member: not isinstance(member, Agent)):
        model = settings.agent_models.get(member.name, default) if member.asks else None
        if isinstance(member, Agent):
            joins = f"where {member.condition}" if member.condition else "every plan"
            yield Row(member.name, member.skill, model, joins, package_of("agent", member.name))
        else:
            yield Row(member.name, member.skill, model, None, None)
    for name, why in roster().broken.items():
        yield Row(name, "", None, None, package_of("agent", name), why)


def as_table(rows: list[Row]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("name", "what it does", "model", "joins"):
        table.add_column(column)
    for row in rows:
        model = row.model or ("" if row.error else "none")
        cells = (row.name, row.skill or "cannot be used", model, row.joins or "")
        table.add_row(*(Text(printable(cell)) for cell in cells))
    return table
