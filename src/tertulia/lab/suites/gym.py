"""Cases of reasoning-gym by seed, with settings that fit a small model."""

from __future__ import annotations

from ..cases import Case
from ..checkers import Gym
from ..gymnasium import dataset

SMALL: dict[str, dict[str, int]] = {
    "calendar_arithmetic": {},
    "chain_sum": {"min_terms": 3, "max_terms": 5, "min_digits": 2, "max_digits": 3},
    "family_relationships": {},
    "gcd": {},
    "gsm_symbolic": {},
    "knights_knaves": {"n_people": 2},
    "lcm": {},
    "leg_counting": {},
    "letter_counting": {},
    "number_sequence": {},
    "simple_equations": {},
    "syllogism": {},
    "time_intervals": {},
    "word_sorting": {"max_words": 6},
}
"""Families, with settings, that a model of one to two billion weights can partly do; together they are `small`."""


def make(families: list[str], count: int, seed: int) -> list[Case]:
    """`count` cases of each family; the same ones for the same seed and version of reasoning-gym.

    Raises:
        UnknownName: if there is no such family.
        SettingsError: if its scorer would run answers as code, or the extra is missing.
    """
    names = [name for family in families for name in (SMALL if family == "small" else [family])]
    return [case for name in dict.fromkeys(names) for case in of(name, count, seed)]


def of(family: str, count: int, seed: int) -> list[Case]:
    """Cases of one family."""
    config = tuple(SMALL.get(family, {}).items())
    cases = []
    for index in range(count):
        entry = dataset(family, seed, config)[index]
        checker = Gym(family, seed, index, config)
        name = f"{family}-{seed}-{index}"
        cases.append(Case(name, entry["question"].strip(), str(entry["answer"]), checker, family))
    return cases
