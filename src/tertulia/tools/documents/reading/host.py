"""The child process that reads one document and ends.

It gets a line of JSON and the bytes of the document on its input, and writes one line of JSON. It opens no file
of the person's, gets no environment, and cannot outgrow its limits.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict

from ....errors import LimitReached, NotSupported, ToolError
from .formats import ReadingLimits, check_bytes
from .parsers import parse

ERRORS = {"LimitReached": LimitReached, "NotSupported": NotSupported, "ToolError": ToolError}


def main() -> None:
    """Serve one document."""
    job = json.loads(sys.stdin.buffer.readline())
    limits = ReadingLimits(**job["limits"])
    confine(limits)
    data = sys.stdin.buffer.read(limits.size + 1)
    try:
        check_bytes(data, job["format"], limits)
        reply = asdict(parse(data, job["format"], job["name"], limits))
    except ToolError as error:
        reply = {"error": type(error).__name__, "message": str(error)}
    except MemoryError:
        reply = {"error": "LimitReached", "message": f"reading it takes more than {limits.memory >> 20:,} MB of memory"}
    except RecursionError:
        reply = {"error": "LimitReached", "message": "its parts are nested too deep"}
    sys.stdout.buffer.write(json.dumps(reply).encode() + b"\n")
    sys.stdout.flush()
    os._exit(0)  # xberg's threads may crash an interpreter that ends slowly


def confine(limits: ReadingLimits, *, clock: bool = True) -> None:
    """Bound what this process may take, as far as the system can; its processor time only with `clock`."""
    try:
        import resource
    except ImportError:  # Windows: the parent's clock is the only limit
        return
    seconds = int(limits.seconds) + 1
    wanted = {
        "RLIMIT_CPU": seconds,
        "RLIMIT_AS": limits.memory,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": 256,
    }
    for name, most in wanted.items():
        if sys.platform == "darwin" and name == "RLIMIT_AS":
            continue  # macOS refuses it
        if name == "RLIMIT_CPU" and not clock:
            continue
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))
