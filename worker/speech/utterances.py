"""What an engine's voices say, in which order: a text as utterances, each said by one voice in one go.

Of what is spoken, stored and told of by itself, `worker.speech.pieces` decides; an engine is given one of
those pieces at a time, and says it in as many utterances as its voices need.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Protocol, TypeVar

from worker.speech.speakable import speakable
from worker.speech.wording import together, worded
from worker.text.cutting import cut
from worker.text.languages import Language, is_devanagari, language_of
from worker.text.sentences import sentences

_NUMBER_FIRST = re.compile(r"[₹$€£+\-−(]?\d")


class Limited(Protocol):
    """Who speaks at most `longest` characters in one go."""

    @property
    def longest(self) -> int:
        """How many characters."""
        ...


Speaker = TypeVar("Speaker", bound=Limited)


def plan(text: str, voices: Mapping[Language, Speaker]) -> list[tuple[Speaker, str]]:
    """Return the utterances of `text` in order, each with the voice of its language; none has no word.

    Where a sentence changes its script it changes its voice: no voice reads both. What one voice says in
    a row is cut between sentences, then between clauses, then between words; inside a word only where
    that word alone is longer than the voice's `longest`. Numbers and signs have become words.
    """
    runs = [
        (voices[language], said)
        for sentence in sentences(together(speakable(text)))
        for language, said in _runs(sentence)
    ]
    return [
        (voice, utterance)
        for voice, group in groupby(runs, key=lambda run: run[0])
        for utterance in _packed((words for _, words in group), voice.longest)
    ]


def _runs(sentence: str) -> Iterator[tuple[Language, str]]:
    """Yield the sentence, in words, in stretches of one script.

    A number goes with the word after it, which it counts, and marks with what they stand behind.
    """
    run: list[str] = []
    numbers: list[str] = []
    script: bool | None = None
    for word in sentence.split():
        of_word = _script(word)
        if of_word is None:
            (numbers if numbers or _NUMBER_FIRST.match(word) else run).append(word)
            continue
        if script is not None and of_word is not script:
            yield from _said(run)
            run = []
        run += [*numbers, word]
        numbers, script = [], of_word
    yield from _said(run + numbers)


def _said(run: Sequence[str]) -> Iterator[tuple[Language, str]]:
    written = " ".join(run)
    language = language_of(written)
    said = worded(written, language)
    if any(map(str.isalnum, said)):
        yield language, said


def _script(word: str) -> bool | None:
    """Tell whether the word is in Devanagari; None for a number, with its unit too, and for marks."""
    if _NUMBER_FIRST.match(word):
        return None
    if any(map(is_devanagari, word.rstrip("।॥"))):
        return True
    return False if any(map(str.isalpha, word)) else None


def _packed(parts: Iterable[str], longest: int) -> list[str]:
    """Return the parts in as few utterances of at most `longest` characters as keep their order."""
    packed: list[str] = []
    for words in (words for part in parts for words in cut(part, longest)):
        if packed and len(packed[-1]) + 1 + len(words) <= longest:
            packed[-1] = f"{packed[-1]} {words}"
        else:
            packed.append(words)
    return packed
