"""Judges a finding by the evidence there is, and never by taste."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..excerpts import LOOKED_AT, excerpt
from ..language import likely_language_of
from ..numbers import OPEN, figures, mentioned, missing, size
from ..run import Run
from ..tools.arithmetic import sums
from ..tools.checks import asserts_in, broken_demands, code_in, wrong_conversions
from ..tools.doubts import Computed, doubts
from ..tools.sandbox import execute
from ..types import Finding, Findings, Question, Task, Verdict
from . import Member


@dataclass(frozen=True)
class Critic(Member):
    """A critic that asks no model: a program's run and a recomputed sum are evidence, an opinion is not.

    Source: models that criticise themselves without outside evidence get worse (Huang et al., 2024).
    """

    name: str = "critic"
    skill: str = "judges findings by sums, units, tests and passages; asks no model"
    calculator: str = "calculator"
    """Who is asked for numbers that a finding states without any ground."""

    @property
    def asks(self) -> bool:
        return False

    async def examine(self, task: Task, finding: Finding, known: Findings, run: Run) -> Verdict:
        """The verdict on the evidence at hand and, if the task states tests, on what they say of the finding's code."""
        verdict = self.judge(task, finding, known)
        is_tested = verdict.accepted and not finding.executions and "assert" in task.text
        return (is_tested and await self.test(task, finding, run)) or verdict

    async def test(self, task: Task, finding: Finding, run: Run) -> Verdict | None:
        """What the tests that the task states say of the finding's code; None if it states none."""
        tests, code = asserts_in(task.text), code_in(finding.text)
        if not tests:
            return None
        if not code:
            return Verdict(False, "tests are stated and there is no code to run them on", tests)
        ran = await run.by(self.name).execute(lambda: execute(f"{code}\n{tests}"))
        if ran.error:
            return Verdict(False, "its code fails the tests that are stated", ran.error)
        return Verdict(True, "its code passes the tests that are stated", tests)

    def judge(self, task: Task, finding: Finding, known: Findings) -> Verdict:
        """The verdict on the evidence at hand."""
        if not finding.ok:
            return Verdict(False, "nothing was found", finding.text)
        if finding.sources and all(passage.text in finding.text for passage in finding.sources):
            return Verdict(True, "it is what was read, word for word", f"{len(finding.sources)} passages were read")
        checked = self.check(task, finding)
        if not checked.accepted:
            return checked
        passages = [passage.text for passage in finding.sources]
        if not finding.executions and (unfounded := strangers(finding.text, task, known, passages)):
            better = "" if finding.sources else self.calculator
            return Verdict(False, "it states numbers that nothing gives", ", ".join(unfounded), better)
        if finding.sources and not finding.citations:
            return Verdict(False, "nothing in the documents bears it out", f"{len(finding.sources)} passages were read")
        if finding.citations:
            return Verdict(True, "the documents bear it out", "; ".join(repr(one.text) for one in finding.citations))
        if finding.executions:
            return self.judge_result(task, finding)
        return checked

    def judge_result(self, task: Task, finding: Finding) -> Verdict:
        """Whether what its program printed can be the answer, by what was asked and the program itself."""
        last, language = finding.executions[-1], likely_language_of(task.question or task.text)
        parts = Question(task.text).parts
        if found := doubts(Computed(task.text, last.program, last.output, language, parts, task.question)):
            return Verdict(False, "what its program printed can hardly be right", "; ".join(found))
        return Verdict(True, "its program ran", f"printed {last.output.strip()!r}")

    def check(self, task: Task, finding: Finding) -> Verdict:
        """Computes again the sums and conversions that the finding states, and looks at the form that is asked for."""
        said = excerpt(finding.text)
        language = likely_language_of(said) if OPEN.search(said) else "en"
        stated = list(sums(said, language)) if "=" in said else []
        if wrong := [str(sum) for sum in stated if not sum.holds]:
            return Verdict(False, "a sum in it is wrong", "; ".join(wrong))
        if wrong := list(wrong_conversions(said, language)):
            return Verdict(False, "a conversion in it is wrong", "; ".join(wrong))
        if broken := list(broken_demands(excerpt(task.text), finding.text, language)):
            return Verdict(False, "it has not the form that is asked for", "; ".join(broken))
        if stated:
            return Verdict(True, "its sums hold", "; ".join(sum.left for sum in stated))
        return Verdict(True, "nothing speaks against it")


def strangers(text: str, task: Task, known: Findings, passages: Iterable[str] = ()) -> list[str]:
    """Numbers in a text that neither the question, nor what is known or was read, nor a sum that holds gives.

    Of several readings of one, none may be given. If what is given is too long to be read whole, no number is strange.
    """
    given = [task.question, task.text, *(one.text for one in known.values()), *passages]
    if max(map(len, given)) > LOOKED_AT:
        return []
    held = [sum for sum in sums(text) if sum.holds] if "=" in text else []
    checked = [value for sum in held for number in sum.numbers for value in number.values]
    there = set(map(size, checked)).union(*map(mentioned, given))
    return missing([number for number in figures(text) if number.kind != "name"], there)
