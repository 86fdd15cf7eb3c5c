"""Where sentences end, for the voices and the offline tutor, which work sentence by sentence."""

import re
from collections.abc import Iterator

import sentencex

# What sentencex (1.0) gets wrong of our learners' English: abbreviations that it does not know, and
# words that it takes for abbreviations, and a sentence in Devanagari that follows one in Latin letters.
_GOES_ON = re.compile(r"(?:\b(?:Smt|Shri|Sri|Kum|Er|Govt|approx)|\b[BM]\.(?:Tech|Com|Ed|Phil|Pharm))\.\s*$")
_ENDS = re.compile(
    r"\b[Nn]o\.\s+(?=[A-Za-z])|\b(?:etc|i)\.\s+(?=[A-Z])|\b[A-Za-z]?[a-z]{2,}\.\s+(?=[\u0900-\u097f])"
)


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
