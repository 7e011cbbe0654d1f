"""How fast the embedded model reads and writes, by the settings of its server; prints Markdown.

    python bench/embedded_speed.py [small|large] [words of the variants to run]

Each variant runs in a process of its own: it starts, reads a fresh prompt of about 330 tokens, writes 32 tokens, and
then answers four calls at once with one system prompt, twice. A variant is given up after a minute. Other work on the
machine shows in the figures.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tertulia.model import Draft, Message, Request
from tertulia.providers._child import SPINS
from tertulia.providers.embedded import Embedded, cores
from tertulia.providers.weights import LARGE, SMALL, Weights, path

WEIGHTS = {"small": SMALL, "large": LARGE}
VARIANTS: dict[str, dict[str, Any]] = {
    "as llama.cpp comes": {},
    "1 thread": {"threads": 1},
    "1 thread writes, all read": {"writing": 1},
    "flash attention off": {"flash": 0},
    "cache in q8_0": {"cache": "Q8_0"},
    "batches of 128": {"n_batch": 128, "n_ubatch": 128},
    "one cache for all slots": {"kv_unified": True},
    "guesses from earlier text": {"guess": "NGRAM_SIMPLE"},
    "small weights draft": {"guess": "DRAFT_SIMPLE"},
    "threads that sleep at once": {"spins": 0},
    "1 core busy": {"busy": True},
    "1 core busy, threads that sleep at once": {"spins": 0, "busy": True},
    "1 core busy, threads that spin on": {"spins": 200_000, "busy": True},
}
HEAD = (
    "| setting | start s | reads tok/s | writes tok/s | 4 at once: first s | again s | 4 write tok/s | cached first |"
)


LONGEST = 60
"""Seconds a variant may take."""


def system() -> str:
    """A system prompt that nothing has read before."""
    rules = (f"Rule {n}: agent number {n} writes a short program and prints the value found." for n in range(16))
    return f"Talk {uuid.uuid4()}. " + " ".join(rules)


def question(number: int) -> str:
    return f"Write a Python program that adds the {number} smallest primes and prints their sum."


def measure(weights: Weights, options: dict[str, Any]) -> str:
    """One row of the table, from a server in this process."""
    began = time.perf_counter()
    server = _serve(weights, options)
    start = time.perf_counter() - began

    def ask(system: str, number: int) -> dict[str, Any]:
        body = {
            "messages": [{"role": "system", "content": system}, {"role": "user", "content": question(number)}],
            "max_tokens": 32,
            "temperature": 0,
        }
        asked = urllib.request.Request(
            server.listening_address + "/v1/chat/completions",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asked) as answer:
            return dict(json.load(answer)["timings"])

    alone, shared = ask(system(), 3), system()
    first, again = (_four(lambda n: ask(shared, n)) for _ in range(2))
    four = sum(timings["predicted_per_second"] for timings in again[1])
    cached = sum(timings["cache_n"] for timings in first[1])
    read = cached + sum(timings["prompt_n"] for timings in first[1])
    return (
        f"{start:.1f} | {alone['prompt_per_second']:.0f} | {alone['predicted_per_second']:.1f} | {first[0]:.1f} "
        f"| {again[0]:.1f} | {four:.1f} | {cached / read:.0%}"
    )


def _four(ask: Callable[[int], dict[str, Any]]) -> tuple[float, list[dict[str, Any]]]:
    began = time.perf_counter()
    with ThreadPoolExecutor(4) as pool:
        timings = list(pool.map(ask, range(4)))
    return time.perf_counter() - began, timings


def _serve(weights: Weights, options: dict[str, Any]) -> Any:
    import xllamacpp as llama

    params = llama.CommonParams()
    params.model.path = str(path(weights))
    params.n_parallel, params.n_ctx, params.ui, params.verbosity, params.port = 4, 16384, False, 1, 0
    threads = options.pop("threads", cores())
    params.cpuparams_batch.n_threads, params.cpuparams.n_threads = threads, options.pop("writing", threads)
    if "flash" in options:
        params.flash_attn_type = llama.llama_flash_attn_type(options.pop("flash"))
    if "cache" in options:
        params.cache_type_k = params.cache_type_v = getattr(llama.ggml_type, f"GGML_TYPE_{options.pop('cache')}")
    if "guess" in options:
        guess = f"COMMON_SPECULATIVE_TYPE_{options.pop('guess')}"
        params.speculative.types = [getattr(llama.common_speculative_type, guess)]
        if guess.endswith("DRAFT_SIMPLE"):
            params.speculative.draft.mparams.path = str(path(SMALL))
            params.speculative.draft.cpuparams.n_threads = threads
            params.speculative.draft.cpuparams_batch.n_threads = threads
    for name, value in options.items():
        setattr(params, name, value)
    return llama.Server(params)


async def ours(weights: Weights) -> str:
    """The same row, asked through Tertulia, which shares the system prompt between the slots."""
    model = Embedded(weights)
    began = time.perf_counter()
    await model.start()
    start = time.perf_counter() - began

    async def ask(system: str, number: int) -> tuple[Draft, float, float]:
        request = Request((Message("system", system), Message("user", question(number))), max_tokens=32)
        draft, began, first = Draft(), time.perf_counter(), 0.0
        async for chunk in model.stream(request):
            first = first or time.perf_counter()
            draft.usage = chunk.usage or draft.usage
        return draft, first - began, time.perf_counter() - first

    async def four(system: str) -> tuple[float, float]:
        began = time.perf_counter()
        heard = await asyncio.gather(*(ask(system, number) for number in range(4)))
        usages = [draft.usage for draft, _, _ in heard if draft.usage]
        return time.perf_counter() - began, sum(u.cached for u in usages) / sum(u.read for u in usages)

    draft, reading, writing = await ask(system(), 3)
    assert draft.usage
    shared = system()
    (first, cached), (again, _) = await four(shared), await four(shared)
    await model.close()
    return (
        f"{start:.1f} | {draft.usage.read / reading:.0f} | {draft.usage.written / writing:.1f} | {first:.1f} "
        f"| {again:.1f} | | {cached:.0%}"
    )


def main(size: str = "small", *words: str) -> None:
    print(f"{WEIGHTS[size].title}, {cores()} cores\n\n{HEAD}\n|---|---:|---:|---:|---:|---:|---:|---:|")
    path(WEIGHTS[size])
    if not words or "tertulia" in words:
        print(f"| through Tertulia | {asyncio.run(ours(WEIGHTS[size]))} |", flush=True)
    for name, options in VARIANTS.items():
        if words and not any(word in name for word in words):
            continue
        if options.get("guess") == "DRAFT_SIMPLE" and size == "small":
            continue
        print(f"| {name} | {_apart(size, dict(options))} |", flush=True)


def _apart(size: str, options: dict[str, Any]) -> str:
    """The row of a variant, measured in a process of its own."""
    environment = os.environ | {"GOMP_SPINCOUNT": str(options.pop("spins", SPINS)), "OMP_WAIT_POLICY": "passive"}
    command = [sys.executable, __file__, "--measure", size]
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if options.pop("busy", False) else None
    try:
        ran = subprocess.run(
            [*command, json.dumps(options)], capture_output=True, text=True, env=environment, timeout=LONGEST
        )
    except subprocess.TimeoutExpired:
        return f"over {LONGEST} s in all"
    finally:
        if busy:
            busy.kill()
            busy.wait()
    return ran.stdout.strip() or f"failed: {ran.stderr.strip().splitlines()[-1][:200]}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(measure(WEIGHTS[sys.argv[2]], json.loads(sys.argv[3])), flush=True)
        os._exit(0)
    main(*sys.argv[1:])
