"""reasoning-gym as it is used here: cases of a family, its scorer, and the part of an answer that the scorer reads."""

from __future__ import annotations

import asyncio
import re
import warnings
from functools import cache
from typing import Any

from ..errors import SettingsError, UnknownName
from ..tools.conclusions import clean, conclusion, marked
from .reading import last_number

Config = tuple[tuple[str, int], ...]
"""Settings of a family by name."""
EVALUATING = frozenset(
    (
        "binary_matrix", "codeio", "countdown", "intermediate_integration", "n_queens", "polynomial_multiplication",
        "puzzle24", "simple_integration", "spiral_matrix", "string_insertion",
    )
)  # fmt: skip
"""Families whose scorers run the answer as Python code: never given what a model wrote."""
SIZE = 1_000_000
"""Cases of a family and seed, and so how far apart seeds must lie."""
LONGEST = 10_000
"""Characters of an answer that a scorer is given."""
CLOSED = (
    ("yes", "no"),
    ("true", "false"),
    ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
)
"""Sets of words of which an answer has one."""


@cache
def dataset(family: str, seed: int, config: Config) -> Any:
    """A family's cases, each made from the seed and its index alone.

    Raises:
        UnknownName: if there is no such family.
        SettingsError: if its scorer would run answers as code, or the extra is missing.
    """
    if family in EVALUATING:
        raise SettingsError(f"reasoning-gym's scorer of {family!r} runs the answer as code, so it is not used here")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its dependencies are compiled with syntax warnings
            import reasoning_gym
            from reasoning_gym.factory import DATASETS
    except ImportError:
        raise SettingsError("reasoning-gym is not installed: tertulia setup lab") from None
    if family not in DATASETS:
        raise UnknownName("family of reasoning-gym", family, [*sorted(set(DATASETS) - EVALUATING), "small", "held"])
    return reasoning_gym.create_dataset(family, size=SIZE, seed=seed, **dict(config))


async def score(family: str, seed: int, config: Config, index: int, answer: str) -> float:
    """Points of an answer, 0 to 1; an answer that the scorer cannot read has none."""
    return await asyncio.to_thread(_score, dataset(family, seed, config), index, answer[:LONGEST])


def _score(family: Any, index: int, answer: str) -> float:
    try:
        return float(family.score_answer(answer, family[index]))
    except Exception:  # scorers raise whatever they meet in a text they do not expect
        return 0.0


def like(expected: str, answer: str) -> str:
    """The part of an answer that has the form of what is expected: number, list, time, word or line."""
    line = conclusion(answer).rstrip(".")
    if re.fullmatch(r"-?\d+(\.\d+)?", expected):
        found = last_number(answer)
        return found.written.replace("−", "-").replace(",", "") if found else ""
    if expected.startswith("["):
        return last(r"\[[^\[\]]*\]", answer) or line
    if ":" in expected or re.fullmatch(r"\d+ \w+", expected):
        shape = re.sub(r"\d+", r"\\d+", re.escape(expected).replace("\\ ", r"\s+"))
        return last(shape, answer) or line
    for words in CLOSED:
        if expected.casefold() in words:
            return last(rf"(?i)\b({'|'.join(words)})\b", line) or line
    if re.fullmatch(r"\w[\w-]*", expected):
        return last(r"\w[\w-]*", line)
    return line.rpartition(": ")[2].strip(" '\"")


def last(pattern: str, answer: str) -> str:
    """The last place of an answer that follows the pattern; empty if there is none."""
    found = [match[0] for match in re.finditer(pattern, marked(answer) or clean(answer))]
    return found[-1] if found else ""
