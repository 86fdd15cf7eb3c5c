"""Finds the threshold on one sample of clips, and counts what it does on another."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.accuracy.corrections import Correction
from benchmarks.accuracy.scores import Score

MOST_UNSAID = 1 / 20
"""Of the corrections that are shown."""
MOST_MISLED = 1 / 100
"""Of the sentences."""
NONE_IS_GOOD = 1.01


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is shown: corrections of words that were said, of words that were not, of so many sentences."""

    said: int
    unsaid: int
    sentences: int

    @property
    def is_good(self) -> bool:
        """Whether few enough of what is shown, and of the sentences, is of words that were not said."""
        shown = self.said + self.unsaid
        return self.unsaid <= MOST_UNSAID * shown and self.unsaid <= MOST_MISLED * self.sentences


def outcome(corrections: Sequence[Correction], sentences: int) -> Outcome:
    """Count corrections that are shown."""
    said = sum(each.was_said for each in corrections)
    return Outcome(said, len(corrections) - said, sentences)


def shown_from(score: Score, threshold: float, corrections: Sequence[Correction]) -> list[Correction]:
    """Return the corrections that reach the threshold."""
    return [each for each in corrections if score(each) >= threshold]


def tuned(score: Score, corrections: Sequence[Correction], sentences: int) -> float:
    """Return the lowest threshold, in hundredths, with a good outcome; `NONE_IS_GOOD` where there is none."""
    for hundredths in range(101):
        shown = shown_from(score, hundredths / 100, corrections)
        if outcome(shown, sentences).is_good:
            return hundredths / 100
    return NONE_IS_GOOD
