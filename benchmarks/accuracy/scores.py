"""What may tell words that were said from words that were not: scores from 0 to 1 of a correction."""

from collections.abc import Callable, Sequence
from statistics import fmean

from benchmarks.accuracy.corrections import Correction, tokens
from worker.hearing.certainty import certainties

Score = Callable[[Correction], float]


def probability(correction: Correction) -> float:
    """Return the lowest probability of the words."""
    return _lowest([word.probability for word in correction.heard.words], correction.words)


def with_sentence(correction: Correction) -> float:
    """Return the lowest probability times the mean of its sentence."""
    return _lowest(certainties(correction.heard.words), correction.words)


def with_whole(correction: Correction) -> float:
    """Return the lowest probability times the mean of all that was heard."""
    every = [word.probability for word in correction.heard.words]
    return _lowest([fmean(every) * one for one in every], correction.words)


def own_words_alone(correction: Correction) -> float:
    """Return as `with_sentence`, for the words that change, without the ones beside them."""
    return _lowest(certainties(correction.heard.words), correction.own)


def votes(correction: Correction, count: int) -> float:
    """Return the share of further decodes, sampled from the same encoding, that have the same words."""
    samples = correction.heard.samples.get("0.6", [])[:count]
    words = [tokens(correction.heard.words[at].word) for at in correction.words]
    wanted = [each for word in words for each in word]
    return fmean([_has(tokens(sample), wanted) for sample in samples]) if samples else 0.0


SCORES: dict[str, Score] = {
    "probability": probability,
    "probability × mean of its sentence": with_sentence,
    "probability × mean of the whole": with_whole,
    "the same without the words beside the change": own_words_alone,
    "3 sampled decodes": lambda correction: votes(correction, 3),
    "5 sampled decodes": lambda correction: votes(correction, 5),
    "probability × sentence × 3 decodes": lambda correction: with_sentence(correction) * votes(correction, 3),
    "probability × sentence × 5 decodes": lambda correction: with_sentence(correction) * votes(correction, 5),
}


def area_under_curve(score: Score, corrections: Sequence[Correction]) -> float:
    """Return the chance that a said correction scores over one that was not (ties half); ROC AUC."""
    said = [score(each) for each in corrections if each.was_said]
    unsaid = [score(each) for each in corrections if not each.was_said]
    pairs = [(one > other) + 0.5 * (one == other) for one in said for other in unsaid]
    return fmean(pairs) if pairs else float("nan")


def _lowest(values: Sequence[float], indices: Sequence[int]) -> float:
    return min((values[at] for at in indices), default=0.0)


def _has(words: Sequence[str], wanted: Sequence[str]) -> bool:
    return any(
        list(words[first : first + len(wanted)]) == list(wanted)
        for first in range(len(words) - len(wanted) + 1)
    )
