"""The process that looks after one monty worker: a request line comes in, a reply line goes out.

It is run by its path, in isolated mode and with an empty environment, so it imports nothing of Tertulia.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import json
import os
import sys
from typing import Any

from pydantic_monty import (
    Monty,
    MontyComplete,
    MontyCrashedError,
    MontyError,
    MontyRuntimeError,
    MontySession,
    MontySyntaxError,
    ResourceLimits,
)

RESULT = "__result__"
LONGEST_MESSAGE = 4000
LONGEST_LINE = 200
GRACE = 0.5
"""Seconds the worker has to stop a program by itself."""
PROGRAMS_PER_WORKER = 200
"""A worker keeps the memory of its largest program, so it does not live for ever."""
MISSING = ("NotImplementedError", "ModuleNotFoundError", "ImportError", "AttributeError", "TypeError", "ValueError")
"""Errors by which monty says that a part of Python is not there, or may: `pow(3, -1, 11)` is a ValueError."""


class Collector:
    """Collects what a program prints, and says at once when that is too much."""

    def __init__(self, most: int, replies: Any):
        self._most, self._replies = most, replies
        self._texts: list[str] = []
        self._length = 0
        self.too_much = False

    def __call__(self, stream: str, text: str) -> None:
        self._texts.append(text)
        self._length += len(text)
        if self._length > self._most:
            # monty would see an exception only when the program has ended, but who reads the reply kills the worker
            if not self.too_much:
                reply(self._replies, "output", self.text[: self._most])
            self.too_much = True
            self._texts.clear()

    @property
    def text(self) -> str:
        return "".join(self._texts)


def reply(replies: Any, outcome: str, output: str, message: str = "") -> None:
    replies.write(json.dumps({"outcome": outcome, "output": output, "message": message[:LONGEST_MESSAGE]}) + "\n")
    replies.flush()


def with_result(program: str) -> tuple[str, bool]:
    """The program with its last expression kept under a name, and whether it ends in one."""
    try:
        body = ast.parse(program).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return program, False  # monty says what is wrong with it
    if not body or not isinstance(body[-1], ast.Expr):
        return program, False
    lines = program.encode().splitlines(keepends=True)
    start = sum(map(len, lines[: body[-1].lineno - 1])) + body[-1].col_offset
    end = sum(map(len, lines[: (body[-1].end_lineno or 1) - 1])) + (body[-1].end_col_offset or 0)
    source = program.encode()
    changed = source[:start] + f"{RESULT} = (".encode() + source[start:end] + b")" + source[end:]
    return changed.decode(), True


def feed(session: MontySession, code: str, printer: Collector) -> MontyComplete:
    """Run the code to its end; the value that it ends in becomes Python's own only when it is asked for.

    That of a program must not be: two lists that hold each other twice, forty times over, fill any memory.
    """
    progress = session.feed_start(code, print_callback=printer)
    while not isinstance(progress, MontyComplete):
        progress = progress.resume_auto()
    return progress


def result(session: MontySession, most: int, printer: Collector) -> str:
    """The `repr` of the last expression, cut inside the sandbox; a string is given as it is."""
    text: str = feed(session, f"f'{{{RESULT}!r}}'[:{most + 1}]", printer).output
    if text == "None":
        return ""
    if text[:1] in ("'", '"'):
        with contextlib.suppress(SyntaxError, ValueError):
            return str(ast.literal_eval(text))
    return text


def explain(error: MontyError, program: str) -> str:
    """The line at which the program failed, if it is known, and Python's message."""
    frames = error.traceback() if isinstance(error, MontyRuntimeError | MontySyntaxError) else []
    message = str(error)
    if isinstance(error, MontySyntaxError):
        message = f"SyntaxError: {message}"
    lines = program.splitlines()
    if frames and 0 < frames[-1].line <= len(lines):
        return f"line {frames[-1].line}: {lines[frames[-1].line - 1].strip()[:LONGEST_LINE]}\n{message}"
    return message


def outcome(error: MontyError, explained: str) -> str:
    text = str(error)
    name = text.partition(":")[0]
    if text.startswith("TimeoutError: feed time limit exceeded") or getattr(error, "timed_out", False):
        return "seconds"
    if name == "MemoryError":
        return "memory"
    raised = explained.partition(": ")[2].startswith("raise ")
    if (name in MISSING and not raised) or text.startswith("RuntimeError: Internal error in monty"):
        return "unsupported"
    if name == "NameError" and hasattr(builtins, text.partition("'")[2].partition("'")[0]):
        return "unsupported"
    return "failed"


def run(pool: Monty, request: dict[str, Any], replies: Any) -> None:
    printer = Collector(request["output"], replies)
    limits = ResourceLimits(max_feed_duration_secs=request["seconds"], max_memory=request["memory"])
    try:
        with pool.checkout(limits=limits, os_policy={"sleep": "zero"}) as session:
            program, has_result = with_result(request["program"])
            feed(session, program, printer)
            output = printer.text or (result(session, request["output"], printer) if has_result else "")
    except MontyCrashedError as error:
        if printer.too_much:
            sys.exit()
        killed = f"SandboxError: the sandbox was killed while the program ran: {error}"
        reply(replies, "seconds" if error.timed_out else "failed", printer.text, killed)
    except MontyError as error:
        if printer.too_much:
            sys.exit()
        explained = explain(error, request["program"])
        reply(replies, outcome(error, explained), printer.text, explained)
    else:
        reply(replies, "ok" if len(output) <= request["output"] else "output", output[: request["output"]])


def main() -> None:
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    with Monty(
        min_processes=1,
        max_processes=1,
        max_checkouts_per_worker=PROGRAMS_PER_WORKER,
        feed_duration_limit_grace=GRACE,
    ) as pool:
        replies.write("ready\n")
        replies.flush()
        for line in sys.stdin:
            run(pool, json.loads(line), replies)


if __name__ == "__main__":
    main()
