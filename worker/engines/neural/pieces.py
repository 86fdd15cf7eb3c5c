"""Which voice says what, in which order."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from shared.languages import Language, is_devanagari, language_of
from worker.engines.neural.speakable import speakable
from worker.engines.neural.voice import Voice

_SENTENCE_END = re.compile(r"(?<=[.!?।॥])\s+|\n")
_CLAUSE_END = re.compile(r"(?<=[,;:])\s+")


def plan(text: str, voices: Mapping[Language, Voice]) -> list[tuple[Voice, str]]:
    """Return the pieces of `text` in order, each with the voice of its language; none has no word.

    Where a sentence changes its script it changes its voice: neither model reads the other's. What one
    voice says in a row is cut between sentences, then between clauses, then between words; inside a
    word only where that word alone is longer than the voice's `longest`.
    """
    runs = [
        (voices[language_of(run)], run)
        for sentence in _SENTENCE_END.split(speakable(text))
        for run in _runs(sentence)
    ]
    return [
        (voice, piece)
        for voice, group in groupby(runs, key=lambda run: run[0])
        for piece in _packed((words for _, words in group), voice.longest)
    ]


def _runs(sentence: str) -> Iterator[str]:
    """Yield the sentence in stretches of one script; what has none (numbers, marks) goes with the last."""
    run: list[str] = []
    script: bool | None = None
    for word in sentence.split():
        of_word = _script(word)
        if None not in {script, of_word} and of_word is not script:
            yield " ".join(run)
            run = []
        run.append(word)
        script = script if of_word is None else of_word
    stretch = " ".join(run)
    if any(map(str.isalnum, stretch)):
        yield stretch


def _script(word: str) -> bool | None:
    """Tell whether the word is in Devanagari; None where it has no letters."""
    if any(map(is_devanagari, word.rstrip("।॥"))):
        return True
    return False if any(map(str.isalpha, word)) else None


def _packed(parts: Iterable[str], longest: int) -> list[str]:
    """Return the parts in as few pieces of at most `longest` characters as keep their order."""
    packed: list[str] = []
    for part in parts:
        for piece in [part] if len(part) <= longest else _cut(part, longest):
            if packed and len(packed[-1]) + 1 + len(piece) <= longest:
                packed[-1] = f"{packed[-1]} {piece}"
            else:
                packed.append(piece)
    return packed


def _cut(part: str, longest: int) -> Sequence[str]:
    clauses = _CLAUSE_END.split(part)
    if len(clauses) > 1:
        return _packed(clauses, longest)
    return textwrap.wrap(part, longest, break_on_hyphens=False)
