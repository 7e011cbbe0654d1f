"""Keys of generated cases, worked out anew from the question: a case whose key differs, or cannot be told, is left out.

Two families of reasoning-gym have wrong keys. `time_intervals` takes milliseconds from a float, drops the time of day
that follows a weekday in brackets, and gives negative durations. `family_relationships` takes the wrong one of the two
people for nieces, nephews and in-laws. Their questions say all that is needed, so they are answered here by reading.
"""

from __future__ import annotations

from collections.abc import Callable

from ..cases import Case
from .durations import durations
from .kinship import relations


def doubt(case: Case) -> str:
    """Why a case cannot be used; empty if its key is right, or its family has no rule."""
    rule = RULES.get(case.family)
    if rule is None:
        return ""
    found = rule(case.question)
    if found == {str(case.expected)}:
        return ""
    return f"the key is {case.expected}, and the question says {' or '.join(sorted(found)) or 'nothing certain'}"


RULES: dict[str, Callable[[str], set[str]]] = {"time_intervals": durations, "family_relationships": relations}
"""By family: everything that its question can be taken to say, in the form of the key."""
