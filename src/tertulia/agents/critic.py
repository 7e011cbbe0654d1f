"""Judges a finding by the evidence there is, and never by taste."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..run import Run
from ..tools.arithmetic import numbers, sums
from ..tools.checks import asserts_in, broken_demands, code_in, wrong_conversions
from ..tools.sandbox import execute
from ..types import Finding, Findings, Task, Verdict


@dataclass(frozen=True)
class Critic:
    """A critic that asks no model: a program's run and a recomputed sum are evidence, an opinion is not.

    Source: models that criticise themselves without outside evidence get worse (Huang et al., 2024).
    """

    name: str = "critic"
    skill: str = "judges findings by sums, units, tests and passages; asks no model"
    calculator: str = "calculator"
    """Who is asked for numbers that a finding states without any ground."""

    async def examine(self, task: Task, finding: Finding, known: Findings, run: Run) -> Verdict:
        """The verdict on the evidence at hand and, if the task states tests, on what they say of the finding's code."""
        verdict = self.judge(task, finding, known)
        tested = None if finding.executions or not verdict.accepted else await self.test(task, finding, run)
        return tested or verdict

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
        checked = self.check(task, finding)
        if not checked.accepted:
            return checked
        read = [passage.text for passage in finding.sources]
        if not finding.executions and (unfounded := strangers(finding.text, task, known, read)):
            better = "" if finding.sources else self.calculator
            return Verdict(False, "it states numbers that nothing gives", ", ".join(unfounded), better)
        if finding.sources and not finding.citations:
            return Verdict(False, "nothing in the documents bears it out", f"{len(finding.sources)} passages were read")
        if finding.citations:
            return Verdict(True, "the documents bear it out", "; ".join(repr(one.text) for one in finding.citations))
        if finding.executions:
            return Verdict(True, "its program ran", f"printed {finding.executions[-1].output.strip()!r}")
        return checked

    def check(self, task: Task, finding: Finding) -> Verdict:
        """Computes again the sums and conversions that the finding states, and looks at the form that is asked for."""
        stated = list(sums(finding.text))
        if wrong := [str(sum) for sum in stated if not sum.holds]:
            return Verdict(False, "a sum in it is wrong", "; ".join(wrong))
        if wrong := list(wrong_conversions(finding.text)):
            return Verdict(False, "a conversion in it is wrong", "; ".join(wrong))
        if broken := list(broken_demands(task.text, finding.text)):
            return Verdict(False, "it has not the form that is asked for", "; ".join(broken))
        if stated:
            return Verdict(True, "its sums hold", "; ".join(sum.left for sum in stated))
        return Verdict(True, "nothing speaks against it")


def strangers(text: str, task: Task, known: Findings, read: Iterable[str] = ()) -> list[str]:
    """Numbers in a text that neither the question, nor what is known or was read, nor a sum that holds gives."""
    given = " ".join([task.question, task.text, *(one.text for one in known.values()), *read])
    checked = (f"{sum.left} {sum.stated}" for sum in sums(text) if sum.holds)
    there = {number for text in (given, *checked) for number in numbers(text)}
    return [f"{number:g}" for number in dict.fromkeys(numbers(text)) if number not in there]
