"""A reply's sentences while a tutor writes it; from the cache, or without streaming, all at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from worker.bounds import LONGEST_REPLY, bounded_reply_text, fits_reply
from worker.text.plain import SettledText
from worker.text.sentences import SentenceStream, sentences_of_line


class Listener(Protocol):
    """Is told the sentences of a reply in order, in the form in which they are stored and shown."""

    def sentence(self, text: str) -> None:
        """Take the next sentence. It does not change any more, but may be taken back."""
        ...

    def restarted(self) -> None:
        """Forget all sentences so far."""
        ...


class SentenceDraft:
    """A `worker.ports.Draft` that tells a listener each sentence as soon as it is whole.

    However a tutor splits its text, the sentences are those of the whole text
    (`worker.bounds.reply_sentences`); where markup may begin, telling waits for the end of the text. What the
    listener raises is raised to the tutor, and again at each later call.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._failure: Exception | None = None
        self._told: list[str] = []
        self._text, self._stream = SettledText(), SentenceStream()
        self._ended = False

    def write(self, text: str) -> None:
        """Add a piece of the text."""
        self._raise_failure()
        if self._ended:
            return
        for sentence in self._stream.add(self._text.add(text)):
            if not fits_reply(self._told, sentence):
                self._ended = True
                return
            self._tell(sentence)
        self._ended = len(self._text.written) > 2 * LONGEST_REPLY

    def end(self) -> None:
        """Tell the rest of what was written."""
        if not self._ended:
            self.finish(bounded_reply_text(self._text.written))

    def restart(self) -> None:
        """Take back what was told, if anything was."""
        self._raise_failure()
        if self._told:
            self._told = []
            self._call(self._listener.restarted)
        self._text, self._stream = SettledText(), SentenceStream()
        self._ended = False

    def finish(self, text: str) -> None:
        """Tell the rest of the reply's bounded text; all anew if it does not begin with what was told."""
        self._raise_failure()
        told = " ".join(self._told)
        if not f"{text} ".startswith(f"{told} " if told else ""):
            self.restart()
            told = ""
        for sentence in sentences_of_line(text[len(told) :].removeprefix(" ")):
            self._tell(sentence)
        self._ended = True

    def _tell(self, sentence: str) -> None:
        self._told.append(sentence)
        self._call(lambda: self._listener.sentence(sentence))

    def _call(self, tell: Callable[[], None]) -> None:
        try:
            tell()
        except Exception as error:
            self._failure = error
            raise

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure


@contextmanager
def drafting(listener: Listener) -> Iterator[SentenceDraft]:
    """Return a draft for one reply, to be written by a tutor and finished with the bounded reply's text.

    If the block raises, what was told is taken back. If the listener raised, its exception is raised here,
    even if the tutor replaced it.
    """
    draft = SentenceDraft(listener)
    try:
        yield draft
    except Exception:
        draft.restart()
        raise
