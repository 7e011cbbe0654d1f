"""What a request asks for, in the house's own words, and the parameters that both protocols have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from ...budget import Budget
from ...types import Effort, Question, Turn
from ..problems import refused

LIMITS = {"tokens": int, "usd": float, "seconds": float, "calls": int}
VERBOSITY = {"low": "Be brief.", "high": "Be thorough: give the details and the reasons."}


@dataclass(frozen=True)
class Asking:
    """A question, the house it is for, and the most it may cost."""

    model: str
    question: Question
    effort: Effort | None = None
    """None leaves it to the house."""
    budget: Budget = Budget()
    """Limits of this request; those of the house hold as well."""
    choices: int = 1
    ignored: tuple[str, ...] = ()
    """Parameters that were accepted and had no effect."""
    store: bool = True
    """Whether its run may be stored."""
    tier: str = "default"
    """How urgent it is."""
    conversation: tuple[Turn, ...] = ()
    """All that was said, with what a response before it was asked; empty where nobody goes on from it."""

    def choice(self, number: int) -> Question:
        """The question as it is asked for one of several answers."""
        form = self.question.form
        seed = None if form.seed is None else form.seed + number
        return replace(self.question, form=replace(form, seed=seed)) if number else self.question


def effort(named: str | None) -> Effort | None:
    """The effort in the house's words; `max` is its most."""
    name = "xhigh" if named == "max" else named
    return next((known for known in get_args(Effort) if known == name), None)


def budget(metadata: Mapping[str, str] | None, headers: Mapping[str, str]) -> Budget:
    """Limits that the request sets: `tertulia_budget_tokens` in its metadata, or the header `x-tertulia-budget-tokens`.

    Raises:
        Problem: if one is not a number above 0.
    """
    limits: dict[str, Any] = {}
    for name, kind in LIMITS.items():
        header = f"x-tertulia-budget-{name}"
        given = (metadata or {}).get(f"tertulia_budget_{name}") or headers.get(header)
        if given is None:
            continue
        param = f"metadata.tertulia_budget_{name}" if f"tertulia_budget_{name}" in (metadata or {}) else header
        try:
            limits[name] = kind(given)
        except ValueError:
            raise refused(param, f"{param} cannot be {given[:40]!r}; it should be a number") from None
        if not 0 < limits[name] < 1e15:
            raise refused(param, f"{param} cannot be {given[:40]!r}; it should be above 0")
    return Budget(**limits)
