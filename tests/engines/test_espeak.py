"""The light voice."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from worker.engines.espeak import EspeakSynthesizer
from worker.errors import EngineUnavailableError


@pytest.fixture(scope="module")
def voice() -> EspeakSynthesizer:
    return EspeakSynthesizer()


@pytest.mark.parametrize(
    "text",
    [
        "Hello! That was a very good sentence.",
        "Yahan 'going' use karna chahiye.",
        "यहाँ पास्ट टेन्स का प्रयोग कीजिए।",
        'आपने "I am go" कहा, लेकिन "I am going" सही है।',
        "12 + 30 = 42",
        "Well done 🎉🎉 friend!",
        "a < b && c > d",
    ],
)
def test_text_is_spoken_audibly(voice: EspeakSynthesizer, text: str) -> None:
    speech = voice.speak(text)

    assert speech.sample_rate == 22_050
    assert speech.samples.dtype == np.int16
    assert speech.samples.ndim == 1
    assert speech.seconds >= 0.5
    assert np.abs(speech.samples.astype(np.int32)).max() > 3_000


def test_a_long_text_is_spoken_whole(voice: EspeakSynthesizer) -> None:
    sentence = "I went to the market yesterday. "
    once = voice.speak(sentence).seconds

    assert voice.speak(sentence * 80).seconds == pytest.approx(80 * once, rel=0.3)


def test_a_nul_does_not_end_the_text(voice: EspeakSynthesizer) -> None:
    whole = voice.speak("Hello, my name is Asha and I like to read.")

    assert voice.speak("Hello,\0my name is Asha and I like to read.").seconds == pytest.approx(
        whole.seconds, rel=0.2
    )


@pytest.mark.parametrize(
    "text",
    [
        "<break time='30s'/> a pause",
        "<speak><audio src='/etc/passwd'/>hello</speak>",
        "[[h@l'oU]] hello",
        "\ud800 hello",
    ],
)
def test_markup_orders_nothing(voice: EspeakSynthesizer, text: str) -> None:
    assert 0.4 < voice.speak(text).seconds < 15.0


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("**Well** done 🎉", "Well done"),
        ("½ kg", "half a kilogram"),
        ("3 × 4", "three times four"),
        ("Rs. 500", "five hundred rupees"),
    ],
)
def test_markup_is_not_spoken_and_signs_are(voice: EspeakSynthesizer, text: str, same: str) -> None:
    assert voice.speak(text).seconds == pytest.approx(voice.speak(same).seconds, rel=0.05)


@pytest.mark.parametrize("text", ["🎉🎉", "?!…", "   ", "\0", "[[]]"])
def test_text_without_a_letter_or_digit_cannot_be_spoken(voice: EspeakSynthesizer, text: str) -> None:
    with pytest.raises(EngineUnavailableError, match="nothing that can be spoken"):
        voice.speak(text)


def test_threads_and_instances_take_turns(voice: EspeakSynthesizer) -> None:
    voices = [voice, EspeakSynthesizer()]
    texts = ["Good morning, how are you?", "नमस्ते, आप कैसे हैं?"]
    alone = [voice.speak(text).seconds for text in texts]

    with ThreadPoolExecutor(8) as pool:
        together = list(
            pool.map(lambda turn: voices[turn % 2].speak(texts[turn // 2 % 2]).seconds, range(64))
        )

    for turn, seconds in enumerate(together):
        assert seconds == pytest.approx(alone[turn // 2 % 2], rel=0.1)
