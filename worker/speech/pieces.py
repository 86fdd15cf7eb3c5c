"""How an answer is cut into pieces that are spoken and stored by themselves, while its sentences still come.

How an engine cuts what it says is another matter: `worker.speech.utterances`.
"""

from collections.abc import Iterator, Sequence

from worker.speech.speakable import speakable
from worker.text.cutting import cut_once

LONGEST = (120, 80, 160, 300)
"""Characters of the first piece, the second, the third and of each that follows; 15 are about a second.

Speaking a piece takes a fraction of the time for which it sounds, so each may be twice as long as the one
before it without a gap in the sound. The first is as long as its sentence, within reason.
"""
_FIRST_CUT = 80
"""The most that is kept of a first sentence that is too long: it should be heard soon."""
_SHORTEST_REST = 20
"""The least that a cut leaves: a last word alone would sound torn off."""


def next_pieces(sentences: Sequence[str], planned: Sequence[str], *, finished: bool) -> list[str]:
    """Return the pieces to speak now, after those that are `planned` already.

    `sentences` are those that have come so far, in order; `finished`: they are complete. `planned` is what
    earlier calls returned for these sentences, or the first of them. The result depends on nothing else, so
    another process can go on from the recorded sentences and pieces.

    The first sentence is a piece alone, so that the first sound comes soon. Then a piece is as many whole
    sentences as fit its bound, and is ready when it is half full: waiting to see whether another
    sentence fits would cost more than it gains. A longer sentence is cut (`worker.text.cutting`). Together
    the pieces are the whole text in order, except what cannot be said and fits nowhere, such as an emoji at
    the end.

    Raises `ValueError` where `planned` is not from these sentences.
    """
    planner = _Planner(len(planned))
    for rest in _unplanned([sentence.strip() for sentence in sentences], planned):
        planner.add(rest)
    if finished:
        planner.close()
    return planner.pieces


class _Planner:
    """Fills one piece after the other; `pieces` are those that are ready."""

    def __init__(self, planned: int) -> None:
        self.pieces: list[str] = []
        self._planned = planned
        self._open = ""

    def add(self, sentence: str) -> None:
        if self._open and len(self._open) + 1 + len(sentence) > self._longest:
            self.close()
        rest = sentence
        while len(rest) > self._longest:
            most = self._longest if self._place else _FIRST_CUT
            self._open, rest = cut_once(rest, max(min(most, len(rest) - _SHORTEST_REST), 1))
            self.close()
        self._open = f"{self._open} {rest}".strip()
        is_ready = not self._place or 2 * len(self._open) >= self._longest
        if is_ready and speakable(self._open):
            self.close()

    def close(self) -> None:
        """End the open piece; one with nothing to say is dropped."""
        if speakable(self._open):
            self.pieces.append(self._open)
        self._open = ""

    @property
    def _place(self) -> int:
        return self._planned + len(self.pieces)

    @property
    def _longest(self) -> int:
        return LONGEST[min(self._place, len(LONGEST) - 1)]


def _unplanned(sentences: Sequence[str], planned: Sequence[str]) -> Iterator[str]:
    """Yield what no piece has yet of each sentence. Every piece is found unchanged in the sentences."""
    text = " ".join(sentences)
    done = 0
    for piece in planned:
        done = text.index(piece, done) + len(piece)
    start = 0
    for sentence in sentences:
        end = start + len(sentence)
        if rest := text[max(start, done) : end].strip():
            yield rest
        start = end + 1
