"""The question that is asked in place of a correction that was not heard surely."""

from difflib import SequenceMatcher

from worker.hearing.alike import sound_alike
from worker.ports import Mistake
from worker.text.spoken_words import spoken_words

_ARTICLES = frozenset({"a", "an", "the"})
_CONTEXT = 1
LONGEST_QUOTE = 60
"""Characters; what is longer cannot be told apart by ear."""


def question(mistake: Mistake) -> str | None:
    """Return the question which of the two was said; None where they mean the same or are too long to ask.

    Only what differs is quoted, with a word on both sides. An article more or less, or another, changes no
    meaning that a learner could be asked about.
    """
    if sound_alike(_without_articles(mistake.wrong), _without_articles(mistake.right)):
        return None
    wrong, right = _differing(mistake.wrong, mistake.right)
    if not wrong or not right or max(len(wrong), len(right)) > LONGEST_QUOTE:
        return None
    return f'Did you say "{wrong}" or "{right}"?'


def _without_articles(text: str) -> str:
    return " ".join(word.sound for word in spoken_words(text) if word.sound not in _ARTICLES)


def _differing(wrong: str, right: str) -> tuple[str, str]:
    """Return both texts' words from the first that differs to the last, with their neighbours."""
    one, other = spoken_words(wrong), spoken_words(right)
    matcher = SequenceMatcher(None, [w.sound for w in one], [w.sound for w in other], autojunk=False)
    changes = [change for change in matcher.get_opcodes() if change[0] != "equal"]
    first, last = changes[0], changes[-1]
    before, behind = (
        min(first[1], first[3], _CONTEXT),
        min(len(one) - last[2], len(other) - last[4], _CONTEXT),
    )
    return (
        " ".join(wrong[w.start : w.end] for w in one[first[1] - before : last[2] + behind]),
        " ".join(right[w.start : w.end] for w in other[first[3] - before : last[4] + behind]),
    )
