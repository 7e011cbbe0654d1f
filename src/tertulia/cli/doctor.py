"""Says what is installed, reachable and working, and how to mend what is not."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import platform
from collections.abc import AsyncIterator
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .. import __version__
from ..agents.roster import roster
from ..opening import choose, served
from ..printable import printable
from ..providers.catalog import Compatible, Gateway
from ..providers.weights import LARGE, SMALL, Weights, cache_folder
from ..registry import find, parts
from ..settings import config_file, load
from ..tools.sandbox import TIERS
from .setup import extras, lacking


@dataclass(frozen=True)
class Check:
    what: str
    ok: bool
    says: str
    """What was seen or, if it is not well, what would mend it."""


def print_doctor() -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for check in asyncio.run(_all()):
        sign = Text("✓", "green") if check.ok else Text("✗", "yellow")
        table.add_row(sign, Text(check.what), Text(printable(check.says)))
    Console().print(table)


async def _all() -> list[Check]:
    return [check async for check in checks()]


async def checks() -> AsyncIterator[Check]:
    """Everything that is looked at, in the order in which a person would ask."""
    yield Check("tertulia", True, f"{__version__}, Python {platform.python_version()}, {platform.system()}")
    file = config_file()
    yield Check("settings", True, f"{file}{'' if file.exists() else ' (not there: defaults are used)'}")
    name, why = await choose(load())
    yield Check("model taken by default", True, f"{name}: {why}")
    for weights in (LARGE, SMALL):
        there = is_installed(weights)
        yield Check(f"weights of {weights.title}", there, "installed" if there else f"tertulia setup {weights.extra}")
    for extra in extras():
        missing = lacking(extra)
        says = f"lacks {', '.join(missing[:3])}{', …' * (len(missing) > 3)}: tertulia setup {extra}"
        yield Check(f"extra {extra}", not missing, says if missing else "installed")
    for name, why in roster().broken.items():
        yield Check(f"agent {name}", False, why)
    async for check in _providers():
        yield check
    for tier in TIERS:
        lacks = await tier.available()
        yield Check(f"sandbox {tier.name}", lacks is None, lacks or "works")


async def _providers() -> AsyncIterator[Check]:
    for name in sorted(parts("provider")):
        maker = find("provider", name)
        if isinstance(maker, Compatible) and not maker.key_from:
            models = await served(maker.url)
            says = f"{len(models)} models: {', '.join(models[:5])}" if models else f"nobody answers at {maker.url}"
            yield Check(name, bool(models), says)
        elif isinstance(maker, Compatible | Gateway):
            there = bool(os.environ.get(maker.key_from))
            yield Check(name, there, f"{maker.key_from} is set" if there else f"set {maker.key_from} to use it")


def print_models() -> None:
    """What `--model` can name: providers, what each needs, an example of each."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("name it", "needs", "where"):
        table.add_column(column)
    for name in sorted(parts("provider")):
        maker = find("provider", name)
        if isinstance(maker, Compatible):
            table.add_row(
                f"{name}:{maker.favourite or 'NAME'}", maker.key_from or "a server on this machine", maker.url
            )
        elif isinstance(maker, Gateway):
            table.add_row(f"{name}:{maker.favourite}", f"{maker.key_from}, tertulia setup providers", "")
        elif name == "embedded":
            for weights, label in ((LARGE, "embedded"), (SMALL, "embedded:small")):
                state = "installed" if is_installed(weights) else f"tertulia setup {weights.extra}"
                table.add_row(label, f"nothing but its weights ({state})", weights.title)
            table.add_row("embedded:FILE.gguf", "a GGUF file of your own", "this machine")
        else:
            table.add_row(name, "nothing", "this machine")
    Console().print(table)


def is_installed(weights: Weights) -> bool:
    """Whether the weights are joined already, or their parts are there to be joined."""
    joined = cache_folder() / f"{weights.id}.gguf"
    return joined.exists() or all(
        importlib.util.find_spec(f"{weights.prefix}{number}") for number in range(1, weights.parts + 1)
    )
