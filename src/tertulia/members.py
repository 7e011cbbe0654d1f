"""Everyone who makes calls to models, whatever the strategy: agents, and those who plan, judge, draft and compile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from .agents import Member
from .agents.restater import Restater
from .agents.roster import roster
from .errors import SettingsError
from .registry import blaming, find, parts
from .strategies.direct import Direct
from .strategies.fitting import Fitting


def everyone() -> Mapping[str, Member]:
    """All of them by name: whom settings can give a model."""
    return {member.name: member for member in (*members(), *roster().agents.values())}


def members() -> Iterator[Member]:
    yield Restater()
    yield from Fitting(Direct()).members
    for name in parts("strategy"):
        with suppress(SettingsError), blaming("strategy", name):  # whoever takes that strategy is told why
            yield from find("strategy", name)().members
