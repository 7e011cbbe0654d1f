"""What was answered wrong, for people who look for the reason."""

from __future__ import annotations

from collections.abc import Iterable

from .cases import Case
from .measure import Trial
from .sets import refuse_kept


def failures(cases: Iterable[Case], trials: Iterable[Trial]) -> str:
    """Each question that was answered wrong, what is right, and what was said, as Markdown.

    Raises:
        SettingsError: if a case is of validation or test.
    """
    by_id = {case.id: case for case in cases}
    refuse_kept(list(by_id.values()), "reading failures")
    told = [failure(by_id[trial.case], trial) for trial in trials if trial.case in by_id and not trial.mark.correct]
    return "\n\n".join(["## Failures", *(told or ["None."])]) + "\n"


def failure(case: Case, trial: Trial) -> str:
    expected = "; ".join(map(str, case.expected)) if isinstance(case.expected, tuple) else str(case.expected)
    said = trial.error or trial.answer
    return f"### {case.id}, {trial.strategy}, {trial.model}\n\n{case.question}\n\nRight: {expected}\n\nSaid:\n\n{said}"
