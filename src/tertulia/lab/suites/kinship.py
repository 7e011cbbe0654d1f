"""Who somebody is to somebody else, from a story of marriages and children."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

WOMEN = """Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Emma Lisa Anna Margaret Victoria
Charlotte Sophia Isabella Olivia Ava Mia Emily Abigail Amelia Eleanor Grace Alice Lucy Chloe Sophie Lily Hannah Zoe Luna
Nova Aria Willow Aurora"""
MEN = """James John Robert Michael William David Richard Joseph Thomas Charles Peter Daniel Matthew Christopher Andrew
George Edward Benjamin Henry Samuel Alexander Oliver Jack Harry Jacob Noah Ethan Lucas Mason Logan Sebastian Theodore
Owen Liam Aiden Jayden Zion Atlas Axel Finn"""
"""Names that tell the sex; of others (River, Sky, Rain, Sage, Winter, Phoenix, Kai, Ryder) nobody could be sure."""
MARRIED = re.compile(r"(\w+) is married to (\w+)\.(?: They have (?:a child|children) called ([^.]+)\.)?")
ASKED = re.compile(r"(?:What is|How is|What relation is) (\w+) (?:related )?to (\w+)\?")
TERMS = {
    "spouse": ("wife", "husband"),
    "parent": ("mother", "father"),
    "child": ("daughter", "son"),
    "sibling": ("sister", "brother"),
    "grandparent": ("grandmother", "grandfather"),
    "grandchild": ("granddaughter", "grandson"),
    "parent's sibling": ("aunt", "uncle"),
    "sibling's child": ("niece", "nephew"),
    "spouse's parent": ("mother-in-law", "father-in-law"),
    "child's spouse": ("daughter-in-law", "son-in-law"),
    "sibling-in-law": ("sister-in-law", "brother-in-law"),
    "cousin": ("cousin", "cousin"),
}
"""What a woman and a man of each relation are called."""


@dataclass(frozen=True)
class Kin:
    """Who is married to whom, and whose children are whose."""

    spouses: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    children: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    parents: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def siblings(self, person: str) -> set[str]:
        return self.of(self.parents[person], self.children) - {person}

    @staticmethod
    def of(people: set[str], relation: dict[str, set[str]]) -> set[str]:
        """Everybody who has the relation to any of the people."""
        return {other for person in people for other in relation[person]}

    def kin(self, person: str) -> Iterator[tuple[str, set[str]]]:
        """Each relation, and who has it to the person."""
        parents, children, spouses = self.parents[person], self.children[person], self.spouses[person]
        siblings = self.siblings(person)
        uncles = {other for parent in parents for other in self.siblings(parent)}
        yield "spouse", spouses
        yield "parent", parents
        yield "child", children
        yield "sibling", siblings
        yield "grandparent", self.of(parents, self.parents)
        yield "grandchild", self.of(children, self.children)
        yield "parent's sibling", uncles | self.of(uncles, self.spouses)
        yield "sibling's child", self.of(siblings, self.children) | self._of_spouses_siblings(person)
        yield "spouse's parent", self.of(spouses, self.parents)
        yield "child's spouse", self.of(children, self.spouses)
        yield "sibling-in-law", self.of(siblings, self.spouses) | {s for one in spouses for s in self.siblings(one)}
        yield "cousin", self.of(uncles, self.children)

    def _of_spouses_siblings(self, person: str) -> set[str]:
        return {child for one in self.spouses[person] for s in self.siblings(one) for child in self.children[s]}


def story_of(story: str) -> Kin:
    """The family of a story."""
    family = Kin()
    for one, other, named in MARRIED.findall(story):
        family.spouses[one].add(other)
        family.spouses[other].add(one)
        for child in re.findall(r"\w+", named.replace(" and ", ", ")):
            for parent in (one, other):
                family.children[parent].add(child)
                family.parents[child].add(parent)
    return family


def relations(question: str) -> set[str]:
    """All that the first person asked about may be called by the second; empty if the question does not say."""
    asked = ASKED.search(question)
    if asked is None or asked[1] not in f"{WOMEN} {MEN}".split():
        return set()
    family, is_man = story_of(question), asked[1] in MEN.split()
    return {TERMS[name][is_man] for name, people in family.kin(asked[2]) if asked[1] in people}
