"""The three sets that measuring keeps apart, and which seeds and families belong to each.

*train* may be looked at; of *validation* only figures; *test* is run once per release, and nobody reads its failures
before the release is out. A file says in its first line of which set it is; generated cases go by seed and family.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from ..errors import SettingsError
from .cases import Case

Name = Literal["train", "validation", "test"]
KEPT: tuple[Name, ...] = ("validation", "test")
"""Sets whose failures nobody reads."""
SEEDS: dict[int, Name] = {2101: "validation", 2201: "test"}
"""Seeds whose generated cases are kept; those of every other seed are train."""
HELD_FAMILIES = (
    "aiw", "base_conversion", "color_cube_rotation", "count_primes", "course_schedule", "decimal_chain_sum", "dice",
    "fraction_simplification", "isomorphic_strings", "needle_haystack", "number_filtering", "ransom_note",
    "simple_geometry", "zebra_puzzles",
)  # fmt: skip
"""Families of reasoning-gym that no worked example, card or tuning may use, whatever the seed: as many as `small` has,
whose failures have been read. Together they are `held`."""


def set_of(family: str, seed: int) -> Name:
    """The set of a generated case: that of its seed; cases of held families are never train."""
    return SEEDS.get(seed, "validation" if family in HELD_FAMILIES else "train")


def kept(cases: Iterable[Case]) -> list[Case]:
    """The cases whose failures nobody reads."""
    return [case for case in cases if case.set in KEPT]


def outcome(case: Case, correct: bool) -> str:
    """What is told of an answer while a measurement goes on; of kept cases only that there is one."""
    return "done" if case.set in KEPT else "right" if correct else "wrong"


def refuse_kept(cases: Sequence[Case], what: str) -> None:
    """Refuse to use cases of validation or test for what only train is for.

    Args:
        what: For what, as in `cards`.

    Raises:
        SettingsError: if any case is kept; it names the first.
    """
    if found := kept(cases):
        raise SettingsError(f"{found[0].id} is of the {found[0].set} set, which is not for {what}; take cases of train")
