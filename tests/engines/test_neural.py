"""The neural synthesizer with voices of known sound: what becomes of their waves, and which is asked what."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from billiard.exceptions import SoftTimeLimitExceeded

from tests.support.offline import last_words
from worker.bootstrap import EngineKind, Engines
from worker.engines.neural import NeuralSynthesizer
from worker.engines.neural.folder import model_folder
from worker.errors import EngineError, EngineOutOfMemoryError, EngineUnavailableError
from worker.settings import WorkerSettings
from worker.speech.failures import library_errors
from worker.speech.sound import PAUSE_SECONDS, PEAK, SPEECH_LEVEL, joined, trimmed
from worker.speech.voice import RATE, Wave
from worker.stages.audio import encode_mp3

ROOT = Path(__file__).parents[2]
ENGLISH_HERTZ, HINDI_HERTZ = 400, 800
SECONDS_A_LETTER = 0.05


def tone(hertz: float, seconds: float, level: float = 0.3) -> Wave:
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def silence(seconds: float) -> Wave:
    return np.zeros(round(seconds * RATE), np.float32)


class Whistle:
    """A voice that says a text as a tone: its own pitch, as long as the text, as loud as it was made."""

    longest = 300

    def __init__(self, name: str, hertz: float, level: float) -> None:
        self.name = name
        self.said: list[str] = []
        self._hertz, self._level = hertz, level

    def say(self, text: str) -> Wave:
        self.said.append(text)
        sound = tone(self._hertz, SECONDS_A_LETTER * len(text), self._level)
        return np.concatenate([silence(0.7), sound, silence(1.1)])


@pytest.fixture
def english() -> Whistle:
    return Whistle("turbo", ENGLISH_HERTZ, 0.9)


@pytest.fixture
def hindi() -> Whistle:
    return Whistle("indicf5", HINDI_HERTZ, 0.01)


@pytest.fixture
def synthesizer(english: Whistle, hindi: Whistle) -> NeuralSynthesizer:
    return NeuralSynthesizer(english, hindi, release_memory=lambda: None)


def pitches(samples: np.ndarray) -> list[int]:
    """Return the pitches heard one after the other, each once."""
    frames = samples[: len(samples) // 480 * 480].reshape(-1, 480).astype(np.float64)
    loud = np.abs(frames).max(axis=1) > 2_000
    heard = [int(np.abs(np.fft.rfft(frame)).argmax() * RATE / 480) for frame in frames[loud]]
    return [pitch for index, pitch in enumerate(heard) if index == 0 or pitch != heard[index - 1]]


def test_a_reply_of_two_thousand_characters_is_heard_whole_in_order(
    synthesizer: NeuralSynthesizer, english: Whistle, hindi: Whistle
) -> None:
    text = ("Yesterday I went to the market, and we bought rice. " * 5 + "कल मैं बाज़ार गया था। " * 3) * 6

    speech = synthesizer.speak(text[:2000])

    said = english.said + hindi.said
    assert len(said) >= 10
    letters = sum(map(len, said))
    pauses = PAUSE_SECONDS * (len(said) - 1)
    assert speech.seconds == pytest.approx(SECONDS_A_LETTER * letters + pauses, rel=0.05)
    turns = text[:2000].count("market, and we bought rice. कल") + text[:2000].count("। Yesterday") + 1
    assert pitches(speech.samples) == [ENGLISH_HERTZ, HINDI_HERTZ] * (turns // 2) + [ENGLISH_HERTZ] * (
        turns % 2
    )


def test_speech_is_what_the_port_promises_and_becomes_an_mp3(synthesizer: NeuralSynthesizer) -> None:
    speech = synthesizer.speak("Hello, नमस्ते!")

    assert speech.samples.dtype == np.int16
    assert (speech.samples.ndim, speech.sample_rate) == (1, 24_000)
    assert len(encode_mp3(speech)) > 1_000


def test_a_loud_and_a_faint_voice_are_equally_loud(synthesizer: NeuralSynthesizer) -> None:
    samples = synthesizer.speak("Hello there my friend. नमस्ते मेरे प्यारे दोस्त।").samples / 32_767
    middle = len(samples) // 2

    for half in (samples[: middle - RATE // 2], samples[middle + RATE // 2 :]):
        level = np.sqrt(np.mean(half[np.abs(half) > 0] ** 2))
        assert level == pytest.approx(SPEECH_LEVEL, rel=0.1)


@pytest.mark.parametrize("text", ["", " ", "?!", "🎉 … 🎉", "世界"])
def test_a_text_with_nothing_to_speak_reaches_no_model(
    synthesizer: NeuralSynthesizer, english: Whistle, hindi: Whistle, text: str
) -> None:
    with pytest.raises(EngineUnavailableError, match="nothing that can be spoken"):
        synthesizer.speak(text)

    assert english.said + hindi.said == []


def test_silence_at_the_ends_is_cut_and_a_pause_within_is_kept() -> None:
    wave = np.concatenate([silence(1), tone(400, 0.5), silence(0.4), tone(400, 0.5, 0.01), silence(2)])

    assert len(trimmed(wave)) / RATE == pytest.approx(1.4, abs=0.1)


@pytest.mark.parametrize(
    "wave",
    [silence(0), silence(1), np.full(RATE, np.nan, np.float32), np.append(tone(400, 1), np.float32(np.inf))],
    ids=["nothing", "silence", "no numbers", "one infinite"],
)
def test_a_wave_without_sound_is_no_speech(wave: Wave) -> None:
    with pytest.raises(EngineUnavailableError):
        joined([tone(400, 1), wave])


@pytest.mark.parametrize("wave", [tone(400, 0.001), np.ones(1, np.float32), tone(400, 1, 5.0)])
def test_a_short_or_overdriven_wave_stays_within_bounds(wave: Wave) -> None:
    samples = joined([wave])

    assert np.abs(samples.astype(np.int32)).max() <= PEAK * 32_767 + 1


def test_a_click_does_not_make_the_speech_faint() -> None:
    click = np.zeros(RATE, np.float32)
    click[RATE // 2] = 1.0

    samples = joined([tone(400, 1, 0.05) + click])

    assert np.sqrt(np.mean((samples / 32_767) ** 2)) > SPEECH_LEVEL / 4


@pytest.mark.parametrize(
    ("raised", "becomes"),
    [
        (RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB"), EngineOutOfMemoryError),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), EngineOutOfMemoryError),
        (MemoryError(), EngineOutOfMemoryError),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), EngineUnavailableError),
        (AssertionError("Audio prompt must be longer than 5 seconds!"), EngineUnavailableError),
        (KeyError("secret words"), EngineUnavailableError),
    ],
)
def test_what_a_library_raises_becomes_an_engine_error_with_its_cause(
    raised: Exception, becomes: type[EngineError]
) -> None:
    with (
        pytest.raises(becomes, match=r"The turbo voice broke\.") as refusal,
        library_errors("The turbo voice broke."),
    ):
        raise raised

    assert refusal.value.__cause__ is raised
    assert "secret" not in refusal.value.detail


@pytest.mark.parametrize(
    "raised", [SoftTimeLimitExceeded(), EngineUnavailableError("Ours."), KeyboardInterrupt()]
)
def test_the_time_limit_and_our_own_errors_pass_as_they_are(raised: BaseException) -> None:
    with pytest.raises(type(raised)) as passed, library_errors("The turbo voice broke."):
        raise raised

    assert passed.value is raised


def test_a_directory_with_its_files_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")

    assert model_folder("INDICF5_MODEL", str(tmp_path), ["a"], ["b"]) == tmp_path


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        EngineUnavailableError, match=f"of INDICF5_MODEL, {tmp_path.name}, has no model"
    ) as refusal:
        model_folder("INDICF5_MODEL", str(tmp_path), ["model.safetensors"])

    assert str(tmp_path.parent) not in str(refusal.value)


@pytest.mark.parametrize("name", ["owner/model", "nonesuch", "/nowhere/model", "not a name!"])
def test_a_model_that_cannot_be_fetched_is_unavailable(tmp_path: Path, name: str) -> None:
    program = f"from worker.engines.neural.folder import *; model_folder('INDICF5_MODEL', {name!r}, ['a'])"

    last = last_words(program, tmp_path)

    assert last.startswith("worker.errors.EngineUnavailableError: INDICF5_MODEL=")
    assert "/nowhere" not in last


def neural(**given: object) -> Engines:
    bare = {"indicf5_voice": None, "indicf5_voice_text": "", "tts_engine": "neural"}
    return Engines(WorkerSettings.model_validate(bare | given))


@pytest.mark.parametrize(
    "given",
    [
        {"indicf5_voice": "clip.wav"},
        {"indicf5_voice_text": "नमस्ते"},
        {"indicf5_voice": "a", "indicf5_voice_text": " "},
    ],
)
def test_a_recording_without_its_text_is_refused_before_anything_loads(given: dict[str, object]) -> None:
    with pytest.raises(EngineUnavailableError, match="INDICF5_VOICE and INDICF5_VOICE_TEXT belong together"):
        neural(**given).check(EngineKind.TTS)


def test_with_its_defaults_the_neural_voice_passes_the_check() -> None:
    neural().check(EngineKind.TTS)
    neural(indicf5_voice="clip.wav", indicf5_voice_text="नमस्ते").check(EngineKind.TTS)


@pytest.mark.skipif(find_spec("f5_tts") is not None, reason="the libraries are here")
def test_without_its_libraries_it_says_which_extra_brings_them() -> None:
    engines = neural()

    with pytest.raises(EngineUnavailableError):
        engines.load(EngineKind.TTS)

    state = engines.states()["tts"]
    assert state["status"] == "failed"
    assert "extra gpu" in str(state["reason"])


def test_importing_the_neural_voice_loads_no_torch() -> None:
    program = "import worker.engines.neural, json, sys; print(json.dumps(list(sys.modules)))"

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert not {"torch", "chatterbox", "f5_tts", "transformers"} & set(json.loads(done.stdout))
