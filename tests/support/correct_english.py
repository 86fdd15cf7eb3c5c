"""Correct everyday sentences of learners in India, of our own making: none may be corrected.

Statements and questions, written and as heard; many look like a mistake that a rule teaches.
"""

from pathlib import Path


def _read(name: str) -> list[str]:
    return (Path(__file__).with_suffix("") / f"{name}.txt").read_text(encoding="utf-8").splitlines()


EVERYDAY = _read("everyday")
ACCEPTED_IN_INDIA = _read("accepted_in_india")
NAMES_TOLD_BY_A_CAPITAL = _read("names_told_by_a_capital")


def as_heard(sentence: str) -> str:
    """Return a sentence as a transcript has it: lower case, no marks but apostrophes."""
    return sentence.lower().translate(str.maketrans("", "", '.,!?;:"'))
