"""Programs such as models write to answer questions, each with what it should give."""

# ruff: noqa: E501 — a short program is easiest to read on one line

PROGRAMS: dict[str, tuple[str, str]] = {
    # sums
    "sum": ("2 + 3 * 4", "14"),
    "print": ("print(17 * 23)", "391"),
    "division": ("print(7 / 2, 7 // 2, -7 // 2, -7 % 3)", "3.5 3 -4 2"),
    "great power": ("2 ** 200", "1606938044258990275541962092341162602522202993782792835301376"),
    "percent": ("price = 80\nprint(f'{price * 1.15:.2f}')", "92.00"),
    "thousands": ("print(f'{1234567.891:,.1f}')", "1,234,567.9"),
    "compound interest": ("print(round(1000 * (1 + 0.05) ** 10, 2))", "1628.89"),
    "square root": ("import math\nprint(math.sqrt(144), math.isqrt(150))", "12.0 12"),
    "trigonometry": ("import math\nround(math.sin(math.pi / 6), 6)", "0.5"),
    "logarithm": ("import math\nround(math.log(1000, 10), 9)", "3.0"),
    "greatest divisor": ("from math import gcd, lcm\nprint(gcd(84, 36), lcm(4, 6))", "12 12"),
    "factorial": ("import math\nmath.factorial(20)", "2432902008176640000"),
    "combinations": ("from math import comb, perm\ncomb(52, 5), perm(5, 2)", "(2598960, 20)"),
    "modular inverse": ("pow(3, -1, 11)", "4"),
    "binary": ("print(bin(37), hex(255), int('1011', 2))", "0b100101 0xff 11"),
    "exact money": ("from decimal import Decimal\nDecimal('0.1') + Decimal('0.2')", "Decimal('0.3')"),
    "rounded money": (
        "from decimal import Decimal, ROUND_HALF_UP\nprint(Decimal('2.675').quantize(Decimal('0.01'), ROUND_HALF_UP))",
        "2.68",
    ),
    "fraction": ("from fractions import Fraction\nFraction(1, 3) + Fraction(1, 6)", "Fraction(1, 2)"),
    "mean": ("import statistics\nprint(statistics.mean([2, 4, 9]), statistics.median([5, 1, 3]))", "5 3"),
    "deviation": ("from statistics import stdev\nround(stdev([2, 4, 4, 4, 5, 5, 7, 9]), 4)", "2.1381"),
    "complex": ("(1 + 2j) * (3 - 1j)", "(5+5j)"),
    "complex root": ("import cmath\nprint(cmath.sqrt(-4))", "2j"),
    # loops and searches
    "primes": (
        "def prime(n):\n    return n > 1 and all(n % i for i in range(2, int(n ** 0.5) + 1))\n"
        "print([n for n in range(30) if prime(n)])",
        "[2, 3, 5, 7, 11, 13, 17, 19, 23, 29]",
    ),
    "sieve": (
        "n = 1000\ns = [True] * (n + 1)\ns[0] = s[1] = False\nfor i in range(2, 32):\n    if s[i]:\n"
        "        for j in range(i * i, n + 1, i):\n            s[j] = False\nprint(sum(s))",
        "168",
    ),
    "factors": (
        "n, f, d = 360, [], 2\nwhile n > 1:\n    while n % d == 0:\n        f.append(d)\n        n //= d\n    d += 1\nf",
        "[2, 2, 2, 3, 3, 5]",
    ),
    "fibonacci": ("a, b = 0, 1\nfor _ in range(50):\n    a, b = b, a + b\nprint(a)", "12586269025"),
    "recursion": ("def f(n):\n    return 1 if n < 2 else n * f(n - 1)\nf(10)", "3628800"),
    "memory of results": (
        "from functools import lru_cache\n@lru_cache(maxsize=None)\ndef f(n):\n"
        "    return n if n < 2 else f(n - 1) + f(n - 2)\nprint(f(80))",
        "23416728348467685",
    ),
    "generator": (
        "def squares():\n    n = 0\n    while True:\n        yield n * n\n        n += 1\n"
        "g = squares()\nprint([next(g) for _ in range(5)])",
        "[0, 1, 4, 9, 16]",
    ),
    "generator expression": ("sum(x * x for x in range(10) if x % 2)", "165"),
    "permutations": ("from itertools import permutations\nlen(list(permutations('abcd')))", "24"),
    "letters to digits": (
        "from itertools import permutations\nfor a, b, c in permutations(range(1, 10), 3):\n"
        "    if 100 * a + 10 * b + c == 2 * (100 * c + 10 * b + a) - 99 * 4 and a + b + c == 12:\n"
        "        print(a, b, c)\n        break\nelse:\n    print('none')",
        "none",
    ),
    "pythagorean triple": (
        "for a in range(1, 500):\n    for b in range(a, 500):\n        c = 1000 - a - b\n"
        "        if c > 0 and a * a + b * b == c * c:\n            print(a * b * c)",
        "31875000",
    ),
    "binary search": (
        "def find(f, low, high):\n    while high - low > 1e-9:\n        m = (low + high) / 2\n"
        "        if f(m) < 0:\n            low = m\n        else:\n            high = m\n    return low\n"
        "print(round(find(lambda x: x ** 3 - 2, 0, 2), 6))",
        "1.259921",
    ),
    "queens": (
        "def solve(n, row=0, columns=(), up=(), down=()):\n    if row == n:\n        return 1\n"
        "    return sum(solve(n, row + 1, columns + (c,), up + (row + c,), down + (row - c,)) for c in range(n)\n"
        "        if c not in columns and row + c not in up and row - c not in down)\nprint(solve(6))",
        "4",
    ),
    "hanoi": (
        "moves = []\ndef move(n, a, b, c):\n    if n:\n        move(n - 1, a, c, b)\n        moves.append((a, c))\n"
        "        move(n - 1, b, a, c)\nmove(5, 'A', 'B', 'C')\nlen(moves)",
        "31",
    ),
    "knapsack": (
        "w, v, most = [1, 3, 4, 5], [1, 4, 5, 7], 7\nbest = [0] * (most + 1)\nfor i in range(4):\n"
        "    for j in range(most, w[i] - 1, -1):\n        best[j] = max(best[j], best[j - w[i]] + v[i])\nbest[-1]",
        "9",
    ),
    "shortest way": (
        "import heapq\ng = {'a': {'b': 1, 'c': 4}, 'b': {'c': 2, 'd': 6}, 'c': {'d': 3}, 'd': {}}\n"
        "seen, queue = {}, [(0, 'a')]\nwhile queue:\n    d, n = heapq.heappop(queue)\n    if n in seen:\n"
        "        continue\n    seen[n] = d\n    for m, w in g[n].items():\n        heapq.heappush(queue, (d + w, m))\n"
        "print(seen['d'])",
        "6",
    ),
    "breadth first": (
        "from collections import deque\nq, seen = deque([(0, 0, 0)]), set()\nwhile q:\n    x, y, d = q.popleft()\n"
        "    if (x, y) == (3, 2):\n        print(d)\n        break\n    if (x, y) in seen:\n        continue\n"
        "    seen.add((x, y))\n    for dx, dy in ((1, 0), (0, 1), (-1, 0), (0, -1)):\n"
        "        q.append((x + dx, y + dy, d + 1))",
        "5",
    ),
    "dice": (
        "from itertools import product\nrolls = list(product(range(1, 7), repeat=2))\n"
        "print(sum(a + b == 7 for a, b in rolls), len(rolls))",
        "6 36",
    ),
    "walrus": ("while (n := 5) and n > 9:\n    pass\nprint([y for x in range(5) if (y := x * x) > 3])", "[4, 9, 16]"),
    # text
    "reverse": ("'tertulia'[::-1]", "ailutret"),
    "letters": ("print('strawberry'.count('r'))", "3"),
    "words": ("s = 'the cat and the hat'\nmax(set(s.split()), key=s.split().count)", "the"),
    "counter": (
        "from collections import Counter\nprint(Counter('mississippi').most_common(2))",
        "[('i', 4), ('s', 4)]",
    ),
    "default dict": (
        "from collections import defaultdict\nd = defaultdict(list)\nfor w in ['a', 'bb', 'cc']:\n    d[len(w)].append(w)\n"
        "print(dict(d))",
        "{1: ['a'], 2: ['bb', 'cc']}",
    ),
    "caesar": (
        "print(''.join(chr((ord(c) - 97 + 3) % 26 + 97) if c.isalpha() else c for c in 'hola mundo'))",
        "krod pxqgr",
    ),
    "alphabet": ("import string\nstring.ascii_lowercase.index('q')", "16"),
    "regular expression": (
        "import re\nprint(re.findall(r'\\d+', 'a12 b345 c6'), re.sub(r'\\s+', ' ', 'a   b'))",
        "['12', '345', '6'] a b",
    ),
    "json": ("import json\njson.dumps({'b': 1, 'a': [1, 2.5, None]}, sort_keys=True)", '{"a": [1, 2.5, null], "b": 1}'),
    "roman": (
        "def roman(n):\n    out = ''\n    for v, s in ((1000, 'M'), (900, 'CM'), (500, 'D'), (400, 'CD'), (100, 'C'),\n"
        "        (90, 'XC'), (50, 'L'), (40, 'XL'), (10, 'X'), (9, 'IX'), (5, 'V'), (4, 'IV'), (1, 'I')):\n"
        "        while n >= v:\n            out += s\n            n -= v\n    return out\nroman(1994)",
        "MCMXCIV",
    ),
    "padding": ("print(f'{3.14159:>10.2f}|{42:05d}|{\"x\":^5}')", "      3.14|00042|  x  "),
    "accents": (
        "import unicodedata\n''.join(c for c in unicodedata.normalize('NFD', 'canción') if not unicodedata.combining(c))",
        "cancion",
    ),
    "sort by key": (
        "people = [('Ana', 31), ('Luis', 25), ('Eva', 31)]\nprint(sorted(people, key=lambda p: (-p[1], p[0])))",
        "[('Ana', 31), ('Eva', 31), ('Luis', 25)]",
    ),
    "operator": (
        "from operator import itemgetter\nsorted([(2, 'a'), (1, 'b')], key=itemgetter(0))",
        "[(1, 'b'), (2, 'a')]",
    ),
    # dates
    "days between": ("from datetime import date\n(date(2026, 11, 23) - date(2024, 2, 28)).days", "999"),
    "weekday": ("from datetime import date\nprint(date(2000, 1, 1).strftime('%A'))", "Saturday"),
    "time of day": (
        "from datetime import datetime, timedelta\nprint(datetime(2024, 2, 28, 23, 0) + timedelta(hours=26))",
        "2024-03-01 01:00:00",
    ),
    "leap year": ("import calendar\nprint(calendar.isleap(1900), calendar.monthrange(2024, 2)[1])", "False 29"),
    # shapes of programs
    "class": (
        "class Account:\n    def __init__(self):\n        self.balance = 0\n    def pay(self, x):\n"
        "        self.balance += x\na = Account()\na.pay(5)\na.pay(7)\nprint(a.balance)",
        "12",
    ),
    "inheritance": (
        "class Shape:\n    def area(self):\n        return 0\nclass Square(Shape):\n    def __init__(self, s):\n"
        "        self.s = s\n    def area(self):\n        return self.s ** 2\nprint(Square(3).area() + Shape().area())",
        "9",
    ),
    "data class": (
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n    y: int\nP(1, 2)",
        "P(x=1, y=2)",
    ),
    "named tuple": (
        "from collections import namedtuple\nP = namedtuple('P', 'x y')\np = P(1, 2)\nprint(p.x + p.y)",
        "3",
    ),
    "enumeration": ("from enum import Enum\nclass C(Enum):\n    RED = 1\nprint(C.RED.name)", "RED"),
    "main": ("def main():\n    print('ok')\nif __name__ == '__main__':\n    main()", "ok"),
    "exception": ("try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    print('no:', e)", "no: division by zero"),
    "own exception": (
        "class Wrong(Exception):\n    pass\ntry:\n    raise Wrong('x')\nexcept Wrong as e:\n    print(repr(e))",
        "Wrong('x')",
    ),
    "match": (
        "def f(x):\n    match x:\n        case [a, b]:\n            return a + b\n        case _:\n            return 0\nf([1, 2])",
        "3",
    ),
    "delete": ("d = {'a': 1, 'b': 2}\ndel d['a']\nprint(d)", "{'b': 2}"),
    "sets": ("print(sorted({1, 2, 3} & {2, 3, 4}), sorted({1, 2} ^ {2, 3}))", "[2, 3] [1, 3]"),
    "closures": ("def add(n):\n    return lambda x: x + n\nprint(add(3)(4))", "7"),
    "star arguments": ("def f(*a, k=1, **o):\n    return sum(a) * k + len(o)\nf(1, 2, k=3, z=0)", "10"),
    "zip": ("dict(zip('abc', [1, 2, 3], strict=True))", "{'a': 1, 'b': 2, 'c': 3}"),
    "nested lists": ("m = [[1, 2], [3, 4]]\nprint([list(r) for r in zip(*m)])", "[[1, 3], [2, 4]]"),
    "matrix product": (
        "a, b = [[1, 2], [3, 4]], [[5, 6], [7, 8]]\n[[sum(x * y for x, y in zip(r, c)) for c in zip(*b)] for r in a]",
        "[[19, 22], [43, 50]]",
    ),
    "reduce": ("from functools import reduce\nreduce(lambda a, b: a * b, range(1, 6))", "120"),
    "accumulate": ("from itertools import accumulate\nlist(accumulate([1, 2, 3, 4]))", "[1, 3, 6, 10]"),
    "bisect": ("import bisect\nbisect.bisect([1, 3, 5], 4)", "2"),
    "random": ("import random\nrandom.seed(1)\nprint(all(1 <= random.randint(1, 6) <= 6 for _ in range(100)))", "True"),
    "leave early": ("import sys\nprint('done')\nsys.exit()", "done"),
    # libraries
    "numpy mean": ("import numpy as np\nprint(np.array([1, 2, 3, 4]).mean())", "2.5"),
    "numpy solve": (
        "import numpy as np\nprint(np.linalg.solve([[3, 1], [1, 2]], [9, 8]).round(6).tolist())",
        "[2.0, 3.0]",
    ),
    "sympy solve": ("from sympy import symbols, solve\nx = symbols('x')\nprint(solve(x**2 - 5*x + 6, x))", "[2, 3]"),
    "sympy integral": ("import sympy as sp\nx = sp.symbols('x')\nprint(sp.integrate(x**2, (x, 0, 3)))", "9"),
}
LIBRARIES = ("numpy", "sympy")
