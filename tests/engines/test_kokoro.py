"""The voice that a bare machine has: real weights, really spoken."""

from pathlib import Path

import numpy as np
import pytest

from worker.bootstrap import EngineKind, Engines
from worker.engines.kokoro import KokoroSynthesizer
from worker.engines.kokoro.alphabet import MOST_TOKENS
from worker.engines.kokoro.model import read_style
from worker.engines.kokoro.phonemes import Accent, phonemes
from worker.errors import EngineUnavailableError
from worker.settings import WorkerSettings
from worker.speech.espeak_library import EspeakLibrary
from worker.speech.sound import PEAK, SPEECH_LEVEL


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> KokoroSynthesizer:
    return KokoroSynthesizer(
        english_voice="af_heart",
        hindi_voice="hf_alpha",
        models_dir=tmp_path_factory.mktemp("models"),
        threads=2,
    )


@pytest.fixture(scope="module")
def library() -> EspeakLibrary:
    return EspeakLibrary()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("Good morning, how are you?", (1.2, 3.0)), ("यहाँ पास्ट टेन्स कहिए।", (1.2, 3.5))],
)
def test_a_sentence_is_spoken_at_a_speakers_pace_and_loudness(
    voice: KokoroSynthesizer, text: str, seconds: tuple[float, float]
) -> None:
    speech = voice.speak(text)

    shortest, longest = seconds
    assert shortest < speech.seconds < longest
    assert speech.samples.dtype == np.int16
    assert (speech.samples.ndim, speech.sample_rate) == (1, 24_000)
    wave = speech.samples / 32_767
    assert np.abs(wave).max() <= PEAK + 1e-3
    assert SPEECH_LEVEL / 2 < np.sqrt(np.mean(wave**2)) < SPEECH_LEVEL * 1.5


def test_the_same_text_always_sounds_the_same(voice: KokoroSynthesizer) -> None:
    assert np.array_equal(voice.speak("Yes, please.").samples, voice.speak("Yes, please.").samples)


def test_a_piece_of_more_sounds_than_the_model_takes_is_said_in_halves(
    voice: KokoroSynthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "Please tell me about your day at work."
    whole = voice.speak(text)
    monkeypatch.setattr("worker.engines.kokoro.synthesizer.MOST_TOKENS", 40)

    halves = voice.speak(text)

    assert 0.8 * whole.seconds < halves.seconds < 2.5 * whole.seconds
    assert len(halves.samples) != len(whole.samples)


@pytest.mark.parametrize("text", ["🎉🎉", "?!…", "   ", "世界"])
def test_text_without_a_word_cannot_be_spoken(voice: KokoroSynthesizer, text: str) -> None:
    with pytest.raises(EngineUnavailableError, match="nothing that can be spoken"):
        voice.speak(text)


@pytest.mark.parametrize(
    ("text", "accent", "sounds"),
    [
        ("I am fine. I'm 5!", Accent.AMERICAN, "ˈaɪ ɐm fˈaɪn. aɪm fˈaɪv!"),
        ("I say: I went", Accent.BRITISH, "ˈaɪ sˈeɪ: ˈaɪ wˈɛnt"),
        ("ठीक है। हाँ?", Accent.HINDI, "ʈʰˈiːk hɛː. hˈa\u0303?"),
    ],
)
def test_sounds_keep_the_marks_and_a_lone_i_its_stress(
    library: EspeakLibrary, text: str, accent: Accent, sounds: str
) -> None:
    assert phonemes(library, text, accent) == sounds


@pytest.mark.parametrize("voice_name", ["nobody", "../nobody", "/nowhere/nobody"])
def test_a_voice_that_is_not_there_is_named(voice_name: str) -> None:
    sentence = "KOKORO_HINDI_VOICE=nobody is neither a voice that is here"
    with pytest.raises(EngineUnavailableError, match=sentence):
        read_style("KOKORO_HINDI_VOICE", voice_name)


def test_a_file_outside_the_voices_is_read_only_as_a_voice() -> None:
    with pytest.raises(EngineUnavailableError, match="KOKORO_HINDI_VOICE=passwd is not a voice"):
        read_style("KOKORO_HINDI_VOICE", "/etc/passwd")


def test_a_file_can_be_a_voice_and_another_file_cannot(tmp_path: Path) -> None:
    right, wrong = tmp_path / "right.bin", tmp_path / "wrong.bin"
    read_style("KOKORO_HINDI_VOICE", "hf_alpha").tofile(right)
    wrong.write_bytes(b"0123")

    assert read_style("KOKORO_HINDI_VOICE", str(right)).shape == (MOST_TOKENS, 1, 256)
    with pytest.raises(EngineUnavailableError, match=r"KOKORO_HINDI_VOICE=wrong\.bin is not a voice"):
        read_style("KOKORO_HINDI_VOICE", str(wrong))


def test_in_dev_it_is_the_voice_and_says_who_speaks(tmp_path: Path) -> None:
    engines = Engines(WorkerSettings(data_dir=tmp_path))

    engines.load(EngineKind.TTS)

    assert engines.name(EngineKind.TTS) == "kokoro hf_alpha"
    assert (tmp_path / "models" / "kokoro" / "kokoro-v1.0.int8.onnx").stat().st_size == 92_361_271
