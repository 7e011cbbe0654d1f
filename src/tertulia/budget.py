"""Limits on a run, and what is kept back so that it can still answer."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from .errors import BudgetExceeded, SettingsError

LEAST_REPLY = 16
"""Tokens below which a reply is not worth asking for."""


@dataclass(frozen=True)
class Budget:
    """The most a run may spend. None means no limit."""

    tokens: int | None = None
    usd: float | None = None
    seconds: float | None = None
    calls: int | None = None
    written: int | None = None
    """Tokens that all calls may write together, hidden ones included."""
    keep: float = 0.25
    """Share of tokens, money and seconds kept back for writing the answer, 0 to 1; one call is kept back too."""

    def deadline(self, final: bool) -> float | None:
        """Seconds after the start of the run at which a call is stopped; None means never."""
        return None if self.seconds is None else self._allowed(self.seconds, final)

    def clamp(self, spent: Spent, need: Need, final: bool) -> int:
        """Tokens the reply may have: `need.written`, or fewer if that is all the budget has left.

        Raises:
            BudgetExceeded: if nothing useful fits.
        """
        fits = need.written
        least = min(need.written, LEAST_REPLY)
        if self.calls is not None and spent.calls + 1 > self.calls - (not final):
            raise BudgetExceeded("calls", self.calls, spent.calls + 1, kept=not final)
        if self.seconds is not None and spent.seconds >= self._allowed(self.seconds, final):
            raise BudgetExceeded("seconds", self.seconds, spent.seconds, self._kept(self.seconds, final))
        if self.tokens is not None:
            fits = min(fits, int(self._allowed(self.tokens, final)) - spent.tokens - need.read)
            if fits < least:
                needed = spent.tokens + need.read + least
                raise BudgetExceeded("tokens", self.tokens, needed, self._kept(self.tokens, final))
        if self.written is not None:
            fits = min(fits, int(self._allowed(self.written, final)) - spent.written)
            if fits < (1 if final else least):  # a word of an answer is more than none
                needed = spent.written + least
                raise BudgetExceeded("written tokens", self.written, needed, self._kept(self.written, final))
        if self.usd is not None:
            fits = min(fits, self._affordable(spent, need, final))
            if fits < least:
                needs = (spent.usd or 0) + (need.usd_read or 0) + (need.usd_written or 0) * least / max(need.written, 1)
                raise BudgetExceeded("US dollars", self.usd, needs, self._kept(self.usd, final))
        return fits

    def _allowed(self, limit: float, final: bool) -> float:
        return limit - self._kept(limit, final)

    def _kept(self, limit: float, final: bool) -> float:
        """Part of a limit that only the call that writes the answer may use."""
        return 0.0 if final else limit * self.keep

    def _affordable(self, spent: Spent, need: Need, final: bool) -> int:
        assert self.usd is not None
        if spent.usd is None or need.usd_read is None or need.usd_written is None:
            raise SettingsError("the price of the model is unknown, so money cannot be limited: limit tokens instead")
        left = self._allowed(self.usd, final) - spent.usd - need.usd_read
        if left < 0:
            return 0
        return need.written if need.usd_written == 0 else min(need.written, int(need.written * left / need.usd_written))


def tighter(one: Budget, other: Budget) -> Budget:
    """Both limits at once."""
    changes: dict[str, Any] = {}
    for name in (field.name for field in fields(Budget) if field.name != "keep"):
        given = [limit for limit in (getattr(one, name), getattr(other, name)) if limit is not None]
        changes[name] = min(given, default=None)
    return replace(one, **changes)


@dataclass(frozen=True)
class Spent:
    """What a run has spent or set aside so far."""

    tokens: int
    usd: float | None
    """None if a call was made whose price is unknown."""
    seconds: float
    calls: int
    written: int = 0


@dataclass(frozen=True)
class Need:
    """The most that the next call may cost."""

    read: int
    written: int
    usd_read: float | None
    """Price of what it reads; None if unknown."""
    usd_written: float | None
    """Price of writing `written` tokens; None if unknown."""
