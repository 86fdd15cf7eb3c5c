"""What may be stored and shown of what engines give."""

import math

import numpy as np
import pytest

from shared.errors import WarningCode
from shared.models import MistakeCategory
from worker.bounds import (
    bounded_reply,
    bounded_score,
    bounded_speech,
    bounded_tokens,
    bounded_transcript,
)
from worker.errors import EngineUnavailableError, InvalidTutorReplyError, NoSpeechError
from worker.ports import Mistake, Speech, Transcript, TutorReply, TutorWarning, Word

GOOD = Mistake("am go", "am going", MistakeCategory.VERB_TENSE)


def reply(mistake: Mistake | None = GOOD, text: str = "Good.") -> TutorReply:
    return TutorReply(text, mistake, "Yahan **going** aayega.", "यहाँ <b>गोइंग</b> आएगा।", 70)


@pytest.mark.parametrize(
    ("mistake", "kept"),
    [
        (GOOD, GOOD),
        (Mistake("am\ngo", "<b>am going</b>", "verb\x1b[1m\ntense"), GOOD),
        (Mistake("am go", "am go → am going", "x"), None),
        (Mistake("am go -> am going", "am going", "x"), None),
        (Mistake("am go", "am  go\n", "x"), None),
        (Mistake("am go", "***", "x"), None),
        (Mistake("am go", "am going " * 100, "x"), None),
        (Mistake("am go", "am going", "verb tense"), GOOD),
        (Mistake("am go", "am going", "x" * 1_000), Mistake("am go", "am going", MistakeCategory.OTHER)),
        (Mistake("", "am going", "x"), None),
    ],
)
def test_a_correction_is_one_line_with_one_arrow_or_none(mistake: Mistake, kept: Mistake | None) -> None:
    bounded = bounded_reply(reply(mistake))

    assert bounded.mistake == kept
    explained = ("Yahan going aayega.", "यहाँ गोइंग आएगा।") if kept else (None, None)
    assert (bounded.hinglish_explanation, bounded.devanagari_explanation) == explained


@pytest.mark.parametrize("text", ["", " \n", "\0", "\u202e\u200b", "<b></b>", "***"])
def test_a_reply_without_text_is_none(text: str) -> None:
    with pytest.raises(InvalidTutorReplyError):
        bounded_reply(reply(text=text))


def test_warnings_are_plain_too() -> None:
    warned = TutorReply(
        "Hi", None, None, None, None, warnings=[TutorWarning(WarningCode.MESSAGE_BLOCKED, "<i>no</i>\n")] * 9
    )

    assert [warning.detail for warning in bounded_reply(warned).warnings] == ["no"] * 8


@pytest.mark.parametrize(
    ("count", "bounded"),
    [
        (7, 7),
        (-1, 0),
        (2**31, 10_000_000),
        (10**400, 10_000_000),
        (math.inf, 10_000_000),
        (math.nan, 0),
        (2.6, 3),
    ],
)
def test_tokens_can_be_added_up(count: float, bounded: int) -> None:
    assert bounded_tokens(count) == bounded


@pytest.mark.parametrize(
    ("score", "bounded"),
    [(None, None), (70, 70), (101, 100), (-3, 0), (70.4, 70), (math.nan, None), (10**400, 100)],
)
def test_a_score_lies_between_its_bounds(score: float | None, bounded: int | None) -> None:
    assert bounded_score(score) == bounded


def test_times_lie_in_the_recording_and_probabilities_between_0_and_1() -> None:
    words = (
        Word("I", -1.0, 0.5, 1.5),
        Word("\x1b[1mgo", math.nan, math.nan, math.nan),
        Word("\u202e", 0.6, 0.7, 0.5),
        Word("home", 1.0, math.inf, -0.5),
        Word("now", 5.0, 0.1, 0.5),
    )

    transcript = bounded_transcript(Transcript("I go\nhome <b>now</b>", words), seconds=2.0)

    assert transcript.text == "I go home now"
    assert transcript.words == (
        Word("I", 0.0, 0.5, 1.0),
        Word("go", 0.5, 0.5, 0.0),
        Word("home", 1.0, 2.0, 0.0),
        Word("now", 2.0, 2.0, 0.5),
    )


def test_a_transcript_of_nothing_that_is_seen_is_no_speech() -> None:
    with pytest.raises(NoSpeechError):
        bounded_transcript(Transcript("\u202e \x00"), seconds=1.0)


@pytest.mark.parametrize(
    "speech",
    [
        Speech(np.zeros(0, np.int16), 16_000),
        Speech(np.zeros(16_000, np.float32), 16_000),  # breaks the port: the point
        Speech(np.zeros((2, 16_000), np.int16), 16_000),
        Speech(np.zeros(16_000, np.int16), 0),
        Speech(np.zeros(16_000, np.int16), 2**31),
        Speech(np.zeros(601 * 8_000, np.int16), 8_000),
    ],
    ids=["silence", "floats", "stereo", "no rate", "a huge rate", "endless"],
)
def test_speech_that_is_none_is_not_kept(speech: Speech) -> None:
    with pytest.raises(EngineUnavailableError):
        bounded_speech(speech)
