"""Programs that nobody has read run without harm, and their results come back."""

import asyncio
import gc
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import psutil
import pytest

from tertulia.errors import ToolError
from tertulia.tools import sandbox
from tertulia.tools.sandbox import LIMIT, TIERS, ProgramLimits, Tier, execute, number, program
from tertulia.tools.tiers.bubblewrap import Bubblewrap
from tertulia.tools.tiers.monty import Monty
from tertulia.tools.tiers.wasi import Wasi

from .hostile.judge import judge, leftovers, others, workers
from .hostile.programs import PROGRAMS as HOSTILE
from .ordinary.programs import LIBRARIES
from .ordinary.programs import PROGRAMS as ORDINARY

SHORT = ProgramLimits(seconds=0.5, memory=48 * 1024 * 1024, output=1000)
ROOT = Path(__file__).parent.parent
TOP = os.path.abspath(os.sep)
pytestmark = pytest.mark.xdist_group("sandbox")  # what hostile programs would leave behind is looked for all over


@pytest.fixture(scope="module", autouse=True)
def _others() -> None:
    asyncio.run(sandbox.close())
    others.update(child.pid for child in psutil.Process().children(recursive=True))


@pytest.fixture(autouse=True)
async def _closed() -> AsyncIterator[None]:
    yield
    await sandbox.close()


@pytest.fixture(params=TIERS, ids=lambda tier: tier.name)
async def tier(request: pytest.FixtureRequest) -> Tier:
    chosen: Tier = request.param
    if (missing := await chosen.available()) is not None:
        pytest.skip(f"{chosen.name} does not work here: {missing}")
    return chosen


# what comes back


async def test_what_is_printed_is_the_output(tier: Tier) -> None:
    execution = await execute("print(6 * 7)\nprint('ok')\n5", tiers=[tier])
    assert (execution.output, execution.error, execution.tier) == ("42\nok\n", "", tier.name)


async def test_if_nothing_is_printed_the_last_expression_is_the_output(tier: Tier) -> None:
    assert (await execute("x = 6\nx * 7", tiers=[tier])).output == "42"
    assert (await execute("'é' * 3  # three", tiers=[tier])).output == "ééé"
    assert (await execute("[1,\n 'a']; # a comment", tiers=[tier])).output == "[1, 'a']"
    assert (await execute("None", tiers=[tier])).output == ""


async def test_numbers_come_back_as_what_they_were(tier: Tier) -> None:
    for text, value in (("2 ** 70", 2**70), ("1 / 4", 0.25), ("2j * 1", 2j)):
        result = number((await execute(text, tiers=[tier])).output)
        assert (result, type(result)) == (value, type(value))
    exact = await execute("from decimal import Decimal\nDecimal('1.10') * 3", tiers=[tier])
    assert str(number(exact.output)) == "3.30"


def test_numbers_are_read_with_their_type() -> None:
    assert number("Fraction(1, 3)") == Fraction(1, 3)
    assert number("Decimal('0.10')") == Decimal("0.10")
    assert number("9" * 5000 + "\n") == int(Decimal("9" * 5000))
    assert number("ten") is number("1, 2") is number("") is None


async def test_a_failed_program_says_what_python_said_and_where(tier: Tier) -> None:
    execution = await execute("print('before')\nx = 1\ny = x / 0", tiers=[tier])
    assert execution.output == "before\n"
    assert execution.error.splitlines()[-2:] == ["line 3: y = x / 0", "ZeroDivisionError: division by zero"]


async def test_a_name_that_is_missing_is_named(tier: Tier) -> None:
    assert (await execute("answer", tiers=[tier])).error.endswith("NameError: name 'answer' is not defined")


async def test_a_program_that_is_not_python_fails(tier: Tier) -> None:
    assert "SyntaxError" in (await execute("x = (", tiers=[tier])).error


def test_a_program_is_taken_out_of_its_fence() -> None:
    assert program("Here it is:\n```python\nprint(1)\n```\nIt prints 1.") == "print(1)"
    assert program("~~~\n  1 + 1\n~~~") == "1 + 1"
    assert program("```py\nprint('```')") == "print('```')"
    assert program("print(1)\n") == "print(1)"


# limits


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("while True: pass", "seconds"),
        ("x = []\nwhile True: x.append('y' * 10000 + str(len(x)))", "memory"),
        ("while True: print('x' * 100)", "characters"),
        ("'x' * 1001", "characters"),
    ],
)
async def test_a_crossed_limit_is_told_apart_and_the_next_program_works(tier: Tier, text: str, what: str) -> None:
    limits = ProgramLimits(seconds=0.5 if what == "seconds" else 5, memory=SHORT.memory, output=1000)
    execution = await execute(text, limits, [tier])
    assert execution.error.startswith(LIMIT)
    assert what in execution.error
    assert len(execution.output) <= 1000
    assert (await execute("1 + 1", tiers=[tier])).output == "2"


async def test_an_own_error_is_no_crossed_limit(tier: Tier) -> None:
    execution = await execute("raise TimeoutError('mine')", tiers=[tier])
    assert execution.error == "line 1: raise TimeoutError('mine')\nTimeoutError: mine"


# tiers


async def test_what_monty_lacks_goes_to_a_capable_tier() -> None:
    capable = [tier for tier in TIERS[1:] if await tier.available() is None]
    if not capable:
        pytest.skip("neither bubblewrap nor wasi works here")
    execution = await execute("import statistics\nstatistics.mean([1, 2, 6])")
    assert (execution.output, execution.tier) == ("3", capable[0].name)


async def test_where_nothing_more_capable_is_there_the_error_says_what_is_allowed() -> None:
    execution = await execute("import statistics", tiers=[Monty()])
    assert Monty().allows in execution.error
    assert execution.error.endswith("ModuleNotFoundError: No module named 'statistics'")


async def test_without_any_sandbox_nothing_runs(tmp_path: Path) -> None:
    class Absent(Monty):
        async def available(self) -> str | None:
            return "not here"

    with pytest.raises(ToolError, match="no sandbox is available, so nothing was run; monty: not here"):
        await execute("1", tiers=[Absent()])


async def test_a_tier_that_is_absent_is_passed_over() -> None:
    class Absent(Bubblewrap):
        async def available(self) -> str | None:
            return "not here"

    assert (await execute("1 + 1", tiers=[Absent(), Monty()])).tier == "monty"


async def test_a_half_is_rounded_as_people_expect_by_monty_and_as_binary_by_cpython(tier: Tier) -> None:
    expected = "2.68" if isinstance(tier, Monty) else "2.67"
    assert (await execute("round(2.675, 2)", tiers=[tier])).output == expected


async def right(name: str, tiers: list[Tier] | None) -> bool:
    text, expected = ORDINARY[name]
    execution = await execute(text, ProgramLimits(seconds=60), tiers)  # a busy machine is no wrong result
    return execution.output.rstrip("\n") == expected and not execution.error


async def wrong(names: Iterable[str], tiers: list[Tier] | None = None) -> list[str]:
    names = list(names)
    results = await asyncio.gather(*(right(name, tiers) for name in names))
    return [name for name, good in zip(names, results, strict=True) if not good]


WITHOUT_LIBRARIES = [name for name, (text, _) in ORDINARY.items() if not any(one in text for one in LIBRARIES)]


@pytest.mark.slow
async def test_the_tiers_run_ordinary_programs(tier: Tier) -> None:
    assert len(ORDINARY) >= 50
    if isinstance(tier, Monty):
        assert len(await wrong(ORDINARY, [tier])) <= 20
    else:
        assert await wrong(ORDINARY if isinstance(tier, Wasi) else WITHOUT_LIBRARIES, [tier]) == []


async def test_all_tiers_together_run_every_ordinary_program() -> None:
    if await Bubblewrap().available() is not None and await Wasi().available() is not None:
        pytest.skip("neither bubblewrap nor wasi works here")
    assert await wrong(ORDINARY if await Wasi().available() is None else WITHOUT_LIBRARIES) == []


# harm


@pytest.mark.slow
async def test_hostile_programs_are_contained(tier: Tier) -> None:
    assert len(HOSTILE) >= 60
    assert await judge(tier) == []


class Naked(Monty):
    """What the sandbox must never be: a bare process."""

    async def available(self) -> str | None:
        return None

    async def execute(self, program: str, limits: ProgramLimits) -> str:
        command = [sys.executable, "-c", f"{program}\nprint(42)"]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
        return str(done.stdout).removesuffix("\n") + ("" if done.returncode == 0 else "42")


@pytest.mark.parametrize(
    "name",
    [
        "read passwords",
        "write a file",
        "environment",
        "connect",
        "datagram",
        "abstract socket",
        "kill the victim",
        "new namespace",
        "shell",
    ],
)
async def test_the_judge_sees_what_a_bare_process_would_let_through(name: str) -> None:
    if name == "new namespace" and os.geteuid() != 0:
        pytest.skip("only root is sure to be let")
    assert await judge(Naked(), {name: HOSTILE[name]}) != []


@pytest.fixture
def python_of_nobody() -> Iterator[Path]:
    """An environment that the user nobody may use, with all that is installed here."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for base in (Path(sys.executable).resolve(), Path("/usr/bin") / version, Path("/usr/local/bin") / version):
        if base.is_file() and _as_nobody(str(base), "-c", "").returncode == 0:
            break
    else:
        pytest.skip(f"the user nobody may execute no {version} here")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        site = folder / "lib" / version / "site-packages"
        site.mkdir(parents=True)
        (folder / "bin").mkdir()
        (folder / "bin" / "python").symlink_to(base)
        (folder / "pyvenv.cfg").write_text(f"home = {base.parent}\n")
        installed = [path for path in sys.path if path.endswith("site-packages")]
        (site / "all.pth").write_text("\n".join([str(ROOT / "src"), str(ROOT), *installed]))
        shutil.copy(Path(sys.executable).parent / "monty", folder / "bin" / "monty")
        if (tried := _as_nobody(str(folder / "bin" / "python"), "-c", "import tests, pydantic_monty")).returncode:
            pytest.skip(f"the user nobody may not read what is installed here: {tried.stderr.strip()[-200:]}")
        yield folder / "bin" / "python"


def _as_nobody(*command: str) -> subprocess.CompletedProcess[str]:
    nobody = pwd.getpwnam("nobody")
    try:
        return subprocess.run(
            command, user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[], env={"HOME": "/nonexistent"}, cwd="/",
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    except PermissionError as error:
        return subprocess.CompletedProcess(command, 126, "", str(error))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can become someone else")
@pytest.mark.parametrize("name", ["monty", "bubblewrap"])
def test_hostile_programs_are_contained_when_a_normal_user_runs_them(name: str, python_of_nobody: Path) -> None:
    done = _as_nobody(str(python_of_nobody), "-m", "tests.hostile.judge", name)
    assert done.returncode == 0, done.stderr
    verdict = json.loads(done.stdout)[name]
    if isinstance(verdict, str):
        pytest.skip(f"{name} does not work here for a normal user: {verdict}")
    assert verdict == []


async def test_the_worker_has_an_empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERTULIA_TOKEN", "secret")
    await execute("1")
    assert len(workers()) >= 2
    for worker in workers():
        assert worker.environ() == {}
        assert worker.cwd() == TOP


async def at_work() -> None:
    """Until a program has begun: some sandboxes keep workers that wait for one, others start one for it."""
    await asyncio.sleep(0.3)
    while not workers():
        await asyncio.sleep(0.02)


async def test_a_program_whose_worker_is_killed_fails_and_the_next_one_works(tier: Tier) -> None:
    await execute("1", tiers=[tier])
    task = asyncio.create_task(execute("while True: pass", ProgramLimits(seconds=60), [tier]))
    await at_work()
    for worker in workers():
        worker.send_signal(signal.SIGKILL)
    execution = await task
    assert execution.error
    assert not execution.error.startswith(LIMIT)
    assert (await execute("1 + 1", tiers=[tier])).output == "2"


async def test_a_cancelled_program_ends_at_once(tier: Tier) -> None:
    await execute("1", tiers=[tier])
    task = asyncio.create_task(execute("while True: pass", ProgramLimits(seconds=60), [tier]))
    await at_work()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    psutil.wait_procs(workers(), timeout=10)
    assert workers() == []


async def test_programs_run_side_by_side(tier: Tier) -> None:
    executions = await asyncio.gather(*(execute(f"print({place} * 2)", tiers=[tier]) for place in range(12)))
    assert [execution.output for execution in executions] == [f"{place * 2}\n" for place in range(12)]


def test_the_sandbox_serves_one_event_loop_after_another() -> None:
    assert asyncio.run(execute("1 + 1")).output == "2"
    assert asyncio.run(execute("2 + 2")).output == "4"


@pytest.mark.slow
async def test_a_thousand_programs_leave_nothing_behind() -> None:
    for _ in range(50):
        await execute("list(range(1000))[-1]", tiers=[Monty()])
    gc.collect()
    own = psutil.Process()
    files, memory, processes = own.num_fds(), own.memory_info().rss, len(workers())
    held = sum(worker.memory_info().rss for worker in workers())
    for _ in range(1000):
        assert (await execute("list(range(1000))[-1]", tiers=[Monty()])).output == "999"
    assert own.num_fds() == files
    assert len(workers()) == processes
    assert own.memory_info().rss - memory < 8 * 1024 * 1024
    assert sum(worker.memory_info().rss for worker in workers()) - held < 16 * 1024 * 1024
    await sandbox.close()
    assert leftovers() == []


def test_nothing_is_left_when_the_process_ends_without_closing() -> None:
    script = (
        "import asyncio, psutil\nfrom tertulia.tools.sandbox import execute\nasyncio.run(execute('1 + 1'))\n"
        "print(*(child.pid for child in psutil.Process().children(recursive=True)))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert done.stderr == ""
    pids = list(map(int, done.stdout.split()))
    assert len(pids) == 2
    assert not [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]
