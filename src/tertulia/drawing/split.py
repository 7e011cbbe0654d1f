"""What is learnt, and what is held back to see whether it was understood."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from .corpus import STYLES, Corpus

UNSEEN_PAIRS, UNSEEN_CONCEPTS = 0.08, 0.06
"""Shares of what is held back: single styles of concepts, and whole concepts."""


@dataclass(frozen=True)
class Split:
    """Numbers of pictures by what they are for."""

    learnt: list[int]
    pairs: list[int]
    """Of concepts that are learnt, in a style in which they are not."""
    concepts: list[int]
    """Of concepts that are not learnt in any style."""


def split(corpus: Corpus) -> Split:
    """The same split every time: by digests of names, without regard to the pictures."""
    held = {place for place, one in enumerate(corpus.concepts) if chance(one.name) < UNSEEN_CONCEPTS}
    parts = Split([], [], [])
    for number, (concept, style) in enumerate(zip(corpus.concept.tolist(), corpus.style.tolist(), strict=True)):
        if concept in held:
            parts.concepts.append(number)
        elif chance(f"{corpus.concepts[concept].name} in {STYLES[style]}") < UNSEEN_PAIRS:
            parts.pairs.append(number)
        else:
            parts.learnt.append(number)
    return parts


def chance(text: str) -> float:
    """A number from 0 to 1 that a text always has."""
    return int.from_bytes(sha256(text.encode()).digest()[:6], "big") / 2**48
