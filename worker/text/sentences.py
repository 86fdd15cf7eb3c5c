"""Where sentences end: for the voices and the offline tutor, and in a reply that is still being written."""

import re
from collections.abc import Iterator

import sentencex

# What sentencex (1.0) gets wrong of our learners' English: abbreviations that it does not know, and
# words that it takes for abbreviations, and a sentence in Devanagari that follows one in Latin letters.
_GOES_ON = re.compile(r"(?:\b(?:Smt|Shri|Sri|Kum|Er|Govt|approx)|\b[BM]\.(?:Tech|Com|Ed|Phil|Pharm))\.\s*$")
_ENDS = re.compile(
    r"\b[Nn]o\.\s+(?=[A-Za-z])|\b(?:etc|i|me|[Oo]k|OK)\.\s+(?=[A-Z])|\b[A-Za-z]?[a-z]{2,}\.\s+(?=[\u0900-\u097f])"
)
_MAY_END = re.compile(r"[^\w\s,;:'’()-]")
_LONE_SURROGATES = re.compile("[\ud800-\udfff]")


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Return where each sentence of `text` starts and ends; together they are the whole text.

    A sentence keeps the space after it. It ends at `.`, `?`, `!`, a danda or a line's end, but not in
    abbreviations (`B.Com`, `Rs. 500`, `e.g.`) and numbers. Linear in the length of `text`.
    """
    spans: list[tuple[int, int]] = []
    for start, end in _cut(text):
        if spans and spans[-1][1] == start and _goes_on(text, spans[-1], start):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def sentences(text: str) -> list[str]:
    """Return the sentences of `text` without space around them; none is empty."""
    found = (text[start:end].strip() for start, end in sentence_spans(text))
    return [sentence for sentence in found if sentence]


def sentences_of_line(line: str) -> list[str]:
    """Return the sentences of a line as a `SentenceStream` cuts it: joined by a space they are the line."""
    stream = SentenceStream()
    return [*stream.add(line), *stream.end()]


class SentenceStream:
    """Cuts a line of text into sentences while it is being written.

    A sentence is whole once the next one has begun, or the text has ended. It ends before a space, so that
    the sentences joined by a space are the line. Into which pieces the line comes makes no difference.
    """

    def __init__(self) -> None:
        self._open = ""
        self._read = 0
        self._may_have_ended = False

    def add(self, piece: str) -> list[str]:
        """Return the sentences that are whole now that `piece` is there."""
        self._open += piece
        whole: list[str] = []
        while 0 <= (space := self._open.find(" ", self._read)) < len(self._open) - 1:
            self._may_have_ended |= _MAY_END.search(self._open, self._read, space) is not None
            self._read = space + 1
            if not self._may_have_ended:
                continue
            # No more of the text than this, however much is there: else the pieces would decide.
            if end := next(_ends_before_spaces(self._open[: space + 2]), 0):
                whole.append(self._take(end))
        return whole

    def end(self) -> list[str]:
        """Return the sentences that are whole as no more text comes. What is added later is a new text."""
        whole: list[str] = []
        while end := next(_ends_before_spaces(self._open), len(self._open)):
            whole.append(self._take(end))
        return whole

    def _take(self, end: int) -> str:
        sentence, self._open = self._open[:end], self._open[end + 1 :]
        self._read, self._may_have_ended = 0, False
        return sentence


def _ends_before_spaces(text: str) -> Iterator[int]:
    """Yield where all sentences but the last end, if a space follows."""
    return (end - 1 for _, end in sentence_spans(text)[:-1] if end > 1 and text[end - 1] == " ")


def _goes_on(text: str, span: tuple[int, int], start: int) -> bool:
    before = text[span[0] : span[1]]
    return "\n" not in before[len(before.rstrip()) :] and (
        _GOES_ON.search(before[-20:]) is not None and text[start : start + 1].isalnum()
    )


def _cut(text: str) -> Iterator[tuple[int, int]]:
    offset = 0
    for line in _LONE_SURROGATES.sub("\ufffd", text).splitlines(keepends=True):
        for found in sentencex.get_sentence_boundaries("en", line):
            start, end = found["start_index"], found["end_index"]
            for wrongly_joined in _ENDS.finditer(line, start, end):
                yield offset + start, offset + wrongly_joined.end()
                start = wrongly_joined.end()
            yield offset + start, offset + end
        offset += len(line)
