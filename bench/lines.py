"""How much code one question runs through: the functions that it enters, and how many lines these have.

    python -m bench.lines

A function counts once, with its docstring and prompts, however often it is entered. What only a first run enters, such
as the start of a sandbox, does not count.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import io
import json
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType, FrameType

import tertulia
from tertulia import House, Question
from tertulia.providers.scripted import Scripted
from tertulia.strategies.tertulia import Tertulia

ROOT = Path(tertulia.__file__).parent
QUESTION = "How many minutes are there in a day, how many hours in a week, and which number is larger?"
IN_WORDS = "Why is the sky blue? And why is the sea green?"
PLAN = {
    "t1": {"task": "minutes in a day", "agent": "calculator", "needs": []},
    "t2": {"task": "hours in a week", "agent": "calculator", "needs": []},
    "t3": {"task": "which is larger", "agent": "reasoner", "needs": ["t1", "t2"]},
    "t4": None,
}


@dataclass(frozen=True)
class Trace:
    """What a piece of work entered."""

    functions: frozenset[tuple[str, int, int]]
    """File, first line and last line of each."""
    calls: int

    @property
    def files(self) -> int:
        return len({file for file, _, _ in self.functions})

    @property
    def lines(self) -> int:
        """Lines of these functions; one that stands within another counts in both."""
        return sum(last - first + 1 for _, first, last in self.functions)

    @property
    def lines_of_files(self) -> int:
        """Lines of the files that hold them."""
        return sum(len(Path(file).read_text().splitlines()) for file in {file for file, _, _ in self.functions})


def trace(work: Callable[[], object]) -> Trace:
    """The functions of this package that `work` enters, in any thread."""
    entered: list[CodeType] = []

    def see(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(str(ROOT)):
            entered.append(frame.f_code)

    threading.setprofile(see)
    sys.setprofile(see)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
    places = {(code.co_filename, code.co_firstlineno) for code in entered if code.co_name != "<module>"}
    found = {(file, *span) for file, line in places if (span := spans(file).get(line))}
    return Trace(frozenset(found), len(entered))


@cache
def spans(file: str) -> dict[int, tuple[int, int]]:
    """First and last line of each function of a file, by the line at which its code begins."""
    return {first: (first, last) for first, last in functions(ast.parse(Path(file).read_text()))}


def functions(tree: ast.AST) -> Iterator[tuple[int, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield first, node.end_lineno or first


def says(system: str, text: str) -> str:
    """A model that plans three tasks, writes two programs, reasons once and compiles."""
    if system.startswith("You plan"):
        return json.dumps(PLAN)
    if "Python" in system:
        return "print(24 * 60)" if "Your part: minutes" in text else "print(24 * 7)"
    return "Conclusion: 1440 is larger than 168" if "Conclusion" in system else "1440, 168, the first."


def in_the_house() -> None:
    """A planned question of three tasks, five calls and two programs."""

    async def ask() -> None:
        answered = await House({"default": Scripted(says)}, Tertulia()).ask(Question(QUESTION))
        assert answered.report.calls == 5
        assert answered.answer.stopped is None

    asyncio.run(ask())


def on_the_command_line() -> None:
    """`tertulia ask --model scripted --plain`, with the strategy taken by default, which plans two parts in words."""
    from tertulia.cli import app

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        app(["ask", IN_WORDS, "--model", "scripted", "--plain"], standalone_mode=False)


def warm(work: Callable[[], object], runs: int = 3) -> Trace:
    """What `work` enters when it was done before: the least of some runs, as a sandbox may start in one."""
    work()
    return min((trace(work) for _ in range(runs)), key=lambda seen: seen.lines)


def main() -> None:
    for work in (in_the_house, on_the_command_line):
        seen = warm(work)
        print(f"{work.__name__}: {seen.lines} lines of {len(seen.functions)} functions in {seen.files} files", end="")
        print(f" of {seen.lines_of_files} lines; {seen.calls} calls")


if __name__ == "__main__":
    main()
