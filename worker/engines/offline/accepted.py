"""Phrases accepted in India or in everyday speech, even if a rule or Harper objects."""

from collections.abc import Sequence

from worker.engines.offline.rule import Finding
from worker.engines.offline.text import Sentence
from worker.text import indian_english

_MORE = """
    there 's lots of
    there 's plenty of
    preponed
    preponing
    cousin brothers
    cousin sisters
    co-brother
    pass out of
    passed out of
    pass out from
    passed out from
    today morning
    today evening
    convent educated
    putting up at
    take your leave
    native place
    i and my
    years back
    months back
    days back
    weeks back
""".strip().splitlines()
_PHRASES = tuple(tuple(phrase.split()) for phrase in (*indian_english.ACCEPTED, *_MORE))
"""Phrases by their tokens, a clitic apart from its word."""


def without_accepted(sentence: Sentence, findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that change no word of an accepted phrase."""
    if not findings:
        return []
    words = [sentence.word(index) for index in range(len(sentence))]
    accepted = {
        at + step
        for phrase in _PHRASES
        for at in range(len(words) - len(phrase) + 1)
        if tuple(words[at : at + len(phrase)]) == phrase
        for step in range(len(phrase))
    }
    return [finding for finding in findings if accepted.isdisjoint(finding.edit.changes)]
