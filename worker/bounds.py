"""The one place that bounds and cleans what engines return, before it is counted, stored or shown.

An engine is anybody's code, and what a provider sends is anybody's text.
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from shared.learning.categories import category_of
from shared.learning.due import MOST_DUE
from worker.errors import EngineUnavailableError, InvalidTutorReplyError, NoSpeechError
from worker.ports import Mistake, Speech, Transcript, TutorReply, TutorWarning, Word
from worker.text.plain import LONGEST_READ, plain, shortened
from worker.text.sentences import sentences_of_line

logger = logging.getLogger(__name__)

LONGEST_REPLY = 2_000
LONGEST_MISTAKE = 500
LONGEST_CATEGORY = 60
LONGEST_NAME = 100
LONGEST_SENTENCE = 500
"""Text about an engine, shown to an operator or a learner."""
LONGEST_TRANSCRIPT = 4_000
"""Twice what the fastest speakers say in a minute."""
MOST_WORDS, LONGEST_WORD = 1_000, 100
LONGEST_LANGUAGE = 16
MOST_WARNINGS = 8
MOST_TOKENS = 10_000_000
"""Far more than any model reads or writes for one reply."""
MOST_SPEECH_SECONDS = 600.0
SAMPLE_RATES = range(8_000, 48_001)

_ARROWS = ("→", "⇒", "⟶", "➔", "➜", "->", "=>")


def bounded_name(name: str) -> str:
    """Return an engine's name as it can be stored and shown."""
    return plain(name, LONGEST_NAME)


def bounded_sentence(sentence: str) -> str:
    """Return what an engine says about a failure as it can be stored and shown."""
    return plain(sentence, LONGEST_SENTENCE)


def bounded_tokens(count: float) -> int:
    """Return a token count that is safe to add up; 0 if it is not a count."""
    return round(_within(count, 0, MOST_TOKENS, otherwise=0))


def reply_sentences(text: str) -> list[str]:
    """Return the sentences of a reply's text as it can be stored and shown: joined by a space, they are it.

    Sentences are left out from one that does not fit; a first one that is too long itself is cut.
    """
    # What lies far behind the bound is not even cut into sentences.
    found = sentences_of_line(plain(text, LONGEST_READ)[: 2 * LONGEST_REPLY])
    kept: list[str] = []
    for sentence in found:
        if not fits_reply(kept, sentence):
            break
        kept.append(sentence)
    return kept or [shortened(sentence, LONGEST_REPLY) for sentence in found[:1]]


def fits_reply(before: Sequence[str], sentence: str) -> bool:
    """Tell whether a reply may have this sentence after those before it."""
    return sum(len(each) + 1 for each in before) + len(sentence) <= LONGEST_REPLY


def bounded_reply_text(text: str) -> str:
    """Return a reply's text as it can be stored and shown; empty where nothing is left."""
    return " ".join(reply_sentences(text))


def bounded_reply(reply: TutorReply) -> TutorReply:
    """Return the reply as it can be stored and shown; what is optional and cannot be mended is left out.

    Raises `InvalidTutorReplyError` where no text of a reply is left.
    """
    text = bounded_reply_text(reply.text)
    if not text:
        raise InvalidTutorReplyError("The tutor's answer could not be understood.")
    mistake = None if reply.mistake is None else _mistake(reply.mistake)
    return replace(
        reply,
        text=text,
        mistake=mistake,
        hinglish_explanation=_explanation(mistake, reply.hinglish_explanation),
        devanagari_explanation=_explanation(mistake, reply.devanagari_explanation),
        score=bounded_score(reply.score),
        doubtful=None if reply.doubtful is None else _mistake(reply.doubtful),
        tokens_in=bounded_tokens(reply.tokens_in),
        tokens_out=bounded_tokens(reply.tokens_out),
        warnings=tuple(
            TutorWarning(warning.code, bounded_sentence(warning.detail))
            for warning in reply.warnings[:MOST_WARNINGS]
        ),
        invited=tuple(reply.invited[:MOST_DUE]),
        used={due: bool(rightly) for due, rightly in list(reply.used.items())[:MOST_DUE]},
    )


def bounded_score(score: float | None) -> int | None:
    """Return the nearest score from 0 to 100; None if it is not a number."""
    nearest = -1.0 if score is None else _within(score, 0, 100, otherwise=-1.0)
    return None if nearest < 0 else round(nearest)


def bounded_transcript(transcript: Transcript, seconds: float) -> Transcript:
    """Return what was heard in `seconds` of sound as it can be stored and shown.

    A word whose time is no number stands where the one before it ended; a probability that is none is 0.
    Raises `NoSpeechError` where no text is left.
    """
    text = plain(transcript.text, LONGEST_TRANSCRIPT)
    if not text:
        raise NoSpeechError("No speech was heard.")
    language = plain(transcript.language or "", LONGEST_LANGUAGE) or None
    speech = None if transcript.speech is None else _stretches(transcript.speech, seconds)
    if transcript.words is None:
        return Transcript(text, language=language, speech=speech)
    words: list[Word] = []
    for word in transcript.words[:MOST_WORDS]:
        if said := plain(word.word, LONGEST_WORD):
            start = _within(word.start, 0.0, seconds, otherwise=words[-1].end if words else 0.0)
            end = _within(word.end, start, seconds, otherwise=start)
            probability = _within(word.probability, 0.0, 1.0, otherwise=0.0)
            words.append(Word(said, start, end, probability, is_hindi=word.is_hindi))
    return Transcript(text, tuple(words), language, speech)


def bounded_speech(speech: Speech) -> Speech:
    """Return the speech. Raises `EngineUnavailableError` if it is not speech or is too long."""
    samples = speech.samples
    is_sound = samples.ndim == 1 and samples.dtype == np.int16 and speech.sample_rate in SAMPLE_RATES
    if not is_sound or not 0 < speech.seconds <= MOST_SPEECH_SECONDS:
        raise EngineUnavailableError("The voice returned no usable audio.")
    return speech


def _stretches(speech: Sequence[tuple[float, float]], seconds: float) -> tuple[tuple[float, float], ...]:
    """Return the stretches of speech in their order, none of which begins before the one before it ends."""
    found: list[tuple[float, float]] = []
    for start, end in speech[:MOST_WORDS]:
        begin = _within(start, found[-1][1] if found else 0.0, seconds, otherwise=seconds)
        found.append((begin, _within(end, begin, seconds, otherwise=begin)))
    return tuple(found)


def _mistake(mistake: Mistake) -> Mistake | None:
    """Return a mistake that `wrong → right` can show, or None: one cut short would teach nonsense."""
    wrong, right = (plain(part, len(part)) for part in (mistake.wrong, mistake.right))
    fits = all(
        0 < len(part) <= LONGEST_MISTAKE and not any(arrow in part for arrow in _ARROWS)
        for part in (wrong, right)
    )
    if not fits or wrong == right:
        logger.warning("a correction is left out: it cannot be shown as one")
        return None
    return Mistake(wrong, right, category_of(plain(mistake.category, LONGEST_CATEGORY)))


def _explanation(mistake: Mistake | None, text: str | None) -> str | None:
    return plain(text, LONGEST_REPLY) or None if mistake is not None and text is not None else None


def _within(value: float, low: float, high: float, *, otherwise: float) -> float:
    """Return the nearest number from `low` to `high`; `otherwise` if it is not a number."""
    nearest = min(max(value, low), high)
    return otherwise if math.isnan(nearest) else float(nearest)
