"""Worlds of true and false statements, liars and truth-tellers, and syllogisms."""

from itertools import product


def worlds(names):
    """Every way in which these can be true or false, each a dict from name to bool."""
    names = list(names)
    return [dict(zip(names, values)) for values in product([True, False], repeat=len(names))]


def truth_tellers(names, says):
    """The worlds in which everybody who tells the truth says what holds, and everybody else what does not.

    `says` maps a name to a function of the world: {"Ana": lambda w: w["Ben"] and not w["Cy"]}.
    """
    return [world for world in worlds(names) if all(bool(says[one](world)) == world[one] for one in says)]


def follows(premises, conclusion, existing=True):
    """Whether a conclusion holds in every world in which the premises do.

    Each is (how, subject, predicate), where how is "all", "no", "some" or "some not".

    `existing` says that there is something of each kind, as in the classical syllogisms.
    """
    terms = sorted({term for one in [*premises, conclusion] for term in one[1:]})
    kinds = list(product([True, False], repeat=len(terms)))
    for chosen in product([True, False], repeat=len(kinds)):
        there = [dict(zip(terms, kind)) for kind, is_there in zip(kinds, chosen) if is_there]
        if existing and not all(any(thing[term] for thing in there) for term in terms):
            continue
        if all(_holds(one, there) for one in premises) and not _holds(conclusion, there):
            return False
    return True


def _holds(statement, there):
    how, subject, predicate = statement
    of = [thing[predicate] for thing in there if thing[subject]]
    if how == "all":
        return all(of)
    if how == "no":
        return not any(of)
    if how == "some":
        return any(of)
    return not all(of)


def orders(names, *rules):
    """The orders of these names that follow every rule; a rule is a function of a dict from name to place, from 1."""
    from itertools import permutations

    found = []
    for row in permutations(names):
        place = {name: number for number, name in enumerate(row, 1)}
        if all(rule(place) for rule in rules):
            found.append(list(row))
    return found
