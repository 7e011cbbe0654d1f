"""Real clients, each in an environment of its own, against the running server; `./dev test -m clients` runs them.

The environments are made once, in the folder that `TERTULIA_CLIENTS` names or else in the temporary folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from ..conftest import ANSWER
from ..serving import scripted_house, serving

pytestmark = pytest.mark.clients
HERE = Path(__file__).parent
QUESTION = "Are there more minutes in a day than hours in a week?"
HOME = Path(os.environ.get("TERTULIA_CLIENTS") or Path(tempfile.gettempdir()) / "tertulia-clients")
WORK = "t1 calculator"
UV = (sys.executable, "-m", "uv")
SETTINGS = {"LITELLM_LOCAL_MODEL_COST_MAP": "true"}


@dataclass(frozen=True)
class Client:
    script: str
    packages: tuple[str, ...]
    answers: int
    """How often it prints the answer."""
    shows_reasoning: bool = True

    @property
    def name(self) -> str:
        return self.script.partition(".")[0].removeprefix("with_")


CLIENTS = [
    Client("with_llm.sh", ("llm>=0.36",), 4),
    Client("with_langchain.py", ("langchain-openai>=1.7",), 4),
    Client("with_pydantic_ai.py", ("pydantic-ai-slim[openai]>=2.68",), 4),
    Client("with_litellm.py", ("litellm>=1.106", "mcp"), 3),
    Client("with_inspect.py", ("inspect-ai>=0.3.285", "openai"), 2),
    Client("with_openai.mjs", ("openai@^6",), 4),
    Client("with_ai_sdk.mjs", ("ai@^6", "@ai-sdk/openai-compatible@^2"), 2),
    Client("with_codex.sh", ("@openai/codex@^0.169",), 1),
]


def installed(client: Client) -> dict[str, str]:
    """Environment variables under which the client is found; it is installed if it is not there."""
    folder = HOME / client.name
    of_node = "@" in client.packages[0]
    programs = folder / ("node_modules/.bin" if of_node else "bin")
    if not (folder / "installed").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if of_node:
            subprocess.run(["npm", "install", "--silent", "--prefix", folder, *client.packages], check=True)
        else:
            subprocess.run([*UV, "venv", "-q", folder, "--allow-existing"], check=True)
            subprocess.run([*UV, "pip", "install", "-q", "--python", programs / "python", *client.packages], check=True)
        (folder / "installed").touch()
    return {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_a_client_gets_the_answer_and_shows_the_work(client, tmp_path, request):
    if "clients" not in request.config.option.markexpr:
        pytest.skip("installs much; ask for it with -m clients")
    if "@" in client.packages[0] and shutil.which("npm") is None:
        pytest.skip("npm, which installs it, is not here")
    environment = os.environ | installed(client) | SETTINGS | {"QUESTION": QUESTION, "HOME": str(tmp_path)}
    script = HERE / client.script
    if script.suffix == ".mjs":  # Node looks for packages beside the script
        script = Path(shutil.copy(script, HOME / client.name))
    runner = {".py": "python", ".mjs": "node", ".sh": "sh"}[script.suffix]
    with serving(scripted_house()) as server:
        environment["URL"] = f"{server.url}/v1"
        done = subprocess.run(
            [shutil.which(runner, path=environment["PATH"]) or runner, script],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert done.stdout.count(ANSWER) == client.answers, done.stdout[-3000:] + done.stderr[-3000:]
    if client.shows_reasoning:
        assert WORK in done.stdout, done.stdout[-3000:]
