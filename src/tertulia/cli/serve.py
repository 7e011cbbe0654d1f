"""Serves the house over HTTP, and makes keys for those who may ask it."""

from __future__ import annotations

import errno
import importlib.util
import logging
import sys

from ..errors import SettingsError
from ..settings import Settings

NEEDED = ("starlette", "uvicorn", "jsonschema_rs", "nh3", "mdit_py_plugins", "latex2mathml", "python_multipart")


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until stopped.

    Raises:
        SettingsError: if the extra is not installed, the address is taken, or the settings would serve anybody.
    """
    if any(importlib.util.find_spec(name) is None for name in NEEDED):
        raise SettingsError("serving needs an extra: run `tertulia setup serve`")
    from ..server.keys import door
    from ..server.process import serve as run
    from ..web.routes import routes

    door(settings.server, host)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    try:
        started = run(settings, host, port, say, routes())
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise SettingsError(f"port {port} is in use at {host}; choose another with --port") from None
    if not started:
        raise SettingsError("the server could not start; the lines above say why")


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def new_key(name: str) -> None:
    """Print a key, and on standard error the lines of the settings that let it in."""
    from ..server.keys import new_key

    key, digest = new_key()
    say(f'Add to the settings file; the key itself is shown only now:\n[server.keys.{name}]\nsha256 = "{digest}"\n')
    print(key)
