"""The reasons that events give, which are written in English, in the reader's language."""

from __future__ import annotations

import re
from functools import cache

from .catalogue import REASONS, Language, Phrase

LONGEST = 1000
"""Characters of a reason up to which it is looked for; what is longer was written by a model or a program."""


def reason(text: str, language: Language) -> str:
    """A reason in that language; as it is if no phrase of the catalogue says it, such as an error of a provider."""
    return text if language == "en" or len(text) > LONGEST else _translated(text, language)


def _translated(text: str, language: Language) -> str:
    for phrase in REASONS:
        if found := _pattern(phrase).fullmatch(text):
            values = found.groupdict()
            if "reason" in values:
                values["reason"] = reason(values["reason"], language)
            return phrase.say(language, **values)
    return text


@cache
def _pattern(phrase: Phrase) -> re.Pattern[str]:
    """What matches each text that the phrase's English can become; a `{place}` takes one line."""
    parts = re.split(r"\{(\w+)\}", phrase.en)
    return re.compile("".join(f"(?P<{part}>.+)" if odd % 2 else re.escape(part) for odd, part in enumerate(parts)))
