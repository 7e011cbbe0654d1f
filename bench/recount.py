"""Counts stored results of the lab anew without cases that should not count: repeated ones, and those with wrong keys.

    python -m bench.recount bench/results/lab/other-seed bench/results/lab/box

The first folder is counted; cases whose question stands in the results of a later one are *seen before*. Each case is
made again and compared with its stored fingerprint, so that what is counted is what was asked.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tertulia.lab.cases import Case, digest
from tertulia.lab.compare import wilson
from tertulia.lab.measure import Setup, Trial, load
from tertulia.lab.overlap import squeezed
from tertulia.lab.suites import within
from tertulia.lab.suites.answer_keys import doubt
from tertulia.lab.suites.gym import case_of

WRITTEN = Path(__file__).parent / "cases"
GENERATED = re.compile(r"(\w+)-(\d+)-(\d+)")


def again(setups: Iterable[Setup]) -> dict[str, Case]:
    """The cases of stored results by id, made again.

    Raises:
        ValueError: if one is not what it was.
    """
    by_hand = {case.id: case for file in sorted(WRITTEN.rglob("*.jsonl")) for case in within(file)}
    stored = {name: print_ for setup in setups for name, print_ in setup.cases.items()}
    cases = {name: by_hand.get(name) or generated(name) for name in stored}
    if changed := [name for name, print_ in digest(cases.values()).items() if print_ != stored[name]]:
        raise ValueError(f"{', '.join(changed)}: not what was asked then")
    return cases


def generated(name: str) -> Case:
    found = GENERATED.fullmatch(name)
    if found is None:
        raise ValueError(f"{name} is no generated case, and stands in no file of {WRITTEN}")
    return case_of(found[1], int(found[2]), int(found[3]))


def counted(trials: Sequence[Trial], left: set[str], what: str) -> str:
    """A line a strategy: how many of the cases that are left it got right."""
    lines = []
    for model, strategy in dict.fromkeys((trial.model, trial.strategy) for trial in trials):
        some = [t for t in trials if (t.model, t.strategy) == (model, strategy) and t.case in left]
        right = sum(trial.mark.correct for trial in some)
        interval = wilson(right, len(some))
        share = right / len(some) if some else 0.0
        spread = f"{share:.1%} ({interval.low:.1%} to {interval.high:.1%})"
        lines.append(f"{what}: {strategy}, {model}: {right} of {len(some)}, {spread}")
    return "\n".join(lines)


def main(folder: Path, earlier: Sequence[Path]) -> None:
    setups, trials = load(folder / "results.jsonl")
    cases = again(setups)
    seen = {squeezed(case.question) for one in earlier for case in again(load(one / "results.jsonl")[0]).values()}
    doubts = {name: said for name, case in cases.items() if (said := doubt(case))}
    print(*(f"{name}: {said}" for name, said in sorted(doubts.items())), sep="\n")
    new = {name for name, case in cases.items() if squeezed(case.question) not in seen}
    print(f"{len(cases)} cases, of which {len(cases) - len(new)} were seen before and {len(doubts)} have wrong keys")
    print(counted(trials, set(cases), "all"))
    print(counted(trials, set(cases) - set(doubts), "right keys"))
    if earlier:
        print(counted(trials, new, "new"))
        print(counted(trials, new - set(doubts), "new, right keys"))


if __name__ == "__main__":
    first, *others = map(Path, sys.argv[1:])
    main(first, others)
