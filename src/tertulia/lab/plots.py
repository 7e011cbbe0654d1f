"""Draws accuracy against tokens, with the Pareto front, as PNG and SVG."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import SettingsError
from .compare import front
from .report import Row

BLUE, GREY = "#1f5fa8", "#8a8a8a"


def plot(rows: Sequence[Row], folder: Path) -> list[Path]:
    """One picture a model; gives the files.

    Raises:
        SettingsError: if the extra is missing.
    """
    files = []
    for model in dict.fromkeys(row.model for row in rows):
        figure = draw(model, [row for row in rows if row.model == model])
        stem = folder / f"accuracy-{re.sub(r'[^a-z0-9]+', '-', model.lower()).strip('-')}"
        for kind, metadata in (("png", {"Software": None}), ("svg", {"Date": None})):
            files.append(stem.with_suffix(f".{kind}"))
            figure.savefig(files[-1], dpi=150, metadata=metadata)
    return files


def draw(model: str, rows: Sequence[Row]) -> Any:
    """Accuracy with its 95 % interval against tokens a question, on a logarithmic scale."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ticker import LogLocator, NullFormatter
    except ImportError:
        raise SettingsError("matplotlib is not installed: tertulia setup lab") from None
    figure = Figure(figsize=(8, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    best = front([(row.tokens, row.accuracy) for row in rows])
    axes.plot(*zip(*best, strict=True), color=BLUE, linewidth=1.2, drawstyle="steps-post", label="Pareto front")
    for row in rows:
        color = BLUE if (row.tokens, row.accuracy) in best else GREY
        reach = [[max(0.0, row.accuracy - row.interval.low)], [max(0.0, row.interval.high - row.accuracy)]]
        axes.errorbar([row.tokens], [row.accuracy], yerr=reach, fmt="o", color=color, capsize=3, linewidth=1)
        axes.annotate(
            row.strategy,
            (row.tokens, row.interval.high),
            xytext=(0, 4),
            textcoords="offset points",
            rotation=45,
            fontsize=9,
        )  # slanted, so that neighbours do not cover each other
    axes.set_xscale("log")
    axes.margins(x=0.12)
    axes.set_ylim(-0.02, 1.12)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(lambda tokens, _: f"{tokens:,.0f}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.set_xlabel("tokens a question (input + output + reasoning)")
    axes.set_ylabel("accuracy, 95 % interval")
    axes.set_title(f"{model}, {max(row.cases for row in rows)} cases")
    axes.grid(alpha=0.25)
    axes.legend(loc="upper left", frameon=False)
    return figure
