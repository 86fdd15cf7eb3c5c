"""What a rule of grammar is, and what a source of corrections answers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from worker.engines.offline.devanagari import transliterate
from worker.engines.offline.text import Edit, Sentence

Matcher = Callable[[Sentence], Iterator[Edit]]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a learner is told about a kind of mistake.

    `category` is a lower-case noun phrase, finer than a `MistakeCategory`. `weight` (1–25) says how much the
    mistake hinders understanding: it orders mistakes and is what one costs in the score. The two
    explanations may hold `{wrong}` and `{right}`, the learner's words and their correction.
    """

    category: str
    weight: int
    hinglish: str
    devanagari: str

    def explain(self, wrong: str, right: str) -> tuple[str, str]:
        """Return the romanized and the Devanagari explanation of one mistake."""
        spoken_wrong, spoken_right = transliterate(wrong), transliterate(right)
        return (
            self.hinglish.replace("{wrong}", wrong).replace("{right}", right),
            self.devanagari.replace("{wrong}", spoken_wrong).replace("{right}", spoken_right),
        )


def lesson(category: str, weight: int, hinglish: str, devanagari: str) -> Lesson:
    """Make a lesson of a reason alone: the learner's words before it and the correction after it."""
    return Lesson(
        category,
        weight,
        f'Aapne "{{wrong}}" kaha. {hinglish}: "{{right}}".',
        f'आपने "{{wrong}}" कहा। {devanagari}: "{{right}}"।',
    )


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: a lesson, the matcher that finds its mistake, and examples.

    `fires` pairs a message with its corrected form; `silent` holds messages the rule leaves alone.
    """

    name: str
    lesson: Lesson
    match: Matcher
    fires: tuple[tuple[str, str], ...]
    silent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake found: `edit` in `sentence`, and the lesson it teaches."""

    sentence: Sentence
    edit: Edit
    lesson: Lesson

    @property
    def wrong(self) -> str:
        """The learner's own words."""
        return self.sentence.quote(self.edit.first, self.edit.last)

    @property
    def right(self) -> str:
        """What they should be."""
        return self.sentence.rewrite(self.edit, self.edit.first, self.edit.last)


class Source(Protocol):
    """Anything that finds mistakes in a sentence; safe for many threads."""

    def find(self, sentence: Sentence) -> Sequence[Finding]:
        """Return the mistakes found, in the order they stand."""
        ...
