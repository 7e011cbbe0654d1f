"""Puts before a program what it uses and did not define: standard modules, and files of the library of skills."""

from __future__ import annotations

import ast
import builtins
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

STANDARD: Mapping[str, str] = {
    **{name: f"import {name}" for name in ("math", "re", "itertools", "collections", "json", "random", "statistics")},
    **{name: f"from datetime import {name}" for name in ("date", "timedelta", "timezone", "datetime", "time")},
    **{name: f"from itertools import {name}" for name in ("permutations", "combinations", "product", "accumulate")},
    **{name: f"from math import {name}" for name in ("ceil", "floor", "sqrt", "gcd", "lcm", "pi", "comb", "factorial")},
    **{name: f"from collections import {name}" for name in ("Counter", "defaultdict", "deque")},
    **{name: f"from decimal import {name}" for name in ("Decimal", "ROUND_HALF_UP")},
    "Fraction": "from fractions import Fraction",
    "reduce": "from functools import reduce",
}
"""Names that everybody would guess, and what imports them."""
CALLED = re.compile(r"^\s*(?:from\s+skills(?:\.\w+)?\s+import\b.*|import\s+skills)\s*$", re.M)
"""A line that imports the library by name, which is the same as using it."""
MODULES = {"datetime": ("datetime", "date", "timedelta", "timezone", "time", "strptime")}
"""Modules of which an attribute of the same name is what is mostly meant, and the attributes that only they have."""


@dataclass(frozen=True)
class Skill:
    """A function or class that programs may use."""

    name: str
    file: str
    """Where in the library it is, without the suffix."""
    call: str
    """How it is called, as in `between(start, end)`."""
    about: str
    """What it gives, in one sentence."""


@cache
def library() -> Mapping[str, Skill]:
    """Every skill by its name."""
    return {skill.name: skill for file in sorted(_sources()) for skill in _skills(file)}


@cache
def _sources() -> Mapping[str, str]:
    """The text of each file of the library."""
    folder = files(__package__) / "library"
    return {
        path.name.removesuffix(".py"): path.read_text(encoding="utf-8")
        for path in folder.iterdir()
        if path.name.endswith(".py")
    }


def _skills(file: str) -> Iterator[Skill]:
    for node in ast.parse(_sources()[file]).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            about = (ast.get_docstring(node) or "").partition("\n")[0]
            arguments = node.args if isinstance(node, ast.FunctionDef) else None
            if isinstance(node, ast.ClassDef):
                made = next((one for one in node.body if isinstance(one, ast.FunctionDef)), None)
                arguments = made.args if made else None
            given = ast.unparse(arguments).removeprefix("self, ") if arguments else ""
            yield Skill(node.name, file, f"{node.name}({given})", about)


def documentation(name: str) -> str:
    """All that is said of a skill: its docstring."""
    tree = ast.parse(_sources()[library()[name].file])
    [node] = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name]
    return ast.get_docstring(node) or ""


def completed(program: str) -> str:
    """The program with the imports that it forgot, and the skills that it uses, before it.

    A program that is none, or that lacks nothing, is as it was. Names that it defines itself are its own.
    """
    bare = CALLED.sub("", program)
    tree = _parsed(bare)
    if tree is None:
        return program
    wanted = _unknown(tree)
    imports = [line for name in sorted(wanted) if (line := _import_of(name, tree))]
    needed = sorted({skill.file for name in wanted if name not in STANDARD and (skill := library().get(name))})
    if not imports and not needed:
        return bare if bare != program else program
    return "\n".join([*imports, *(_sources()[file] for file in needed), bare])


def _import_of(name: str, tree: ast.Module) -> str:
    """The line that imports a standard name; a module where its attributes are what is used."""
    attributes = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name
    }
    if attributes & set(MODULES.get(name, ())) - {"strptime"}:
        return f"import {name}"
    return STANDARD.get(name, "")


def _unknown(tree: ast.Module) -> set[str]:
    """Names that a program reads and nobody gave: neither itself, nor an import, nor Python."""
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return read - set(_given(tree)) - set(dir(builtins))


def _given(tree: ast.Module) -> Iterator[str]:
    """Names that are bound anywhere in a program."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name
            case ast.Import() | ast.ImportFrom():
                for one in node.names:
                    yield one.asname or one.name.partition(".")[0]


def _parsed(code: str) -> ast.Module | None:
    with suppress(SyntaxError, ValueError, RecursionError, MemoryError), warnings.catch_warnings(action="ignore"):
        return ast.parse(code)
    return None
