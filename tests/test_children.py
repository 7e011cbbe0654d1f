"""Child processes: their last words, their deadline, and the end of all they started."""

import os
import subprocess
import sys
import threading
import time

from tertulia.children import BARE, Alarm, LastWords, deadline, end, kill_group, start_host


def ended(pid):
    """Whether a process ends soon."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        with open(f"/proc/{pid}/stat") as stat:
            if stat.read().rpartition(")")[2].split()[0] == "Z":
                return True
        time.sleep(0.02)
    return False


def test_the_last_line_that_a_process_wrote_is_its_last_words():
    words = LastWords()
    program = "import sys; [print('line', i, file=sys.stderr) for i in range(5000)]; print(file=sys.stderr)"
    process = subprocess.Popen([sys.executable, "-c", program], stderr=words.file)
    process.wait()
    words.wait(10)
    assert words.line == "line 4999"


def test_who_said_nothing_has_no_last_words():
    words = LastWords()
    words.wait(10)
    assert words.line == ""


def test_a_block_that_takes_too_long_has_its_process_killed():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process, deadline(0.1, process.kill):
        assert process.stdout.read() == b""
    late = threading.Event()
    with deadline(0.05, late.set):
        pass
    assert not late.wait(0.2)


def test_alarms_ring_in_their_order_also_after_one_that_fails():
    rung, all_rung = [], threading.Event()
    Alarm(0.2, all_rung.set)
    Alarm(0.1, lambda: rung.append("second"))
    Alarm(0.05, lambda: 1 / 0)
    Alarm(0.02, lambda: rung.append("first"))
    assert all_rung.wait(10)
    assert rung == ["first", "second"]


def test_an_alarm_may_set_another():
    rung = threading.Event()
    Alarm(0.01, lambda: Alarm(0.01, rung.set))
    assert rung.wait(10)


def test_alarms_ring_in_a_thread_that_installs_no_trace_function():
    """CPython 3.11 refuses to, while another thread does: the thread would end, and no deadline be kept."""
    program = """
import sys, threading
from tertulia.children import Alarm
threading.settrace(lambda *_: None)
rung = threading.Event()
Alarm(0, lambda: (print(sys.gettrace()), rung.set()))
rung.wait(10)
"""
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "None\n"


def test_whatever_a_process_started_ends_with_it():
    program = "import subprocess, sys; print(subprocess.Popen(['sleep', '60']).pid, flush=True); input()"
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    with process:
        started = int(process.stdout.readline())
        kill_group(process)
    assert ended(started)
    kill_group(process)


async def test_a_host_runs_one_of_our_modules_with_nothing_of_the_persons(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET", "sesame")
    child = await start_host("tests_of_hosts", tmp_path, BARE)
    assert await child.stdout.read() == b""  # nothing but the package is on its path
    await end(child)
    assert child.returncode
    child = await start_host("tertulia.tools.documents.reading.host", tmp_path, BARE)
    assert child.returncode is None
    await end(child)
    assert child.returncode
