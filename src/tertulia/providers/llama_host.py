"""A llama.cpp server that lives in a process of its own, and never longer than the process that started it.

Run as a program. The first line of its input is JSON with the settings; it prints one line of JSON with its address
when it is ready, and ends when its input does.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from typing import IO, Any


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer: it may still want to finish
    report = _private_output()
    settings = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, args=(settings.get("parent"),), daemon=True).start()
    server = _serve(settings)
    report.write(json.dumps({"url": server.listening_address}) + "\n")
    report.flush()
    sys.stdin.buffer.read()
    os._exit(0)  # at once: the model's threads have nothing to save


def _private_output() -> IO[str]:
    """The output as it was; whatever the library prints there goes to the errors from now on."""
    report = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return report


def _end_with_parent(parent: int | None) -> None:
    """End when the parent is gone, though a process forked from it may still hold our input open."""
    while parent is None or sys.platform == "win32" or os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


def _serve(settings: dict[str, Any]) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = settings["file"]
    params.model_alias = {settings["alias"]}
    params.api_keys = [settings["key"]]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = settings["slots"]
    params.n_ctx = settings["slots"] * settings["context"]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings["threads"]
    params.slot_save_path = settings["prefixes"]
    params.cache_ram_mib = 0  # it serves requests that leave the choice of the slot to the server; ours do not
    params.ui = False
    if settings["projector"]:
        params.mmproj.path = settings["projector"]
        params.image_max_tokens = settings["image_tokens"]
    params.verbosity = 1  # errors only
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
