"""Sequences, linear equations and searches over whole numbers."""

from itertools import product
from math import gcd


def next_term(terms):
    """What comes next by the simplest rule that gives every term; None if no rule does.

    Tried in this order: equal differences or quotients, division without remainder, a multiple of the last term plus a
    constant, multiples of the last two with or without one, two sequences in turn, and differences that follow a rule.
    """
    terms = list(terms)
    for rule in (_steady, _shrinking, _affine, _by_two, _mixed, _in_turn, _changing):
        found = rule(terms)
        if found is not None:
            return found
    return None


def _steady(terms):
    if len(terms) < 3:
        return None
    steps = [b - a for a, b in zip(terms, terms[1:])]
    if all(step == steps[0] for step in steps):
        return terms[-1] + steps[0]
    if all(terms) and all(terms[i] * terms[i] == terms[i - 1] * terms[i + 1] for i in range(1, len(terms) - 1)):
        top = terms[-1] * terms[-1]
        return top // terms[-2] if top % terms[-2] == 0 else top / terms[-2]
    return None


def _affine(terms):
    """Each is the one before it times a number, plus another."""
    if len(terms) < 4 or terms[1] == terms[0]:
        return None
    over, under = terms[2] - terms[1], terms[1] - terms[0]
    if over % under:
        return None
    times = over // under
    plus = terms[1] - times * terms[0]
    if all(b == times * a + plus for a, b in zip(terms, terms[1:])):
        return times * terms[-1] + plus
    return None


def _by_two(terms):
    """Each comes of the two before it: p times the last one plus q times the one before."""
    if len(terms) < 5:
        return None
    a, b, c, d = terms[:4]
    under = b * b - a * c
    if under == 0:
        return None
    p, q = (c * b - a * d), (b * d - c * c)
    if p % under or q % under:
        return None
    p, q = p // under, q // under
    if all(z == p * y + q * x for x, y, z in zip(terms, terms[1:], terms[2:])):
        return p * terms[-1] + q * terms[-2]
    return None


def _mixed(terms):
    """Each is p times the last one, plus q times the one before, plus a constant if it must be; p and q are small."""
    if len(terms) < 4:
        return None
    small = sorted([(p, q) for p in range(-3, 4) for q in range(-3, 4) if q], key=lambda pq: abs(pq[0]) + abs(pq[1]))
    for constant in (False, True):
        for p, q in small:
            plus = terms[2] - p * terms[1] - q * terms[0] if constant else 0
            if all(z == p * y + q * x + plus for x, y, z in zip(terms, terms[1:], terms[2:])):
                return p * terms[-1] + q * terms[-2] + plus
    return None


def _shrinking(terms):
    """Each is the whole part of the one before divided by a small number."""
    for by in range(2, 10):
        if len(terms) > 2 and all(b == a // by for a, b in zip(terms, terms[1:])):
            return terms[-1] // by
    return None


def _in_turn(terms):
    """Two sequences that take turns, or two steps that do."""
    if len(terms) < 6:
        return None
    turn = terms[len(terms) % 2 :: 2]
    other = terms[1 - len(terms) % 2 :: 2]
    found = _steady(turn)
    if found is not None and _steady(other) is not None:
        return found
    for step in (lambda a, b: b - a, lambda a, b: b / a if a else None):
        steps = [step(a, b) for a, b in zip(terms, terms[1:])]
        if None not in steps and all(x == y for x, y in zip(steps, steps[2:])):
            value = terms[-1] + steps[-2] if step(1, 3) == 2 else terms[-1] * steps[-2]
            return int(value) if value == int(value) else value
    return None


def _changing(terms):
    if len(terms) < 4:
        return None
    steps = [b - a for a, b in zip(terms, terms[1:])]
    step = next_term(steps) if len(steps) > 2 else None
    return None if step is None else terms[-1] + step


def solve(*equations):
    """The values of the unknowns of linear equations, as in solve("2x + 3y = 12", "x - y = 1") -> {"x": 3, "y": 2}.

    A value that is not whole is a float. Raises ValueError if there is not exactly one solution.
    """
    rows, names = [], []
    for equation in equations:
        left, _, right = equation.partition("=")
        row = _linear(left)
        for name, value in _linear(right).items():
            row[name] = _add(row.get(name, (0, 1)), (-value[0], value[1]))
        rows.append(row)
        names += [name for name in row if name and name not in names]
    matrix = [[row.get(name, (0, 1)) for name in names] + [_neg(row.get("", (0, 1)))] for row in rows]
    solved = _eliminate(matrix, len(names))
    return {name: n // d if n % d == 0 else n / d for name, (n, d) in zip(names, solved)}


def _linear(text):
    """The factor of each unknown, and of nothing, in a sum: fractions as (over, under)."""
    total, sign, times, name, pending, under = {}, 1, (1, 1), "", False, False

    def put():
        total[name] = _add(total.get(name, (0, 1)), (sign * times[0], times[1]))

    place = 0
    while place < len(text):
        mark = text[place]
        if mark.isdigit() or mark == ".":
            end = place
            while end < len(text) and (text[end].isdigit() or text[end] == "."):
                end += 1
            value = _fraction(text[place:end])
            times = _times(times, (value[1], value[0]) if under else value)
            pending, under, place = True, False, end
            continue
        if mark in "+-−":
            if pending:
                put()
                sign, times, name, pending = 1, (1, 1), "", False
            sign = -sign if mark != "+" else sign
        elif mark == "/":
            under = True
        elif mark.isalpha():
            end = place
            while end < len(text) and (text[end].isalnum() or text[end] == "_"):
                end += 1
            if name:
                raise ValueError("not linear: " + repr(text))
            name, pending, place = text[place:end], True, end
            continue
        elif mark not in " *·":
            raise ValueError("cannot read " + repr(mark) + " in " + repr(text))
        place += 1
    if pending:
        put()
    return total


def _fraction(text):
    whole, _, part = text.partition(".")
    return _times((int((whole or "0") + part), 10 ** len(part)), (1, 1))


def _add(one, other):
    return _short(one[0] * other[1] + other[0] * one[1], one[1] * other[1])


def _neg(one):
    return -one[0], one[1]


def _times(one, other):
    return _short(one[0] * other[0], one[1] * other[1])


def _short(over, under):
    if under < 0:
        over, under = -over, -under
    common = gcd(over, under) or 1
    return over // common, under // common


def _eliminate(matrix, count):
    """Gauss and Jordan, with fractions."""
    for column in range(count):
        pivots = [i for i in range(column, len(matrix)) if matrix[i][column][0]]
        if not pivots:
            raise ValueError("the equations do not have exactly one solution")
        matrix[column], matrix[pivots[0]] = matrix[pivots[0]], matrix[column]
        over, under = matrix[column][column]
        matrix[column] = [_times(value, (under, over)) for value in matrix[column]]
        for i in range(len(matrix)):
            if i != column and matrix[i][column][0]:
                factor = _neg(matrix[i][column])
                matrix[i] = [_add(a, _times(factor, b)) for a, b in zip(matrix[i], matrix[column])]
    if any(row[count][0] for row in matrix[count:]):
        raise ValueError("the equations contradict each other")
    return [matrix[i][count] for i in range(count)]


def search(condition, **ranges):
    """All values in these ranges for which a condition holds, as in search(lambda x, y: x > y, x=[1, 5], y=[3])."""
    names = list(ranges)
    return [
        dict(zip(names, values)) for values in product(*[list(ranges[name]) for name in names]) if condition(*values)
    ]
