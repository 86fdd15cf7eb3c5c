"""What Kokoro speaks, heard by Whisper base: voice and ear of a bare machine understand each other."""

import numpy as np
import pytest

from benchmarks.accuracy.corrections import answered
from benchmarks.accuracy.listening import as_heard
from benchmarks.accuracy.spoken_hindi import HINDI, MIXED
from benchmarks.word_errors import word_errors, words_of
from shared.errors import WarningCode
from tests.support.stack import MODELS
from worker.engines.kokoro import KokoroSynthesizer
from worker.engines.offline import OfflineTutor
from worker.engines.whisper import WhisperTranscriber
from worker.ports import RECORDING_RATE, Recording, Speech
from worker.text.languages import Language, language_of

ENGLISH_MISTAKES = {
    "मेरा भाई is working in Pune since two years.": ("since two years", "for two years"),
}
"""What is corrected, as each of its words is surely English."""
SURE_FROM = 0.45  # the test is of languages: it should not turn with the threshold, nor with the processor


@pytest.fixture(scope="module")
def ear() -> WhisperTranscriber:
    return WhisperTranscriber("base", kept_in=MODELS, use_gpu=False)


@pytest.fixture(scope="module")
def voice() -> KokoroSynthesizer:
    return KokoroSynthesizer(english_voice="hf_alpha", hindi_voice="hf_alpha", models_dir=MODELS, threads=2)


@pytest.fixture(scope="module")
def tutor() -> OfflineTutor:
    return OfflineTutor()


def recorded(speech: Speech) -> Recording:
    """Return the speech as a learner's recording, which is of another rate."""
    at = np.arange(0, len(speech.samples), speech.sample_rate / RECORDING_RATE)
    samples = np.interp(at, np.arange(len(speech.samples)), speech.samples)
    return Recording(samples.astype(np.int16))


@pytest.mark.parametrize(
    "text",
    [
        "I went to the market yesterday with my brother, and we bought rice.",
        "I am happy to hear that you passed your exam. What will you do next?",
    ],
)
def test_english_is_heard_as_it_was_said(
    voice: KokoroSynthesizer, ear: WhisperTranscriber, text: str
) -> None:
    heard = ear.transcribe(recorded(voice.speak(text)))

    assert heard.language == "en"
    assert not any(word.is_hindi for word in heard.words or ())
    assert word_errors(words_of(text), words_of(heard.text)) <= 1


@pytest.mark.parametrize(
    ("text", "words"), [("It costs Rs. 500.", "five hundred"), ("3 × 4 is good.", "three times four")]
)
def test_signs_are_heard_as_what_they_mean(
    voice: KokoroSynthesizer, ear: WhisperTranscriber, text: str, words: str
) -> None:
    heard = ear.transcribe(recorded(voice.speak(text)))

    assert words in " ".join(words_of(heard.text.replace("×", " times ").replace("x", " times ")))


@pytest.mark.parametrize("text", [*HINDI, *MIXED])
def test_hindi_is_noticed_and_neither_corrected_nor_scored(
    voice: KokoroSynthesizer, ear: WhisperTranscriber, tutor: OfflineTutor, text: str
) -> None:
    heard = ear.transcribe(recorded(voice.speak(text)))

    reply = answered(tutor, as_heard("", heard), SURE_FROM)

    assert reply is not None
    assert reply.score is None
    assert WarningCode.SPOKE_HINDI in [warning.code for warning in reply.warnings]
    assert language_of(reply.text) is Language.HINGLISH
    corrected = reply.mistake and (reply.mistake.wrong, reply.mistake.right)
    assert corrected == ENGLISH_MISTAKES.get(text)
