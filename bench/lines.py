"""How much code one question runs through: the functions that it enters, and how many lines these and their files have.

    python -m bench.lines [--files]

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
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from starlette.applications import Starlette
from starlette.types import Message

import tertulia
from tertulia import House, Question
from tertulia.providers.scripted import Scripted
from tertulia.server.app import build
from tertulia.server.startup import open_service
from tertulia.settings import Serving, Settings
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


REQUESTS: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {
        "messages": [{"role": "user", "content": "Are there more minutes in a day than hours in a week?"}],
        "stream_options": {"include_usage": True},
    },
    "/v1/responses": {"input": "Are there more minutes in a day than hours in a week?", "background": True},
}


@dataclass(frozen=True)
class Trace:
    """What a piece of work entered."""

    functions: frozenset[tuple[str, int, int]]
    """File, first line and last line of each."""
    calls: int

    @property
    def files(self) -> dict[str, int]:
        """Lines of each file that holds one."""
        names = sorted({file for file, _, _ in self.functions})
        return {name: len(Path(name).read_text().splitlines()) for name in names}

    @property
    def lines(self) -> int:
        """Lines of these functions, each once, also where one function stands within another."""
        return len({(file, line) for file, first, last in self.functions for line in range(first, last + 1)})

    @property
    def without_tools(self) -> Trace:
        """The same without the functions of `tools/`: leaves, which whoever follows the work need not open."""
        tools = str(ROOT / "tools")
        return Trace(frozenset(one for one in self.functions if not one[0].startswith(tools)), self.calls)

    @property
    def lines_of_files(self) -> int:
        """Lines that a reader opens who follows the work."""
        return sum(self.files.values())


@dataclass
class Recorder:
    """Notes which functions of this package are entered, in this thread and in those that begin later."""

    is_on: bool = True
    entered: list[CodeType] = field(default_factory=list)

    def __enter__(self) -> Recorder:
        threading.setprofile(self._see)
        sys.setprofile(self._see)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def _see(self, frame: FrameType, event: str, _: object) -> None:
        if self.is_on and event == "call" and frame.f_code.co_filename.startswith(str(ROOT)):
            self.entered.append(frame.f_code)

    @property
    def trace(self) -> Trace:
        places = {(code.co_filename, code.co_firstlineno) for code in self.entered if code.co_name != "<module>"}
        found = {(file, *span) for file, line in places if (span := spans(file).get(line))}
        return Trace(frozenset(found), len(self.entered))


def trace(work: Callable[[], object]) -> Trace:
    """The functions that `work` enters."""
    with Recorder() as recorder:
        work()
    return recorder.trace


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


def by_the_server(path: str, stored: bool) -> Trace:
    """What a streamed request enters that is the second of its kind: one call of a model, with its usage."""
    body = {"model": "tertulia-direct", "stream": True} | REQUESTS[path]
    recorder = Recorder(is_on=False)

    async def ask_twice(folder: str) -> None:
        settings = Settings(model="scripted", database=f"{folder}/runs.db", server=Serving(store=stored))
        app = build(open_service(settings, "127.0.0.1", lambda words: None))
        async with app.router.lifespan_context(app):
            for recorder.is_on in (False, True):
                assert b"completion_tokens" in (answer := await post(app, path, body)) or b"output_tokens" in answer
            recorder.is_on = False

    with tempfile.TemporaryDirectory() as folder, recorder:
        asyncio.run(ask_twice(folder))
    return recorder.trace


async def post(app: Starlette, path: str, body: object) -> bytes:
    """What the application sends for a request of this machine."""
    sent = [{"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}]
    heard = list[bytes]()

    async def receive() -> Message:
        return sent.pop() if sent else await asyncio.get_running_loop().create_future()

    async def send(message: Message) -> None:
        heard.append(message.get("body", b""))

    headers = [(b"host", b"127.0.0.1")]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers, "app": app}
    await app(scope | {"http_version": "1.1", "scheme": "http", "root_path": ""}, receive, send)
    return b"".join(heard)


def main() -> None:
    chat, response = REQUESTS
    traces: dict[str, Callable[[], Trace]] = {
        work.__name__: partial(warm, work) for work in (in_the_house, on_the_command_line)
    }
    traces["a chat, streamed and not stored"] = partial(by_the_server, chat, stored=False)
    traces["a chat, streamed and stored"] = partial(by_the_server, chat, stored=True)
    traces["a response in the background, not stored"] = partial(by_the_server, response, stored=False)
    traces["a response in the background, stored"] = partial(by_the_server, response, stored=True)
    for name, take in traces.items():
        seen = take()
        print(f"{name}: {seen.lines} lines of {len(seen.functions)} functions in {len(seen.files)} files", end="")
        print(f" of {seen.lines_of_files} lines; {seen.calls} calls")
        if "--files" in sys.argv:
            print(*(f"  {count:5} {Path(file).relative_to(ROOT)}" for file, count in seen.files.items()), sep="\n")


if __name__ == "__main__":
    main()
