"""Counting tokens: one call, one run, and the three numbers Tertulia prints."""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

LETTERS = (string.ascii_letters + " ").encode()

Status = Literal["open", "ok", "retried", "failed", "cancelled", "abandoned", "unknown"]
"""How an attempt ended.

`open` means not yet; `retried` and `failed` that the provider failed, and was or was not asked again;
`cancelled` that whoever asked left; `abandoned` that the run itself stopped it, out of time; `unknown` that the
process died before it heard the end, so that the usage is the most it may have cost.
"""


@dataclass(frozen=True)
class Usage:
    """Tokens of one model call, as the provider counts them."""

    read: int
    written: int
    hidden: int = 0
    """Part of `written` that was thought and not shown."""
    cached: int = 0
    """Part of `read` that the provider had computed before."""
    exact: bool = True
    """False when the provider sent no usable count and Tertulia estimated it."""
    raw: str = ""
    """What the provider sent, kept when it could not be trusted."""

    @property
    def total(self) -> int:
        return self.read + self.written


NOTHING = Usage(0, 0)
"""The usage of a call that the provider refused to serve."""


def estimate(text: str) -> int:
    """Most tokens `text` may be, for a model whose tokenizer is not at hand.

    A token has one byte or more, so the number of UTF-8 bytes is a bound that always holds; a third of the
    characters is high for any language written in letters, and is what is counted for ASCII words.
    """
    encoded = text.encode(errors="replace")
    others = len(encoded.translate(None, LETTERS))
    return (len(encoded) - others) // 3 + others + 1


@dataclass(frozen=True)
class Entry:
    """One line of the ledger: one attempt at a model call."""

    key: str
    """Which call of the run this is: the place in the work, and the number of the call made there."""
    attempt: int
    """1 for the first try."""
    agent: str
    model: str
    usage: Usage
    status: Status = "open"
    seconds: float = 0.0
    cost: float | None = None
    """US dollars; None if the price of the model is unknown."""


@dataclass(frozen=True)
class Report:
    """The three numbers. Each token billed in the run is in exactly one of them."""

    input: int
    """Read by the call that wrote the answer."""
    output: int
    """Written by that call and shown to the person."""
    reasoning: int
    """Everything else: all other attempts, and what that call thought without showing."""
    reasoning_read: int = 0
    """Part of `reasoning` that the intermediate calls read."""
    cached: int = 0
    """Tokens read, in any call, that providers had computed before."""
    exact: bool = True
    """False if any count in the sum is an estimate."""
    cost: float | None = 0.0
    """US dollars; None if the price of any call is unknown."""
    seconds: float = 0.0
    calls: int = 0

    @property
    def total(self) -> int:
        return self.input + self.output + self.reasoning

    @property
    def reasoning_written(self) -> int:
        """Part of `reasoning` that was written."""
        return self.reasoning - self.reasoning_read

    @property
    def usage(self) -> Usage:
        """The run as if it were one call: all that was read, all that was written, and what of it was not shown."""
        read, written = self.input + self.reasoning_read, self.output + self.reasoning_written
        return Usage(read, written, self.reasoning_written, self.cached, self.exact)


class Ledger:
    """Every attempt at a model call of a run, in the order in which they began."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries: dict[tuple[str, int], Entry] = {}
        self._attempts: dict[str, int] = {}
        self.total = 0
        """Tokens of all attempts; those of an open one are the most it may cost."""
        self.written = 0
        """Part of `total` that was written."""
        for entry in entries:
            self.write(entry)

    def write(self, entry: Entry) -> None:
        """Add an attempt, or settle one that is open."""
        before = self._entries.get((entry.key, entry.attempt))
        replaced = before.usage if before else NOTHING
        self._entries[entry.key, entry.attempt] = entry
        self._attempts[entry.key] = max(entry.attempt, self.attempts(entry.key))
        self.total += entry.usage.total - replaced.total
        self.written += entry.usage.written - replaced.written

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def attempts(self, key: str) -> int:
        """The number of the latest attempt at a call; 0 if there was none."""
        return self._attempts.get(key, 0)

    def last(self, key: str) -> Entry | None:
        """The latest attempt at a call; None if there was none."""
        return self._entries.get((key, self.attempts(key)))

    @property
    def cost(self) -> float | None:
        """US dollars; None if the price of any attempt is unknown."""
        known = [entry.cost for entry in self if entry.cost is not None]
        return sum(known) if len(known) == len(self) else None

    def report(self, written_by: str | None, seconds: float = 0.0) -> Report:
        """Split the ledger's total, given the key of the call that wrote the answer; None if no call did."""
        final = Usage(0, 0)
        for entry in self:
            if entry.key == written_by and entry.status in ("ok", "abandoned"):
                final = entry.usage
        output = final.written - final.hidden
        return Report(
            input=final.read,
            output=output,
            reasoning=self.total - final.read - output,
            reasoning_read=sum(entry.usage.read for entry in self) - final.read,
            cached=sum(entry.usage.cached for entry in self),
            exact=all(entry.usage.exact for entry in self),
            cost=self.cost,
            seconds=seconds,
            calls=len(self),
        )

    def by_agent(self) -> dict[str, Usage]:
        """What each agent spent."""
        spent: dict[str, Usage] = {}
        for entry in self:
            spent[entry.agent] = add(spent.get(entry.agent, NOTHING), entry.usage)
        return spent


def add(one: Usage, other: Usage) -> Usage:
    return replace(
        one,
        read=one.read + other.read,
        written=one.written + other.written,
        hidden=one.hidden + other.hidden,
        cached=one.cached + other.cached,
        exact=one.exact and other.exact,
    )
