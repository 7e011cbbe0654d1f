"""Runs other people's ways of reasoning on the same cases and model, and adds them to the same table.

    python -m bench.peers bench/cases/train/complex.jsonl gym:small:8 --out results --approaches re2,moa

optillm runs in an environment of its own, made at the first use; plain self-consistency (`sample:9`) runs here. Both
reach the model only through `counting_proxy`, which counts what the model served: what a peer reports itself is kept
beside it and not believed. Each question is asked with the words of `direct`. `--out` is the folder of `tertulia eval`:
its rows stay, these are added, and the report is written anew.

Not offered: approaches that run what a model wrote outside a sandbox (`z3`), or fetch what it names.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tertulia.cli.evaluate import write_report
from tertulia.lab.cases import Case, digest
from tertulia.lab.measure import NAMES, MarkedSample, Results, Setup, Trial, versions
from tertulia.lab.sets import outcome
from tertulia.lab.suites import load as load_cases
from tertulia.schedule import gather
from tertulia.strategies.direct import SYSTEM
from tertulia.usage import Report

from .counting_proxy import CountingProxy, Tally

OPTILLM = "optillm==0.4.0"
NEEDED = (
    "numpy", "networkx", "openai>=2,<3", "z3-solver<=4.15.4.0", "flask", "cerebras_cloud_sdk", "requests", "pyyaml",
    "scikit-learn", "aiohttp", "math-verify", "sympy", "beautifulsoup4",
)  # fmt: skip
"""What its proxy imports; all that it declares would bring gigabytes of CUDA that only local inference uses."""
APPROACHES = (
    "re2", "cot_reflection", "self_consistency", "moa", "bon", "plansearch", "leap", "mcts", "mars", "rto", "pvg",
    "rstar", "cepo", "none",
)  # fmt: skip
"""Those of optillm that may be asked for; `none` is the model alone."""
ENDPOINT_SECONDS = 60.0
"""Most time to wait for optillm to start."""


@dataclass(frozen=True)
class Peer:
    """A way of answering, as a peer offers it."""

    name: str
    """`none`, `moa`, … of optillm, or `sample:9` for the majority of nine samples."""

    @property
    def samples(self) -> int:
        """How many samples to draw; 0 if optillm is asked."""
        plain, _, size = self.name.partition(":")
        return int(size or 5) if plain == "sample" else 0

    @property
    def row(self) -> str:
        return self.name if self.samples else f"optillm {self.name}"


@dataclass(frozen=True)
class Endpoint:
    """Where the model is, and what it is called there and in the tables."""

    url: str
    model: str
    name: str
    key: str = ""
    free: bool = False
    """True if the model runs here, so that its tokens cost nothing; what others cost is not known."""


@dataclass
class Asking:
    """One peer's work on all cases."""

    peer: Peer
    endpoint: Endpoint
    proxy: CountingProxy
    optillm: str
    """Address of optillm; empty if it is not needed."""
    http: aiohttp.ClientSession

    async def answer(self, case: Case) -> Trial:
        """Ask one case; a failure is a wrong answer with its bill."""
        began, error, text, reported = time.monotonic(), "", "", None
        mark, samples = case.unanswered, tuple[MarkedSample, ...]()
        label = f"sk-{uuid.uuid4().hex}"
        try:
            if self.peer.samples:
                text, samples = await self.majority(case, label)
            else:
                model = f"{self.peer.name}-{self.endpoint.model}"
                text, reported = await self.complete(self.optillm, model, case, label)
            mark = await case.checker.mark(text, case.expected, case.language, None) if text else mark
        except (aiohttp.ClientError, TimeoutError, KeyError, IndexError, TypeError, ValueError) as failure:
            error = f"{type(failure).__name__}: {failure}"[:300]
        tally = await self.proxy.settled(label)
        report = bill(tally, text, time.monotonic() - began, self.endpoint.free)
        return Trial(
            case.id, case.family, self.peer.row, self.endpoint.name, text, mark, report,
            samples=samples, error=error, reported=reported,
        )  # fmt: skip

    async def complete(self, url: str, model: str, case: Case, label: str, **more: Any) -> tuple[str, int | None]:
        """What is answered, and how many tokens whoever answers says that took."""
        language = NAMES.get(case.language, "English")
        messages = [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": f"{case.question}\n\nAnswer in {language}."},
        ]
        body = {"model": model, "messages": messages, "max_tokens": 700, **more}
        headers = {"Authorization": f"Bearer {label}"}
        async with self.http.post(f"{url}/chat/completions", json=body, headers=headers) as reply:
            data = await reply.json()
            if reply.status != 200:
                raise ValueError(f"HTTP {reply.status}: {str(data)[:200]}")
        text = data["choices"][0]["message"]["content"] or ""
        usage = data.get("usage") or {}
        counts = [usage[name] for name in ("prompt_tokens", "completion_tokens") if name in usage]
        return text, sum(counts) if counts else None

    async def majority(self, case: Case, label: str) -> tuple[str, tuple[MarkedSample, ...]]:
        """The answer that most samples come to, and the samples."""
        drawn = [
            self.complete(self.proxy.url, self.endpoint.model, case, label, temperature=0.7, seed=number + 1)
            for number in range(self.peer.samples)
        ]
        replies = [(text, tokens or 0) for text, tokens in await gather(drawn)]
        marks = [await case.checker.mark(text, case.expected, case.language, None) for text, _ in replies]
        votes = Counter(mark.read for mark in marks if mark.read)
        most = votes.most_common(1)[0][0] if votes else ""
        text = next(text for (text, _), mark in zip(replies, marks, strict=True) if not votes or mark.read == most)
        return text, tuple(
            MarkedSample(mark.read, mark.correct, tokens) for (_, tokens), mark in zip(replies, marks, strict=True)
        )


def bill(tally: Tally, answer: str, seconds: float, free: bool = False) -> Report:
    """The three numbers: the call whose text is the answer wrote it; where none is, all is reasoning."""
    wrote = next((call for call in reversed(tally.calls) if answer.strip() in map(str.strip, call.texts)), None)
    single = wrote if wrote and len(wrote.texts) == 1 else None
    read, written = (single.read, single.written) if single else (0, 0)
    return Report(
        input=read,
        output=written,
        reasoning=tally.total - read - written,
        reasoning_read=tally.read - read,
        cached=tally.cached,
        exact=tally.exact,
        cost=0.0 if free else None,
        seconds=seconds,
        calls=len(tally.calls),
    )


# -- optillm


def environment(folder: Path) -> Path:
    """The Python of optillm's environment, which is made if it is not there."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if python.exists():
        return python
    print(f"making an environment for {OPTILLM} in {folder}", flush=True)
    uv = shutil.which("uv")
    subprocess.run([uv, "venv", str(folder)] if uv else [sys.executable, "-m", "venv", str(folder)], check=True)
    install = [uv, "pip", "install", "--python", str(python)] if uv else [str(python), "-m", "pip", "install"]
    subprocess.run([*install, "--quiet", "--no-deps", OPTILLM], check=True)
    subprocess.run([*install, "--quiet", *NEEDED], check=True)
    return python


@asynccontextmanager
async def optillm(python: Path, upstream: str) -> AsyncIterator[str]:
    """A running optillm that reaches the model at `upstream`; gives its address."""
    port = free_port()
    settings = {name: os.environ[name] for name in ("PATH", "LANG", "SYSTEMROOT", "TEMP") if name in os.environ}
    with tempfile.TemporaryDirectory() as home:  # it looks for plugins and settings where it starts
        child = await asyncio.create_subprocess_exec(
            str(python), "-c", "from optillm import main; main()", "--base-url", upstream, "--port", str(port),
            "--log", "error",  # and the approach is part of the model's name
            cwd=home, env={**settings, "HOME": home, "OPENAI_API_KEY": "sk-none"},
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await answers(f"http://127.0.0.1:{port}/health", child)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            if child.returncode is None:
                child.kill()
            await child.wait()


async def answers(url: str, child: asyncio.subprocess.Process) -> None:
    """Wait until the server answers.

    Raises:
        RuntimeError: if it ends or takes too long.
    """
    async with asyncio.timeout(ENDPOINT_SECONDS), aiohttp.ClientSession() as http:
        while child.returncode is None:
            try:
                async with http.get(url):
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.2)
    raise RuntimeError("optillm ended before it answered; run it by hand to see why")


def free_port() -> int:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


# -- all together


async def run(
    cases: Sequence[Case],
    peers: Sequence[Peer],
    endpoint: Endpoint,
    out: Path,
    python: Path | None,
    seed: int = 0,
    parallel: int = 1,
    seconds: float = 600.0,
) -> list[Trial]:
    """Answer every case with every peer, and add the trials to the results in `out`."""
    done: list[Trial] = []
    timeout = aiohttp.ClientTimeout(seconds)
    async with (
        CountingProxy(endpoint.url, endpoint.key, seconds=seconds) as proxy,
        served(python, proxy.url) as url,
        aiohttp.ClientSession(timeout=timeout, trust_env=False) as http,
    ):
        with Results(out, described(cases, peers, endpoint, seed, parallel), resume=True) as results:
            left = iter(
                (Asking(peer, endpoint, proxy, url, http), case)
                for case in cases
                for peer in peers
                if (case.id, peer.row, endpoint.name) not in results.done
            )

            async def worker() -> None:
                for asking, case in left:
                    trial = await asking.answer(case)
                    results.add(trial)
                    done.append(trial)
                    print(f"{trial.strategy}: {trial.case} {outcome(case, trial.mark.correct)}", flush=True)

            await asyncio.gather(*(worker() for _ in range(parallel)))
    return done


@asynccontextmanager
async def served(python: Path | None, upstream: str) -> AsyncIterator[str]:
    """optillm, if it is needed."""
    if python is None:
        yield ""
        return
    async with optillm(python, upstream) as url:
        yield url


def described(cases: Sequence[Case], peers: Sequence[Peer], endpoint: Endpoint, seed: int, parallel: int) -> Setup:
    """The setup of these trials."""
    return Setup(
        seed=seed,
        cases=digest(cases),
        strategies={f"{peer.row}, {endpoint.name}": "" if peer.samples else f"{OPTILLM} {peer.name}" for peer in peers},
        parallel=parallel,
        versions={**versions(), "optillm": OPTILLM.partition("==")[2]},
        began=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    )


@asynccontextmanager
async def reached(model: str, base_url: str) -> AsyncIterator[Endpoint]:
    """The model's endpoint: a server at an address, or the model in the box, which is started."""
    if base_url:
        yield Endpoint(base_url, model, f"openai:{model}", os.environ.get("OPENAI_API_KEY", ""))
        return
    from tertulia.opening import make_model, wishes_of
    from tertulia.providers._child import ALIAS
    from tertulia.settings import load as load_settings

    made: Any = make_model(model, wishes_of(load_settings(), print))
    try:
        child = await made._child()  # the only place that knows the address
        yield Endpoint(f"{child.url}/v1", ALIAS, model, child.key, free=True)
    finally:
        await made.close()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="+", help="as for tertulia eval")
    parser.add_argument("--approaches", default=",".join(APPROACHES[:6]), help="with commas; sample:9 runs here")
    parser.add_argument("--model", default="embedded", help="the model in the box, or a name at --base-url")
    parser.add_argument("--base-url", default="", help="an OpenAI-compatible endpoint; its key is OPENAI_API_KEY")
    parser.add_argument("--out", type=Path, default=Path("results"))
    parser.add_argument("--limit", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--parallel", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=600.0, help="the most a question may take")
    parser.add_argument("--environment", type=Path, default=Path(tempfile.gettempdir()) / "tertulia-optillm")
    return parser.parse_args()


async def main() -> None:
    given = arguments()
    peers = [Peer(name.strip()) for name in given.approaches.split(",")]
    if unknown := [peer.name for peer in peers if not peer.samples and peer.name not in APPROACHES]:
        sys.exit(f"not offered: {', '.join(unknown)}; there are: {', '.join(APPROACHES)}, sample:9")
    needed = any(not peer.samples for peer in peers)
    python = await asyncio.to_thread(environment, given.environment) if needed else None
    cases = load_cases(given.cases, given.seed, given.limit)
    async with reached(given.model, given.base_url) as endpoint:
        await run(cases, peers, endpoint, given.out, python, given.seed, given.parallel, given.seconds)
    print(write_report(given.out, given.seed)[1])


if __name__ == "__main__":
    asyncio.run(main())
