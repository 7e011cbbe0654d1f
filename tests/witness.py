"""A counting server in a process of its own, and victims that run questions against it."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
PLAN = {
    "t1": {"task": "How many minutes has a day?", "agent": "calculator", "needs": []},
    "t2": {"task": "How many hours has a week?", "agent": "calculator", "needs": []},
    "t3": {"task": "Which is larger?", "agent": "calculator", "needs": ["t1", "t2"]},
}
RULES = [
    {"match": "You plan how", "reply": json.dumps(PLAN)},
    {"match": "Your part: How many minutes", "reply": "print(24*60)"},
    {"match": "Your part: How many hours", "reply": "print(24*7)"},
    {"match": "Your part: Which is larger", "reply": "print(max(24*60, 24*7))"},
    {"match": "You write the answer", "reply": "A day has 1440 minutes, a week 168 hours."},
]
QUESTION = "How many minutes has a day? How many hours has a week? And which of the two is larger?"
ANSWER = "A day has 1440 minutes, a week 168 hours."
CALLS = 5


class Witness:
    """The counting server, over HTTP."""

    def __init__(self, process, url):
        self.process, self.url = process, url

    def tell(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        where = self.url.removesuffix("/v1") + path
        with urllib.request.urlopen(urllib.request.Request(where, data), timeout=30) as response:
            return json.loads(response.read())

    def calls(self):
        return self.tell("/__calls")

    def begin(self, **settings):
        """Forget all, and reply as a planned run needs."""
        self.tell("/__reset", {})
        self.tell("/__script", {"rules": RULES})
        self.tell("/__config", settings)

    def wait_for(self, calls, at_rest=None, by=None):
        """Until so many calls came, and no more than `at_rest` of them are still served; `by` must not end before."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            known = self.calls()
            if len(known) >= calls and (at_rest is None or sum(not call["ended"] for call in known) <= at_rest):
                return
            assert by is None or by.poll() is None, by.communicate()
            time.sleep(0.02)
        raise AssertionError(f"only {len(self.calls())} of {calls} calls came")


@contextmanager
def witness(folder):
    ready = folder / "address"
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.counting_server", "--port", "0", "--ready", str(ready)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    try:
        while not (ready.exists() and ready.read_text()):
            time.sleep(0.02)
        yield Witness(process, ready.read_text())
    finally:
        process.kill()
        process.wait()


def tertulia(*arguments, **environment):
    """The command line, in a process of its own."""
    variables = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    return subprocess.Popen(
        [sys.executable, "-m", "tertulia", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=variables | {"PYTHONPATH": str(ROOT / "src"), "TERTULIA_CONFIG": os.devnull} | environment,
        text=True,
    )


def kill(process):
    """End it at once; gives what it said on standard error."""
    process.send_signal(signal.SIGKILL)
    return process.communicate()[1]
