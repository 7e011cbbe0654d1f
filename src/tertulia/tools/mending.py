"""Makes programs of what small models write instead of one: sums with their result, and results that nobody prints."""

from __future__ import annotations

import ast
import re
import warnings
from contextlib import suppress

STATED = re.compile(r"\s*=\s*[-−$€]?\s*\d[\d.,]*\s*[^\W\d]*\s*$")
"""A result at the end of a sum, as in `3 * 24 = 72 hours`."""


def mended(code: str) -> str:
    """The program, with sums computed instead of stated and its last result printed; as it was if that is no program.

    What a line states as the result of a sum is dropped, never trusted: `60 + 93 = 152` becomes `print(60 + 93)`.
    """
    found = _parsed(code)
    if found is None:
        mending = "\n".join(_computed(line) for line in code.splitlines())
        if (found := _parsed(mending)) is None:
            return code
        code = mending
    if found.body and not any(isinstance(node, ast.Name) and node.id == "print" for node in ast.walk(found)):
        match found.body[-1]:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AugAssign(target=ast.Name(id=name)):
                return f"{code}\nprint({name})"
    return code


def _computed(line: str) -> str:
    """A line without the result that it states, printed if it is a sum alone; as it was if that is no statement."""
    bare = STATED.sub("", line)
    found = _parsed(bare.strip()) if bare != line else None
    match found.body if found else []:
        case [ast.Expr(value=ast.BinOp())]:
            indent = line[: len(line) - len(line.lstrip())]
            return f"{indent}print({bare.strip()})"
        case [ast.Assign(value=ast.BinOp())]:
            return bare
    return line


def _parsed(code: str) -> ast.Module | None:
    with suppress(SyntaxError, ValueError, RecursionError, MemoryError), warnings.catch_warnings(action="ignore"):
        return ast.parse(code)
    return None
