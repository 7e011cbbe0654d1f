"""Makes programs of what small models write instead of one: sums with their result, and results that nobody prints."""

from __future__ import annotations

import ast
import re
import warnings
from contextlib import suppress

STATED = re.compile(r"(?<!\s)\s*=\s*(?:[-−$€]\s*)?\d[\d.,]*(?:\s*[^\W\d]+)?\s*$")
"""A result at the end of a sum, as in `3 * 24 = 72 hours`."""
PADDED = re.compile(r":(0\d)d\}")
"""The form of a whole number of so many digits, which a floating-point one refuses though it is whole, as in `7.0`."""
WORK = (
    *(ast.BinOp, ast.BoolOp, ast.Compare, ast.AugAssign, ast.Subscript, ast.For, ast.While, ast.comprehension),
    *(ast.Import, ast.ImportFrom),
)
"""What a program has that works something out; calls other than of `print` do so too."""


def mended(code: str) -> str:
    """The program, with sums computed instead of stated and its last result printed; as it was if that is no program.

    What a line states as the result of a sum is dropped, never trusted: `60 + 93 = 152` becomes `print(60 + 93)`. A
    number that is shown with zeros before it, as `{hours:02d}`, may be one with a point.
    """
    code = PADDED.sub(r":\1.0f}", code)
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


def only_states(code: str) -> bool:
    """Whether a program prints what was known before it ran, as `print(1900)` does: then nothing was computed."""
    found = _parsed(code)
    return found is not None and not any(isinstance(node, WORK) or _calls(node) for node in ast.walk(found))


def _calls(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id == "print")


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
