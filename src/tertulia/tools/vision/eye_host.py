"""The child process that reads images and documents, one after another, until its input ends.

For each it gets a line of JSON and that many bytes, and writes a line of JSON. It opens no file of the person's, gets
no environment, and cannot outgrow its limits. The models are loaded at the first image, and stay for the next.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict
from typing import Any, BinaryIO

from ...errors import ToolError
from ..documents.reading.host import confine
from .limits import Limits
from .reader import drawn, read


def main() -> None:
    """Serve files until nobody asks any more."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no reply
    confined = False
    while line := sys.stdin.buffer.readline():
        job = json.loads(line)
        limits = Limits(**job["limits"])
        if not confined:
            confine(limits, clock=False)
            confined = True
        allow(limits.seconds)
        reply = answer(sys.stdin.buffer, job, limits)
        replies.write(json.dumps(reply).encode() + b"\n")
        replies.flush()
    os._exit(0)


def answer(stream: BinaryIO, job: dict[str, Any], limits: Limits) -> dict[str, Any]:
    data = stream.read(job["length"])
    try:
        if "draw" in job:
            return {"png": base64.b64encode(drawn(data, job["name"], limits, job["draw"], job["boxes"])).decode()}
        return asdict(read(data, job["name"], limits, job["threads"]))
    except ToolError as error:
        return {"error": type(error).__name__, "message": str(error)}
    except MemoryError:
        return too_much(limits)
    except RecursionError:
        return {"error": "LimitReached", "message": "its parts are nested too deep"}
    except Exception as error:  # a library that reads hostile bytes may fail in any way
        what = " ".join(str(error).split())[:120]
        if "alloc" in what.lower() or "memory" in what.lower():
            return too_much(limits)
        return {"error": "ToolError", "message": f"its reader failed: {type(error).__name__}: {what}"}


def too_much(limits: Limits) -> dict[str, Any]:
    return {"error": "LimitReached", "message": f"reading it takes more than {limits.memory >> 20:,} MB of memory"}


def allow(seconds: float) -> None:
    """Give the next file its processor time."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        most = int(used.ru_utime + used.ru_stime + seconds * max(1, os.cpu_count() or 1)) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))
