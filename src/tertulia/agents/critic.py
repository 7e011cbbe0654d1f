"""Judges a finding by the evidence there is, and never by taste."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..tools.arithmetic import numbers, sums
from ..types import Finding, Findings, Task, Verdict


@dataclass(frozen=True)
class Critic:
    """A critic that asks no model: a program's run and a recomputed sum are evidence, an opinion is not.

    Source: models that criticise themselves without outside evidence get worse (Huang et al., 2024).
    """

    calculator: str = "calculator"
    """Who is asked for numbers that a finding states without any ground."""

    def judge(self, task: Task, finding: Finding, known: Findings) -> Verdict:
        if not finding.ok:
            return Verdict(False, "nothing was found", finding.text)
        checked = self.check_sums(finding)
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

    def check_sums(self, finding: Finding) -> Verdict:
        """Computes again every sum that the finding states."""
        stated = list(sums(finding.text))
        if wrong := [str(sum) for sum in stated if not sum.holds]:
            return Verdict(False, "a sum in it is wrong", "; ".join(wrong))
        if stated:
            return Verdict(True, "its sums hold", "; ".join(sum.left for sum in stated))
        return Verdict(True, "nothing speaks against it")


def strangers(text: str, task: Task, known: Findings, read: Iterable[str] = ()) -> list[str]:
    """Numbers in a text that neither the question, nor what is known or was read, nor a sum that holds gives."""
    given = " ".join([task.question, task.text, *(one.text for one in known.values()), *read])
    checked = (f"{sum.left} {sum.stated}" for sum in sums(text) if sum.holds)
    there = {number for text in (given, *checked) for number in numbers(text)}
    return [f"{number:g}" for number in dict.fromkeys(numbers(text)) if number not in there]
