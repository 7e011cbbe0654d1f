"""What the counting server says when it plays the model of a planned run."""

from .conftest import ANSWER, PLAN

RULES = (
    (r"^You plan", PLAN),
    (r"writing a Python program[\s\S]*Your part: How many minutes", "print(24 * 60)"),
    (r"writing a Python program", "print(24 * 7)"),
    (r"^You write the answer", ANSWER),
    (r"Conclusion", "Both are known.\nConclusion: 1440 is larger"),
)
"""Rules for `CountingServer.script`: a pattern in the prompt, and the reply."""
