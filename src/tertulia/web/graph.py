"""The plan as a graph in SVG: layers from the question down to the answer, and what is known of each part."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..narration import Language
from ..narration.catalogue import decimal, whole
from . import words
from .html import Html, el, join
from .story import Part, Story

WIDTH, HEIGHT, GAP, DROP, MARGIN = 216, 92, 20, 44, 12
"""Of a node; between nodes of a layer; between layers; around all."""
LETTERS, LINES = 27, 2
"""Of the text in a node."""
MOST = 60
"""Nodes that are drawn; a plan has fewer, but a run without one may have called from more places."""
SIGNS = {"waiting": "○", "working": "◐", "checking": "◑", "rejected": "✕", "failed": "✕", "done": "●"}
QUESTION, ANSWER = "?", "!"
"""Names of the nodes at both ends."""
PART = "part-"
"""How ids of elements begin that tell of a part."""
STYLE = """
.plan{font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;max-width:none}
.plan rect{fill:var(--card,#fff);stroke:var(--line,#d9d3c7);stroke-width:1.25}
.plan text{fill:var(--ink,#24211d);font-size:12.5px}
.plan .who{font-weight:600;font-size:12.5px}
.plan .id,.plan .meta{fill:var(--soft,#6b645a);font-size:11.5px}
.plan .meta{font-variant-numeric:tabular-nums}
.plan path{fill:none;stroke:var(--edge,#bdb5a6);stroke-width:1.5}
.plan .bar{stroke:none;fill:var(--edge,#bdb5a6)}
.plan .working rect.box,.plan .checking rect.box{stroke:var(--busy,#8a5a00);stroke-width:1.75}
.plan .working .bar,.plan .checking .bar{fill:var(--busy,#8a5a00)}
.plan .done .bar{fill:var(--good,#2f6b3c)}
.plan .rejected .bar,.plan .failed .bar{fill:var(--bad,#a4262c)}
.plan .done .sign{fill:var(--good,#2f6b3c)}
.plan .working .sign,.plan .checking .sign{fill:var(--busy,#8a5a00)}
.plan .rejected .sign,.plan .failed .sign{fill:var(--bad,#a4262c)}
.plan .waiting rect.box{stroke-dasharray:4 4}
.plan .end rect.box{fill:var(--tint,#f3eee4);stroke:none}
.plan path.critical{stroke:var(--accent,#9a3b26);stroke-width:3}
.plan .critical rect.box{stroke:var(--accent,#9a3b26);stroke-width:2}
.plan path.flowing{stroke:var(--busy,#8a5a00);stroke-dasharray:5 5;animation:flow 1s linear infinite}
.plan a:focus-visible rect.box{stroke:var(--accent,#9a3b26);stroke-width:3}
.plan a:hover rect.box{stroke:var(--accent,#9a3b26)}
@keyframes flow{to{stroke-dashoffset:-10}}
@media (prefers-reduced-motion:reduce){.plan path.flowing{animation:none}}
"""
"""For the drawing wherever it stands; colours are those of the page, or of paper where there is none."""


@dataclass(frozen=True)
class Node:
    """What is drawn as one box."""

    id: str
    who: str
    text: str
    state: str
    meta: str = ""
    needs: tuple[str, ...] = ()
    link: str = ""
    """Fragment of the page that tells more; empty for none."""


@dataclass(frozen=True)
class Layout:
    """Where each node stands: its left upper corner."""

    places: Mapping[str, tuple[float, float]]
    width: float
    height: float


@dataclass(frozen=True)
class Graph:
    """A graph that can be drawn."""

    nodes: tuple[Node, ...]
    critical: tuple[str, ...] = field(default=())
    """Nodes of the critical path, in its order; empty while that is not known."""

    def layout(self) -> Layout:
        """Layers by the longest way from a node without needs; within a layer, nodes stand near what they need."""
        layers = _layers(self.nodes)
        widest = max(map(len, layers))
        width = widest * WIDTH + (widest - 1) * GAP
        places: dict[str, tuple[float, float]] = {}
        for row, layer in enumerate(layers):
            ordered = sorted(layer, key=lambda node: _centre(node, places))
            left = MARGIN + (width - len(layer) * WIDTH - (len(layer) - 1) * GAP) / 2
            for column, node in enumerate(ordered):
                places[node.id] = (left + column * (WIDTH + GAP), MARGIN + row * (HEIGHT + DROP))
        return Layout(places, width + 2 * MARGIN, len(layers) * (HEIGHT + DROP) - DROP + 2 * MARGIN)

    def svg(self, language: Language, alone: bool = False) -> Html:
        """The graph as an element; with `alone`, as a file of its own with its style."""
        layout = self.layout()
        label = words.GRAPH.say(language, count=len(self.nodes) - 2)
        head: dict[str, str | int | float | bool | None] = {"viewBox": f"0 0 {layout.width:.0f} {layout.height:.0f}"}
        if alone:
            head["xmlns"] = "http://www.w3.org/2000/svg"
        return el(
            "svg",
            el("style", Html(STYLE)) if alone else None,
            el("title", label) if alone else None,
            [self._edges(node, layout) for node in self.nodes],
            [_box(node, layout, node.id in self.critical, language, alone) for node in self.nodes],
            class_="plan",
            width=f"{layout.width:.0f}",
            height=f"{layout.height:.0f}",
            role="img" if alone else "group",
            aria_label=label,
            more=head,
        )

    def _edges(self, node: Node, layout: Layout) -> Html:
        x, y = layout.places[node.id]
        steps = set(zip(self.critical, self.critical[1:], strict=False))
        drawn = []
        for need in node.needs:
            a, b = layout.places[need]
            start, end, half = (a + WIDTH / 2, b + HEIGHT), (x + WIDTH / 2, y), (y - b - HEIGHT) / 2
            curve = f"M{start[0]:.0f} {start[1]:.0f}C{start[0]:.0f} {start[1] + half:.0f} "
            curve += f"{end[0]:.0f} {end[1] - half:.0f} {end[0]:.0f} {end[1]:.0f}"
            kind = "critical" if (need, node.id) in steps else "flowing" if node.state == "working" else None
            drawn.append(el("path", class_=kind, more={"d": curve}))
        return join(drawn)


def graph_of(story: Story, question: str, language: Language, over: bool = False) -> Graph:
    """The graph of a run as far as it has come.

    Args:
        over: Whether nothing more happens in it, so that its critical path is known.
    """
    tasks = story.tasks
    shown = tasks or [part for part in story.others if part is not _writer(story)][: MOST - 2]
    named = {part.id for part in shown}
    needed = {need for part in tasks for need in (part.task.needs if part.task else ())}
    nodes = [Node(QUESTION, words.ASKED.say(language), question, "end")]
    for part in shown:
        needs = tuple(need for need in (part.task.needs if part.task else ()) if need in named) or (QUESTION,)
        text = part.task.text if part.task else part.reply or part.id
        nodes.append(
            Node(part.id, part.agent, text, story.state(part), _meta(part, language), needs, f"#{anchor(part)}")
        )
    last = tuple(part.id for part in shown if part.id not in needed) or (QUESTION,)
    writer = _writer(story)
    state = "done" if over and story.answer else "working" if story.answer and not over else "waiting"
    meta = _meta(writer, language) if writer else ""
    nodes.append(Node(ANSWER, words.ANSWER.say(language), story.answer, state, meta, last, "#answer"))
    path = story.critical() if over and len(tasks) > 1 else []
    return Graph(tuple(nodes), (QUESTION, *path, ANSWER) if path else ())


def anchor(part: Part) -> str:
    """Id of the element that tells of a part: letters, digits and hyphens alone, whatever a model called it."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else f"-{ord(letter):x}-" for letter in part.id)
    return PART + plain


def _writer(story: Story) -> Part | None:
    """The place whose call writes the answer, if it is no task; None until that is known."""
    answer = story.progress.answer
    key = answer.written_by if answer else story._answering
    return next((part for part in story.others if any(one == key for one, _ in part.entries)), None) if key else None


def _meta(part: Part, language: Language) -> str:
    """Tokens and seconds, as far as they are known."""
    tokens = f"{whole(part.tokens, language, part.exact)} {words.TOKENS.say(language)}" if part.entries else ""
    seconds = "" if part.seconds is None else f"{decimal(part.seconds, language)} s"
    return "  ·  ".join(one for one in (tokens, seconds) if one)


def _layers(nodes: Sequence[Node]) -> list[list[Node]]:
    depth: dict[str, int] = {}
    left = list(nodes)
    while left:
        ready = [node for node in left if all(need in depth for need in node.needs)]
        for node in ready:
            depth[node.id] = max((depth[need] + 1 for need in node.needs), default=0)
        left = [node for node in left if node.id not in depth]
    layers: list[list[Node]] = [[] for _ in range(max(depth.values()) + 1)]
    for node in nodes:
        layers[depth[node.id]].append(node)
    return [row for layer in layers for row in _rows(layer)]


def _rows(layer: list[Node], most: int = 4) -> list[list[Node]]:
    """A layer in rows that a screen can hold."""
    return [layer[begin : begin + most] for begin in range(0, len(layer), most)]


def _centre(node: Node, places: Mapping[str, tuple[float, float]]) -> float:
    known = [places[need][0] for need in node.needs if need in places]
    return sum(known) / len(known) if known else 0.0


def _box(node: Node, layout: Layout, critical: bool, language: Language, alone: bool) -> Html:
    x, y = layout.places[node.id]
    state = words.PROGRESS[node.state].say(language) if node.state in words.PROGRESS else ""
    lines = _lines(node.text)
    drawn = join(
        el("rect", class_="box", x=x, y=y, width=WIDTH, height=HEIGHT, rx=10),
        el("rect", class_="bar", x=x, y=y + 10, width=4, height=HEIGHT - 20, rx=2) if state else None,
        el("text", node.who[:24], class_="who", x=x + 16, y=y + 22),
        el("text", SIGNS.get(node.state, ""), class_="sign", x=x + WIDTH - 24, y=y + 23) if state else None,
        [el("text", line, x=x + 16, y=y + 42 + 17 * place) for place, line in enumerate(lines)],
        el("text", node.meta or state, class_="meta", x=x + 16, y=y + HEIGHT - 11),
    )
    kind = " ".join(one for one in (node.state, "critical" if critical else "") if one)
    told = ", ".join(one for one in (node.who, state, " ".join(lines), node.meta) if one)
    if node.link and not alone:
        return el("a", drawn, class_=kind, href=node.link, aria_label=told)
    return el("g", drawn, class_=kind)


def _lines(text: str) -> list[str]:
    """The beginning of a text, as it fits into a node."""
    line = " ".join(text[: LETTERS * (LINES + 2)].split())
    return textwrap.wrap(line, LETTERS, max_lines=LINES, placeholder=" …", break_long_words=True)
