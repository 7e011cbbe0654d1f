"""Logic of train."""

from itertools import permutations, product

from ..tools import in_order, only, solves


@solves("logic-01")
def _():
    return only(
        "ABC"[("Ana", "Ben", "Carla").index(dog)]
        for ana, ben, carla in permutations(("cat", "dog", "parrot"))
        if ana not in ("cat", "dog") and ben != "dog"
        for dog, pet in (("Ana", ana), ("Ben", ben), ("Carla", carla))
        if pet == "dog"
    )


@solves("logic-02")
def _():
    order = only(
        row
        for row in permutations(("Dana", "Eli", "Fay", "Gus", "Hana"))
        if row.index("Dana") < row.index("Eli") == row.index("Fay") - 1 and row[0] == "Gus" and row[-1] == "Hana"
    )
    return in_order(order)


@solves("logic-03")
def _():
    labels = (lambda box: box == "B", lambda box: box != "B", lambda box: box != "A")
    return only(box for box in "ABC" if sum(label(box) for label in labels) == 1)


@solves("logic-04")
def _():
    one = only(n for n in range(10, 100) if n // 10 + n % 10 == 12 and n - int(str(n)[::-1]) == 36)
    return one, int(str(one)[::-1])


@solves("logic-05")
def _():
    together = sum(abs(row.index("K") - row.index("L")) == 1 for row in permutations("KLMNO"))
    return sum(1 for _ in permutations("KLMNO")) - together, together


@solves("logic-06")
def _():
    french, german, both = 34, 27, 11
    return french + german - both, 60 - (french + german - both), french - both


@solves("logic-07")
def _():
    return only(
        "ABC"[row.index("té")]
        for row in permutations(("té", "café", "zumo"))
        if row[1] != "café" and row[0] not in ("café", "té")
    )


@solves("logic-08")
def _():
    order = only(
        row
        for row in permutations(("Inés", "Hugo", "Lola", "Raúl", "Tomás"))
        if row.index("Inés") < row.index("Hugo") < row.index("Lola") < row.index("Raúl")
        and row.index("Tomás") < row.index("Inés")
    )
    return in_order(order)


@solves("logic-09")
def _():
    digits = [(n, *map(int, str(n))) for n in range(100, 1000)]
    one = only(n for n, a, b, c in digits if a == 2 * c and b == 4 and a + b + c == 13)
    return one, 2 * one


@solves("logic-10")
def _():
    return only(
        "ABC"[truths.index(True)]
        for truths in product((True, False), repeat=3)
        for nora, oscar, paula in [truths]
        if nora == (not oscar) and oscar == (not nora and not paula) and paula == (not nora)
    )


@solves("logic-11")
def _():
    codes = [n for n in range(1000, 10_000) if len(set(str(n))) == 4]
    return len(codes), sum(n % 2 == 0 for n in codes)
