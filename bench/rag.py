"""Does reading documents help? The same questions with and without retrieval, answered by the same model.

    python -m bench.rag --handbook /usr/share/doc/debian-handbook/html/en-US [--model embedded]

The handbook is that of Debian's package `debian-handbook`. Questions without an expected answer ask for what no page
says: there the right answer is that it is not known, or is marked as borne out by nothing; everything else is made up.
ReplyFile are kept in `--replies`, so that a run that is stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tertulia import House, Question, Report, __version__
from tertulia.agents.librarian import Librarian
from tertulia.lab.reuse import ReplyFile, reusing
from tertulia.opening import make_model
from tertulia.providers.catalog import Wishes
from tertulia.strategies import Strategy
from tertulia.strategies.direct import Direct
from tertulia.strategies.rag import DOUBT, DOUBT_ES, Rag
from tertulia.tools.documents import Library

HERE = Path(__file__).parent
UNKNOWN = re.compile(
    r"(do(es)? not|don't|doesn't|cannot|can't|not?) (say|know|mention|specif|provid|contain|found|find|have|state)"
    r"|no (specific )?(information|mention)|not (specified|mentioned|provided|available|stated|known)|unknown|missing"
    r"|no (dicen|dice|se menciona|menciona|especific|s[eé]|hay informaci|se indica|encontr|proporciona|consta)"
    r"|desconoc"
    rf"|{re.escape(DOUBT)}|{re.escape(DOUBT_ES)}",
    re.I,
)


@dataclass(frozen=True)
class Case:
    question: str
    expected: str | None
    """Pattern of a right answer; None if the documents do not say."""

    def right(self, answer: str) -> bool:
        return bool(re.search(self.expected, answer, re.I | re.S) if self.expected else UNKNOWN.search(answer))


@dataclass(frozen=True)
class Outcome:
    case: Case
    answer: str
    right: bool
    citations: int
    report: Report


def cases() -> list[Case]:
    return [Case(**json.loads(line)) for line in (HERE / "rag_questions.jsonl").read_text().splitlines()]


def pages(handbook: Path, most: int) -> list[Path]:
    """Pages of the handbook, those with an answer first."""
    wanted = [case.expected for case in cases() if case.expected]
    found = sorted(handbook.glob("*.html"))
    score = {
        page: sum(bool(re.search(one, page.read_text(errors="replace"), re.I)) for one in wanted) for page in found
    }
    return sorted(found, key=lambda page: (-score[page], page.name))[:most]


async def ask(strategy: Strategy, house: House, case: Case) -> Outcome:
    answered = await House(house.models, strategy, gates=house.gates).ask(Question(case.question))
    text = answered.answer.text
    return Outcome(case, text, case.right(text), len(answered.answer.citations), answered.report)


async def measure(handbook: Path, model: str, most: int, kept: Path) -> dict[str, list[Outcome]]:
    with tempfile.TemporaryDirectory() as folder, ReplyFile(kept) as replies:
        async with Library(Path(folder)) as library:
            added = await library.add(pages(handbook, most))
            print(f"{len(added.added)} pages, {added.passages} passages", flush=True)
            strategies: dict[str, Strategy] = {"direct": Direct(), "rag": Rag(librarian=Librarian(library))}
            found: dict[str, list[Outcome]] = {name: [] for name in strategies}
            async with House({"default": make_model(model, Wishes(say=lambda _: None))}) as house:
                house = reusing(house, replies)
                for case in cases():
                    for name, strategy in strategies.items():
                        outcome = await ask(strategy, house, case)
                        found[name].append(outcome)
                        print(
                            f"{'+' if outcome.right else '-'} {name}: {case.question} -> {outcome.answer[:150]}",
                            flush=True,
                        )
            return found


def table(found: dict[str, list[Outcome]], model: str) -> str:
    heads = ("", "right, of those the handbook answers", "made up, of those it does not", "cited", "marked", "tokens")
    lines = [f"| {' | '.join(heads)} |", "|---|---:|---:|---:|---:|---:|"]
    for name, outcomes in found.items():
        known = [one for one in outcomes if one.case.expected]
        unknown = [one for one in outcomes if not one.case.expected]
        tokens = sum(one.report.total for one in outcomes) / len(outcomes)
        cited = sum(one.citations > 0 for one in known)
        marked = sum(one.answer.endswith((DOUBT, DOUBT_ES)) for one in outcomes)
        lines.append(
            f"| {name} | {sum(one.right for one in known)} of {len(known)} "
            f"| {sum(not one.right for one in unknown)} of {len(unknown)} | {cited} of {len(known)} "
            f"| {marked} of {len(outcomes)} | {tokens:,.0f} |"
        )
    return "\n".join([*lines, "", f"Model {model}, tertulia {__version__}, Python {platform.python_version()}.", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--handbook", type=Path, default=Path("/usr/share/doc/debian-handbook/html/en-US"))
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--replies", type=Path, default=Path(tempfile.gettempdir()) / "tertulia-rag-replies.jsonl")
    parser.add_argument("--pages", type=int, default=40)
    parser.add_argument("--out", type=Path, default=HERE / "results")
    asked = parser.parse_args()
    found = asyncio.run(measure(asked.handbook, asked.model, asked.pages, asked.replies))
    answers = [
        {
            "question": one.case.question,
            "way": name,
            "answer": one.answer,
            "right": one.right,
            "tokens": one.report.total,
        }
        for name, outcomes in found.items()
        for one in outcomes
    ]
    (asked.out / "rag.json").write_text(json.dumps(answers, ensure_ascii=False, indent=1) + "\n")
    (asked.out / "rag.md").write_text(table(found, asked.model))
    print(table(found, asked.model))


if __name__ == "__main__":
    main()
