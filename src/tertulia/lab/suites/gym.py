"""Cases of reasoning-gym by seed, with settings that fit a small model."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count as counting
from itertools import islice

from ..cases import Case
from ..checkers import Gym
from ..gymnasium import SIZE, dataset
from ..sets import HELD_FAMILIES, Name, set_of
from .answer_keys import doubt

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
GROUPS: dict[str, tuple[str, ...]] = {"small": tuple(SMALL), "held": HELD_FAMILIES}


def make(families: list[str], count: int, seed: int) -> list[Case]:
    """`count` cases of each family; the same ones for the same seed and version of reasoning-gym.

    Nearly every family makes case *i* of the generator's seed *s* from `s + i`, so its seeds 2026 and 2028 share all
    but two cases. Hence seed 3 here is the generator's seed 3,000,000, and no two seeds share a case. Cases whose key
    is wrong or cannot be told from the question are left out (see `keys`), and so is a question that came before.

    Raises:
        UnknownName: if there is no such family.
        SettingsError: if its scorer would run answers as code, or the extra is missing.
    """
    return [case for name in named(families) for case in islice(sound(name, seed), count)]


def as_made(families: list[str], count: int, seed: int) -> list[Case]:
    """The first cases of the generator's own seed, wrong keys included: to make again what older results are of.

    Raises:
        UnknownName: if there is no such family.
        SettingsError: if its scorer would run answers as code, or the extra is missing.
    """
    return [case_of(name, seed, index) for name in named(families) for index in range(count)]


def named(families: list[str]) -> list[str]:
    """Each family once, those of groups one by one."""
    return list(dict.fromkeys(name for family in families for name in GROUPS.get(family, (family,))))


def sound(family: str, seed: int) -> Iterator[Case]:
    """Cases of one family without end, but for those that are left out."""
    asked = set[str]()
    for index in counting():
        case = case_of(family, seed * SIZE, index, set_of(family, seed))
        if case.question not in asked and not doubt(case):
            yield case
        asked.add(case.question)


def case_of(family: str, seed: int, index: int, use: Name = "train") -> Case:
    """One case by the generator's own seed; `use` is the set that it is of."""
    config = tuple(SMALL.get(family, {}).items())
    entry = dataset(family, seed, config)[index]
    checker = Gym(family, seed, index, config)
    name, question = f"{family}-{seed}-{index}", entry["question"].strip()
    return Case(name, question, str(entry["answer"]), checker, family, set=use)
