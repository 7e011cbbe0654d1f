"""What a measurement shows: the same numbers as a value, as JSON and as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean, median
from typing import Any, TypeVar

from .compare import ENOUGH, Comparison, Interval, compare, majority, size_at, wilson
from .measure import MarkedSample, Setup, Trial
from .parts import PARTS, PARTS_HEAD, PartsDifference, PartsRow, difference, parts_cells, parts_row

DIRECT, VOTE, AUTO, THINK = "direct", "vote", "auto", "think"
FIXED = ("vote:", "sample:")
"""How the names of votes with a fixed number of samples begin."""
T = TypeVar("T")
K = TypeVar("K")
Groups = dict[tuple[str, str], list[Trial]]
"""Trials by model and strategy."""


@dataclass(frozen=True)
class Row:
    """One strategy with one model, over all its cases."""

    model: str
    strategy: str
    cases: int
    correct: int
    accuracy: float
    interval: Interval
    """95 %, Wilson."""
    strict: float
    """Accuracy if the form must be right too, 0 to 1."""
    input: float
    """Tokens a question: the mean, as in the next three fields."""
    output: float
    reasoning: float
    tokens: float
    calls: float
    median_calls: float
    tokens_per_correct: float | None
    """None if nothing was right."""
    seconds: float
    """A question: the mean, which depends on how many runs went on at once."""
    usd: float | None
    """All its questions together; None if the price of the model is unknown."""
    cached: float
    """Share of the tokens read that providers had computed before, 0 to 1."""
    exact: bool
    """False if any count is an estimate."""
    failed: int
    """Runs without an answer, counted as wrong."""
    judged: int
    """Marks given by a model."""
    reported: float | None
    """Share of its tokens that a peer reports itself; None of our own strategies, whose report is the count."""


@dataclass(frozen=True)
class Pair:
    """A strategy compared with a baseline on the cases that both answered."""

    model: str
    strategy: str
    baseline: str
    tokens: float
    """A question."""
    baseline_tokens: float
    comparison: Comparison
    note: str = ""
    parts: PartsDifference | None = None
    """Of the questions of several parts among them; None if there are none."""


@dataclass(frozen=True)
class Findings:
    """All that the report says, as a value."""

    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...]
    families: dict[str, dict[str, str]]
    """By family, then by strategy and model: how many of its cases were right."""
    calls: dict[str, dict[str, float]]
    """By family, then by strategy and model: the median number of calls."""
    decisions: dict[str, dict[str, int]]
    """By strategy and model, then by choice: in how many runs it was made."""
    parts: tuple[PartsRow, ...] = ()
    """Of strategies that answered questions of several parts."""


def findings(trials: Sequence[Trial], seed: int = 0) -> Findings:
    """Everything that is computed from the trials."""
    groups = groups_of(trials, lambda trial: (trial.model, trial.strategy))
    return Findings(
        tuple(row(model, strategy, group) for (model, strategy), group in groups.items()),
        tuple(pairs(groups, seed)),
        by_family(trials, lambda some: f"{sum(trial.mark.correct for trial in some)}/{len(some)}"),
        by_family(trials, lambda some: median(trial.report.calls for trial in some)),
        {
            label(*name): decision_counts(group)
            for name, group in groups.items()
            if any(trial.decisions for trial in group)
        },
        tuple(one for name, group in groups.items() if (one := parts_row(*name, group, seed))),
    )


def row(model: str, strategy: str, trials: Sequence[Trial]) -> Row:
    correct, reports = sum(trial.mark.correct for trial in trials), [trial.report for trial in trials]
    tokens, costs = sum(report.total for report in reports), [report.cost for report in reports]
    read = sum(trial.all_read for trial in trials)
    return Row(
        model=model,
        strategy=strategy,
        cases=len(trials),
        correct=correct,
        accuracy=correct / len(trials),
        interval=wilson(correct, len(trials)),
        strict=fmean(trial.mark.strict for trial in trials),
        input=fmean(report.input for report in reports),
        output=fmean(report.output for report in reports),
        reasoning=fmean(report.reasoning for report in reports),
        tokens=tokens / len(trials),
        calls=fmean(report.calls for report in reports),
        median_calls=median(report.calls for report in reports),
        tokens_per_correct=tokens / correct if correct else None,
        seconds=fmean(report.seconds for report in reports),
        usd=None if None in costs else sum(cost for cost in costs if cost is not None),
        cached=sum(report.cached for report in reports) / read if read else 0.0,
        exact=all(report.exact for report in reports),
        failed=sum(bool(trial.error) for trial in trials),
        judged=sum(trial.mark.judged for trial in trials),
        reported=sum(reported) / tokens if tokens and (reported := reported_tokens(trials)) else None,
    )


def reported_tokens(trials: Iterable[Trial]) -> list[int]:
    return [trial.reported for trial in trials if trial.reported is not None]


def pairs(groups: Groups, seed: int) -> Iterable[Pair]:
    """Every strategy against one call, the vote, and a vote and a thought of as many tokens; auto against the best."""
    for (model, strategy), trials in groups.items():
        best = [most_accurate(groups, model)] if strategy == AUTO else []
        for baseline in dict.fromkeys([DIRECT, VOTE, *best]):
            if strategy != baseline and (others := groups.get((model, baseline))):
                yield pair_of(trials, others, seed)
        fixed = widest(groups, model)
        if fixed and strategy != fixed[0].strategy:
            yield at_equal_tokens(trials, fixed, seed)
        thoughts = [group for (of, name), group in groups.items() if of == model and is_thought(name)]
        if thoughts and not is_thought(strategy):
            yield against_thought(trials, thoughts, seed)


def is_thought(strategy: str) -> bool:
    """Whether it is one call that thinks, at any effort: `think` or `think@high`."""
    return strategy.partition("@")[0] == THINK


def against_thought(trials: Sequence[Trial], thoughts: Sequence[Sequence[Trial]], seed: int) -> Pair:
    """Against one call with the most thought that takes no more tokens than the strategy."""
    most = mean_tokens(trials)
    affordable = [group for group in thoughts if mean_tokens(in_pairs(trials, group)[1]) <= most]
    chosen = max(affordable, key=mean_tokens, default=min(thoughts, key=mean_tokens))
    pair = pair_of(trials, chosen, seed)
    note = "" if affordable else "even the least thought takes more"
    return replace(pair, baseline=f"{pair.baseline}, equal tokens", note=note)


def most_accurate(groups: Groups, model: str) -> str:
    """The strategy other than auto that got most right; of several, the one that took fewest tokens."""
    others = {name: some for (of, name), some in groups.items() if of == model and name != AUTO}
    return max(
        others,
        key=lambda name: (fmean(trial.mark.correct for trial in others[name]), -mean_tokens(others[name])),
        default=DIRECT,
    )


def pair_of(trials: Sequence[Trial], others: Sequence[Trial], seed: int) -> Pair:
    mine, theirs = in_pairs(trials, others)
    return Pair(
        trials[0].model,
        trials[0].strategy,
        others[0].strategy,
        mean_tokens(mine),
        mean_tokens(theirs),
        compare([trial.mark.correct for trial in mine], [trial.mark.correct for trial in theirs], seed),
        parts=difference(mine, theirs, seed),
    )


def at_equal_tokens(trials: Sequence[Trial], fixed: Sequence[Trial], seed: int) -> Pair:
    """Against plain self-consistency of as many samples as the strategy's tokens would have bought."""
    mine, theirs = in_pairs(trials, fixed)
    drawn: list[Sequence[MarkedSample]] = [trial.samples for trial in theirs]
    size, most = size_at(mean_tokens(mine), drawn), max((len(samples) for samples in drawn), default=0)
    spent = sum(sample.tokens for samples in drawn for sample in samples[:size]) / max(1, len(drawn))
    note = f"at most {most} samples were drawn" if size == most else ""
    note = "even one sample takes more" if spent > mean_tokens(mine) else note
    return Pair(
        trials[0].model,
        trials[0].strategy,
        f"vote of {size}, equal tokens",
        mean_tokens(mine),
        spent,
        compare([trial.mark.correct for trial in mine], [majority(samples[:size]) for samples in drawn], seed),
        note,
    )


def widest(groups: Groups, model: str) -> list[Trial] | None:
    """The vote of a fixed size (`vote:9`) with the most samples; None if none was run."""
    fixed = [group for (of, name), group in groups.items() if of == model and name.startswith(FIXED)]
    fixed = [group for group in fixed if any(trial.samples for trial in group)]
    return max(fixed, key=lambda group: max(len(trial.samples) for trial in group), default=None)


def in_pairs(trials: Iterable[Trial], others: Iterable[Trial]) -> tuple[list[Trial], list[Trial]]:
    """The trials of the cases that both have, in the same order."""
    one, other = ({trial.case: trial for trial in some} for some in (trials, others))
    both = [case for case in one if case in other]
    return [one[case] for case in both], [other[case] for case in both]


def mean_tokens(trials: Sequence[Trial]) -> float:
    return fmean(trial.report.total for trial in trials) if trials else 0.0


def by_family(trials: Iterable[Trial], tell: Callable[[list[Trial]], T]) -> dict[str, dict[str, T]]:
    families = groups_of(trials, lambda trial: trial.family)
    return {
        family: {
            label(*name): tell(some)
            for name, some in groups_of(group, lambda trial: (trial.model, trial.strategy)).items()
        }
        for family, group in families.items()
    }


def decision_counts(trials: Iterable[Trial]) -> dict[str, int]:
    return dict(Counter(choice for trial in trials for choice in {one.choice for one in trial.decisions}).most_common())


def groups_of(trials: Iterable[Trial], name: Callable[[Trial], K]) -> dict[K, list[Trial]]:
    groups: dict[K, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(name(trial), []).append(trial)
    return groups


def label(model: str, strategy: str) -> str:
    return f"{strategy}, {model}"


def as_json(found: Findings, setups: Sequence[Setup]) -> dict[str, Any]:
    """The findings as what JSON can hold, with what they depend on."""
    return {
        "setups": [asdict(setup) for setup in setups],
        **asdict(found),
        "pairs": [{**asdict(pair), "verdict": pair.comparison.verdict} for pair in found.pairs],
    }


def as_markdown(found: Findings, setups: Sequence[Setup], trials: Sequence[Trial]) -> str:
    """The report for people."""
    parts = [
        "# Measurement",
        under(setups),
        "## Accuracy and cost",
        "Tokens, calls and seconds are means a question; 95 % is the interval of Wilson. *Strict* wants the form of "
        "the answer to be right too. *Cached* is the share of tokens read that the provider had computed before.",
        table(
            COLUMNS,
            (cells(one, timed=not any(setup.reuse for setup in setups)) for one in found.rows),
        ),
        notes(found),
    ]
    if found.parts:
        parts += ["## Questions of several parts", PARTS, table(PARTS_HEAD, map(parts_cells, found.parts))]
    if found.pairs:
        parts += ["## Paired comparisons", PAIRED, table(PAIR_HEAD, map(pair_cells, found.pairs))]
    parts += ["## Right answers by family", across(found.families)]
    parts += ["## Median calls by family", across(found.calls)]
    if found.decisions:
        parts += ["## Decisions", decisions(found, trials)]
    return "\n\n".join(part for part in parts if part) + "\n"


COLUMNS = ("model", "strategy", "right", "accuracy", "95 %", "strict", "input", "output", "reasoning", "tokens",
           "calls", "tokens a right answer", "seconds", "US$", "cached")  # fmt: skip
PAIR_HEAD = ("model", "strategy", "against", "cases", "only this right", "only that right", "difference", "95 %", "p",
             "parts", "tokens", "its tokens", "verdict")  # fmt: skip
PAIRED = (
    f"The same cases, answered by both. A strategy is called more or less accurate only if the 95 % interval of the "
    f"difference (paired bootstrap, BCa) excludes zero and the exact McNemar test has p < 0.05; below {ENOUGH} cases "
    "small differences cannot be seen. *Equal tokens*: majority of as many independent samples as the strategy's "
    "tokens would have bought, or one call that thinks, at the most effort that takes no more tokens. *Parts*: the "
    "difference of the shares of parts that are right. With many comparisons, one in twenty differs by chance."
)


def under(setups: Sequence[Setup]) -> str:
    """What the results depend on, in a few lines."""
    if not setups:
        return ""
    last = setups[-1]
    cases = len({case for setup in setups for case in setup.cases})
    versions = ", ".join(f"{name} {version}" for name, version in last.versions.items())
    lines = [f"- {cases} cases, seed {last.seed}, {last.parallel} runs at once, {last.began}", f"- {versions}"]
    if any(setup.reuse for setup in setups):
        lines.append("- requests that were alike were made once, and count in full wherever their reply was used")
    if last.judge:
        lines.append(f"- judge: {last.judge}")
    return "\n".join([*lines, f"- budget: `{last.budget}`" if last.budget else ""]).strip()


def notes(found: Findings) -> str:
    """What a reader of the table must know of single rows."""
    lines = []
    for one in found.rows:
        name = label(one.model, one.strategy)
        if one.failed:
            lines.append(f"- {name}: {one.failed} of {one.cases} runs failed and count as wrong")
        if not one.exact:
            lines.append(f"- {name}: some counts of tokens are estimates (≈)")
        if one.reported is not None:
            lines.append(f"- {name}: it reports {one.reported:.0%} of the tokens that the endpoint served")
        if one.judged:
            lines.append(f"- {name}: {one.judged} marks are a model's opinion")
    return "\n".join(lines)


def cells(one: Row, timed: bool = True) -> list[str]:
    """A line of the table; without seconds if some replies took none."""
    low, high = one.interval.low, one.interval.high
    return [
        one.model,
        one.strategy,
        f"{one.correct}/{one.cases}",
        f"{one.accuracy:.1%}",
        f"{low:.1%}–{high:.1%}",
        f"{one.strict:.1%}",
        *(f"{number:,.0f}" for number in (one.input, one.output, one.reasoning)),
        f"{'' if one.exact else '≈'}{one.tokens:,.0f}",
        f"{one.calls:.1f}",
        "–" if one.tokens_per_correct is None else f"{one.tokens_per_correct:,.0f}",
        f"{one.seconds:.1f}" if timed else "–",
        "?" if one.usd is None else f"{one.usd:.4f}",
        f"{one.cached:.0%}",
    ]


def pair_cells(pair: Pair) -> list[str]:
    compared = pair.comparison
    return [
        pair.model,
        pair.strategy,
        pair.baseline + (f" ({pair.note})" if pair.note else ""),
        str(compared.cases),
        str(compared.wins),
        str(compared.losses),
        f"{compared.difference:+.1%}",
        "–" if compared.interval is None else f"{compared.interval.low:+.1%} to {compared.interval.high:+.1%}",
        f"{compared.p:.3f}",
        "–" if pair.parts is None else pair.parts.told,
        f"{pair.tokens:,.0f}",
        f"{pair.baseline_tokens:,.0f}",
        compared.verdict,
    ]


def across(families: dict[str, dict[str, Any]]) -> str:
    """A table with a line a family and a column a strategy."""
    names = list(dict.fromkeys(name for family in families.values() for name in family))
    lines = ([family, *(str(told.get(name, "–")) for name in names)] for family, told in sorted(families.items()))
    return table(["family", *names], lines)


def decisions(found: Findings, trials: Sequence[Trial]) -> str:
    """How often each choice was made, and the reasons given in the cases about proportion."""
    counted = table(
        ["strategy", "choice", "runs"],
        ([name, choice, str(runs)] for name, choices in found.decisions.items() for choice, runs in choices.items()),
    )
    reasons = [
        f"- {trial.case}, {label(trial.model, trial.strategy)}: **{one.choice}**, {one.reason}"
        for trial in trials
        if trial.family == "proportion"
        for one in trial.decisions
    ]
    return "\n\n".join([counted, *(["Cases about proportion:\n\n" + "\n".join(reasons)] if reasons else [])])


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table; what stands in a cell cannot break it."""
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in rows
    )
