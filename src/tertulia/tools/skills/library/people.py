"""Families: who is what to whom."""

_WORDS = {
    "en": {
        "parent": ("father", "mother"), "child": ("son", "daughter"), "sibling": ("brother", "sister"),
        "spouse": ("husband", "wife"), "grandparent": ("grandfather", "grandmother"),
        "grandchild": ("grandson", "granddaughter"), "uncle": ("uncle", "aunt"), "nephew": ("nephew", "niece"),
        "cousin": ("cousin", "cousin"), "parent-in-law": ("father-in-law", "mother-in-law"),
        "child-in-law": ("son-in-law", "daughter-in-law"), "sibling-in-law": ("brother-in-law", "sister-in-law"),
        "great-grandparent": ("great-grandfather", "great-grandmother"),
        "great-grandchild": ("great-grandson", "great-granddaughter"),
    },
    "es": {
        "parent": ("padre", "madre"), "child": ("hijo", "hija"), "sibling": ("hermano", "hermana"),
        "spouse": ("marido", "mujer"), "grandparent": ("abuelo", "abuela"), "grandchild": ("nieto", "nieta"),
        "uncle": ("tío", "tía"), "nephew": ("sobrino", "sobrina"), "cousin": ("primo", "prima"),
        "parent-in-law": ("suegro", "suegra"), "child-in-law": ("yerno", "nuera"),
        "sibling-in-law": ("cuñado", "cuñada"), "great-grandparent": ("bisabuelo", "bisabuela"),
        "great-grandchild": ("bisnieto", "bisnieta"),
    },
}  # fmt: skip


class Family:
    """People, their marriages and children; `men` and `women` are names."""

    def __init__(self, men=(), women=()):
        self.sex = {}
        for name in men:
            self.sex[name] = 0
        for name in women:
            self.sex[name] = 1
        self.spouses = {}
        self.parents_of = {}

    def married(self, one, other):
        """Two people are a couple."""
        self.spouses[one] = other
        self.spouses[other] = one

    def child(self, name, *parents):
        """Somebody is the child of these; of one parent who is married, the other is meant, too."""
        known = list(parents)
        for parent in parents:
            spouse = self.spouses.get(parent)
            if len(parents) == 1 and spouse and spouse not in known:
                known.append(spouse)
        self.parents_of[name] = known

    def parents(self, name):
        return list(self.parents_of.get(name, []))

    def children(self, name):
        return [child for child, parents in self.parents_of.items() if name in parents]

    def siblings(self, name):
        mine = self.parents(name)
        return [one for one in self.parents_of if one != name and any(p in mine for p in self.parents(one))]

    def _each(self, names, step):
        found = []
        for name in names:
            for one in step(name):
                if one not in found:
                    found.append(one)
        return found

    def spouse(self, name):
        return [self.spouses[name]] if name in self.spouses else []

    def who(self, kind, name):
        """Those who are of that kind to somebody, as in who("uncle", "Ana")."""
        parents, children, siblings, spouse = self.parents, self.children, self.siblings, self.spouse
        if kind == "parent":
            return parents(name)
        if kind == "child":
            return children(name)
        if kind == "sibling":
            return siblings(name)
        if kind == "spouse":
            return spouse(name)
        if kind == "grandparent":
            return self._each(parents(name), parents)
        if kind == "grandchild":
            return self._each(children(name), children)
        if kind == "great-grandparent":
            return self._each(self.who("grandparent", name), parents)
        if kind == "great-grandchild":
            return self._each(self.who("grandchild", name), children)
        if kind == "uncle":
            blood = self._each(parents(name), siblings)
            return blood + [one for one in self._each(blood, spouse) if one not in blood]
        if kind == "nephew":
            sides = siblings(name) + self._each(spouse(name), siblings)
            return self._each(sides, children)
        if kind == "cousin":
            return self._each(self._each(parents(name), siblings), children)
        if kind == "parent-in-law":
            return self._each(spouse(name), parents)
        if kind == "child-in-law":
            return self._each(children(name), spouse)
        if kind == "sibling-in-law":
            return self._each(spouse(name), siblings) + self._each(siblings(name), spouse)
        raise ValueError("no such kind of relative: " + repr(kind))

    def relation(self, one, other, language="en"):
        """What `one` is to `other`, in one word; empty if they are not related in any of these ways."""
        for kind, words in _WORDS[language].items():
            if one in self.who(kind, other):
                return words[self.sex.get(one, 0)]
        return ""
