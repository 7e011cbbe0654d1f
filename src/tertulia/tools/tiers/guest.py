"""Runs one program inside a CPython that is itself in a sandbox.

The request comes on standard input, as one JSON object; what is printed goes to standard output; how it ended goes to
standard error, as one JSON line. It is handed to the sandbox as text, so it imports nothing of Tertulia.
"""

import ast
import contextlib
import io
import json
import os
import sys
import traceback
from typing import Any, NoReturn

LONGEST_MESSAGE = 4000
LONGEST_LINE = 200
INTERPRETER = 128 * 1024 * 1024
"""Bytes of address space for the interpreter and its libraries, beyond what the program may hold."""
FILES = 64


class Printer(io.TextIOBase):
    """Standard output, which ends the program when it has printed too much."""

    def __init__(self, most: int):
        self.length = 0
        self._most = most

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        rest = text[: self._most - self.length]
        self.length += len(text)
        data = rest.encode(errors="replace")
        while data:
            data = data[os.write(1, data) :]
        if self.length > self._most:
            end("output")
        return len(text)


def end(outcome: str, message: str = "") -> NoReturn:
    """Say how the program ended, and end: nothing that it left behind may run after that."""
    os.write(2, f"\n{json.dumps({'outcome': outcome, 'message': message[:LONGEST_MESSAGE]})}\n".encode())
    os._exit(0)


def limit(seconds: float, memory: int) -> None:
    """Take away what the walls around do not; WASI knows none of this and needs none."""
    try:
        import resource
    except ImportError:
        return
    for what, most in (
        (resource.RLIMIT_AS, memory + INTERPRETER),
        (resource.RLIMIT_CPU, int(seconds) + 2),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, FILES),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def explain(error: BaseException, program: str) -> str:
    """The line at which the program failed, if it is known, and Python's message."""
    message = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
    numbers = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == "program"]
    if isinstance(error, SyntaxError) and error.filename == "program":
        numbers.append(error.lineno or 0)
    lines = program.splitlines()
    if numbers and 0 < numbers[-1] <= len(lines):
        return f"line {numbers[-1]}: {lines[numbers[-1] - 1].strip()[:LONGEST_LINE]}\n{message}"
    return message


def run(program: str, printer: Printer) -> None:
    """As a REPL does: if nothing was printed, the value of the last expression is."""
    tree = ast.parse(program, "program")
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(tree, "program", "exec"), names)
    if isinstance(last, ast.Expr):
        value = eval(compile(ast.Expression(last.value), "program", "eval"), names)
        if value is not None and not printer.length:
            printer.write(value if isinstance(value, str) else repr(value))


def main() -> None:
    request = json.loads(sys.stdin.buffer.read())
    program = request["program"]
    sys.stdout = sys.stderr = printer = Printer(request["output"])
    sys.path.append("/packages")
    limit(request["seconds"], request["memory"])
    with contextlib.suppress(AttributeError):
        sys.set_int_max_str_digits(0)  # the clock is limit enough
    try:
        run(program, printer)
    except SystemExit as error:
        if error.code not in (None, 0):
            end("failed", f"SystemExit: {error.code}")
    except MemoryError:
        end("memory")
    except ImportError as error:
        end("unsupported", explain(error, program))
    except BaseException as error:
        end("failed", explain(error, program))
    end("ok")


if __name__ == "__main__":
    main()
