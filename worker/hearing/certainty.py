"""How surely each word of a transcript was heard."""

from collections.abc import Iterator, Sequence

from worker.ports import Word

_SENTENCE_ENDS = (".", "!", "?", "।")


def certainties(words: Sequence[Word]) -> list[float]:
    """Return for each word its probability times the mean of its sentence, 0 to 1.

    A recogniser that is unsure of a sentence has often made up the words in it of which it is sure.
    Measured: docs/accuracy.md.
    """
    found: list[float] = []
    for sentence in _sentences(words):
        mean = sum(word.probability for word in sentence) / len(sentence)
        found += [word.probability * mean for word in sentence]
    return found


def _sentences(words: Sequence[Word]) -> Iterator[list[Word]]:
    sentence: list[Word] = []
    for word in words:
        sentence.append(word)
        if word.word.endswith(_SENTENCE_ENDS):
            yield sentence
            sentence = []
    if sentence:
        yield sentence
