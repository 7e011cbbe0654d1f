"""Decides how much a question deserves before anything is spent on it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from ..conversation import pictures
from ..errors import UnusableReply
from ..excerpts import excerpt
from ..language import likely_language_of
from ..numbers import apart, figures
from ..run import Run
from ..tools.checks import asserts_in
from ..tools.plain_sums import plain_sum
from ..tools.structured import as_json, schema_of
from ..types import Effort, Question
from . import Member

Route = Literal["direct", "compute", "vote", "refine", "synthesize", "plan"]

QUANTITY = re.compile(
    r"how (?:many|much|long|far|fast|old|big|tall)|what (?:percentage|percent|fraction|time)"
    r"|\b(?:what|which) (?:is (?:the|its) )?(?:first |last |next )?(?:day|date|weekday|month|year|number|age)\b"
    r"|\b(?:calculate|compute|total|average|remain\w*|left over|sum of|product of|in all|each cost)\b"
    r"|cu[aá]nt[oa]s?|qu[eé] (?:porcentaje|fracci[oó]n|hora)"
    r"|(?:qu[eé]|cu[aá]l es (?:el|la|su)) (?:primer |último |última )?(?:d[ií]a|fecha|mes|año|n[uú]mero|edad)\b"
    r"|\b(?:calcula\w*|total|promedio|media|sobran?|quedan?|suma|producto|gana|cuesta)\b",
    re.I,
)
EXACT = re.compile(
    r"\b(?:greatest common divisor|least common multiple|gcd|lcm|prime (?:factors?|numbers?)|factorial|square root"
    r"|equations?|satisf(?:y|ies)|solve for|leap year|m[aá]ximo com[uú]n divisor|m[ií]nimo com[uú]n m[uú]ltiplo|mcd|mcm"
    r"|primos?|ra[ií]z cuadrada|ecuaci[oó]n|ecuaciones|resuelve|bisiesto)\b",
    re.I,
)
"""What a line of code knows for certain; it takes a number to be about one."""
LETTERS = re.compile(
    r"\b(?:how many times|how many (?:letters|words|characters|vowels)|alphabetical\w*|ascii"
    r"|(?:sort|order|arrange|reverse) (?:these|the following|the (?:words|letters|list))"
    r"|cu[aá]ntas (?:veces|letras|palabras|vocales)|alfab[eé]tic\w*|ordena\w* (?:estas|las siguientes|las palabras))\b",
    re.I,
)
"""What is counted or sorted letter by letter, which models, who read in tokens, cannot see."""
CHOICE = re.compile(
    r"\b(?:true or false|yes or no|which (?:one|of)|who (?:is|was) (?:the|first|last)|must be|could be"
    r"|verdadero o falso|cu[aá]l(?:es)? de|qui[eé]n)\b|(?:^|\s)\(?[A-D][).:]\s",
    re.I | re.M,
)
WORDS = re.compile(
    r"\b(?:why|explain|describe|compare|tell me|what is (?:the|a) (?:difference|meaning|reason)"
    r"|por qu[eé]|explica\w*|describe\w*|compara\w*|qu[eé] (?:significa|diferencia)|raz[oó]n\w*)\b",
    re.I,
)
"""What no program can say."""
SHORT = 30
"""Words up to which a question of one part without numbers is answered at once."""

SYSTEM = """Say how a question is best answered. Reply in JSON with one word:
direct: it is known or easily said
compute: a short program gives the answer
vote: it needs several steps of thought that end in one short answer
plan: it has several parts that can be answered apart"""

ALLOWED: dict[Effort, tuple[Route, ...]] = {
    "none": ("direct",),
    "minimal": ("direct",),
    "low": ("direct", "compute", "refine"),
    "medium": ("direct", "compute", "vote", "refine", "plan"),
    "auto": ("direct", "compute", "vote", "refine", "plan"),
    "high": ("direct", "compute", "vote", "refine", "synthesize", "plan"),
    "xhigh": ("direct", "compute", "vote", "refine", "synthesize", "plan"),
}
"""Ways of answering that each effort may take."""
ASKED: tuple[Route, ...] = ("direct", "compute", "vote", "plan")
"""Ways among which a model chooses."""


class _Way(BaseModel):
    way: str


@dataclass(frozen=True)
class Choice:
    """A way of answering, and why."""

    route: Route
    reason: str
    known: str = ""
    """What was found out on the way, such as a sum computed by code."""
    guessed: bool = False
    """True if a model said so, of a question that does not show it."""


@dataclass(frozen=True)
class Triage(Member):
    """Looks at features of the question, which costs nothing; asks a model only where these do not decide."""

    name: str = "triage"
    skill: str = "decides how much a question deserves, where its features do not show it"
    asks: bool = True
    """Whether a model may be asked, in one call of a few tokens."""

    async def choose(self, question: Question, effort: Effort, run: Run) -> Choice:
        choice = self.by_features(question) or await self.by_model(question, run)
        return self.within(choice, effort)

    def by_features(self, question: Question) -> Choice | None:
        """What can be seen from outside; None if that does not decide. Of a long question, an excerpt is looked at."""
        text = excerpt(question.text)
        parts, words, found = question.parts, len(text.split()), list(apart(figures(text)))
        if pictures(question):
            return Choice("direct", "an image is looked at in one call")
        if asserts_in(text):
            return Choice("refine", "it states tests, which can be run on a draft")
        if len(found) >= 2 and (known := plain_sum(question.text, likely_language_of(question.text))):
            return Choice("direct", f"a plain sum, computed by code: {known}", known)
        computable = QUANTITY.search(text) and len(found) >= 2 and not WORDS.search(text)
        if parts >= 2 and computable:
            return Choice("compute", f"one program gives its {parts} parts from {len(found)} numbers")
        if parts >= 2:
            return Choice("plan", f"it has {parts} parts")
        if LETTERS.search(text):
            return Choice("compute", "it counts or sorts letters or words")
        if found and EXACT.search(text) and not WORDS.search(text):
            return Choice("compute", "it asks for what a line of code knows")
        if QUANTITY.search(text) and len(found) >= 2:
            return Choice("compute", f"it asks for a quantity and gives {len(found)} numbers")
        if CHOICE.search(text) and words > SHORT:
            return Choice("vote", "it ends in a choice that takes several steps")
        if words <= SHORT and len(found) <= 1:
            return Choice("direct", f"one part, {words} words, nothing to compute")
        return None

    async def by_model(self, question: Question, run: Run) -> Choice:
        """What a model says when it is asked for one word."""
        if not self.asks:
            return Choice("direct", "its features do not say")
        schema = schema_of(_Way, way={"enum": list(ASKED)})
        try:
            reply = await run.by("triage").ask(SYSTEM, question.text[:2000], schema=schema, max_tokens=16)
            way = as_json(reply.text, _Way).way
        except UnusableReply:
            return Choice("direct", "the triage gave no word")
        if way not in ASKED:
            return Choice("direct", f"the triage said {way!r}")
        return Choice(way, "the triage said so", guessed=True)

    def within(self, choice: Choice, effort: Effort) -> Choice:
        """The choice or, if the effort does not reach that far, the most that it does."""
        if choice.guessed and choice.route == "direct" and effort in ("high", "xhigh"):
            return Choice("synthesize", f"{choice.reason}; effort {effort} allows drafts")
        if choice.route in ALLOWED[effort]:
            return choice
        less: Route = "compute" if "compute" in ALLOWED[effort] and choice.route == "plan" else "direct"
        return Choice(less, f"{choice.reason}, but effort {effort} goes no further", choice.known)
