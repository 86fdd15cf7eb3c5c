"""The light recogniser, on people's recordings where they are present and on made sounds anywhere."""

import json
import re
import threading
import time
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from api.sniffing import sniff
from api.transcoding import transcode
from worker.audio import read_flac
from worker.engines.pocketsphinx import PocketsphinxTranscriber
from worker.errors import NoSpeechError
from worker.ports import Recording

MATERIAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "audio"
TIME = np.arange(3 * 16_000) / 16_000
NOISE = np.random.default_rng(5)

needs_material = pytest.mark.skipif(not MATERIAL.is_dir(), reason=f"no test material at {MATERIAL}")


@pytest.fixture(scope="module")
def transcriber() -> PocketsphinxTranscriber:
    return PocketsphinxTranscriber()


def read(name: str) -> Recording:
    data = (MATERIAL / name).read_bytes()
    demuxer = sniff(BytesIO(data))
    assert demuxer is not None
    return read_flac(transcode(data, demuxer))


def words_of(text: str) -> list[str]:
    return re.sub(r"[^a-z' ]", " ", text.lower()).split()


def word_errors(expected: list[str], heard: list[str]) -> int:
    """Count the substitutions, insertions and deletions between two sentences."""
    row = list(range(len(heard) + 1))
    for index, word in enumerate(expected, 1):
        diagonal, row[0] = row[0], index
        for column, other in enumerate(heard, 1):
            change = diagonal + (word != other)
            diagonal, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, change)
    return row[-1]


@needs_material
def test_most_words_of_short_native_recordings_are_right(transcriber: PocketsphinxTranscriber) -> None:
    entries = json.loads((MATERIAL / "manifest.json").read_text())
    errors = total = 0
    for entry in entries:
        if entry["kind"] != "good" or not entry["transcript"] or "learner" in entry["file"]:
            continue
        if entry["duration_s"] > 9:
            continue
        expected = words_of(entry["transcript"])
        heard = transcriber.transcribe(read(entry["file"].removeprefix("audio/"))).text.split()
        errors += word_errors(expected, heard)
        total += len(expected)

    assert total > 100
    assert errors / total < 0.35


@needs_material
def test_words_have_times_and_probabilities(transcriber: PocketsphinxTranscriber) -> None:
    recording = read("good/ps_card_004.wav")

    transcript = transcriber.transcribe(recording)

    assert transcript.text == "five five"
    assert transcript.words is not None
    assert [word.word for word in transcript.words] == ["five", "five"]
    times = [time for word in transcript.words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] <= recording.seconds + 0.1
    assert all(0 <= word.probability <= 1 for word in transcript.words)


@needs_material
def test_no_trace_of_one_recording_reaches_the_next(transcriber: PocketsphinxTranscriber) -> None:
    recording = read("good/sr_one_two_three.wav")
    first = timed_words(transcriber, recording)
    transcriber.transcribe(read("good/ps_librivox_0920.wav"))

    assert timed_words(transcriber, recording) == first
    assert timed_words(PocketsphinxTranscriber(), recording) == first


def timed_words(transcriber: PocketsphinxTranscriber, recording: Recording) -> list[tuple[str, float, float]]:
    words = transcriber.transcribe(recording).words
    assert words is not None
    return [(word.word, word.start, word.end) for word in words]


@needs_material
def test_a_heartbeat_runs_beside_a_long_recording(transcriber: PocketsphinxTranscriber) -> None:
    beats = [time.perf_counter()]
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(0.01):
            beats.append(time.perf_counter())

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        transcriber.transcribe(read("good/jfk_16k_pcm16.wav"))
    finally:
        stop.set()
        thread.join()

    assert max(np.diff(beats)) < 2.0


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(0),
        np.zeros(48_000),
        np.zeros(960_000),
        NOISE.integers(-2, 3, 48_000),
        NOISE.normal(0, 100, 48_000),
        NOISE.normal(0, 2_000, 48_000),
        np.cumsum(NOISE.normal(0, 50, 48_000)).clip(-30_000, 30_000),
        8_000 * np.sin(2 * np.pi * 440 * TIME),
        3_000 * np.sin(2 * np.pi * 50 * TIME),
        8_000 * np.sign(np.sin(2 * np.pi * 220 * TIME)),
        20_000 * (np.arange(48_000) % 8_000 < 20),
        NOISE.normal(0, 5_000, 1_600),
    ],
    ids=[
        "nothing",
        "silence",
        "a minute of silence",
        "dither",
        "soft hiss",
        "loud hiss",
        "rumble",
        "tone",
        "hum",
        "buzz",
        "clicks",
        "a tenth of a second",
    ],
)
def test_made_sounds_are_no_speech(transcriber: PocketsphinxTranscriber, samples: np.ndarray) -> None:
    with pytest.raises(NoSpeechError):
        transcriber.transcribe(Recording(samples.astype(np.int16)))


@needs_material
@pytest.mark.parametrize(
    "name",
    [
        "odd/pv_no_speech.wav",
        "odd/pyannote_empty.wav",
        "odd/sb_noise2.wav",
        "odd/tinytag_silence-22khz-mono-1s.wav",
        "odd/tinytag_8khz_5s.opus",
        "odd/tinytag_gsm_6_10.wav",
        "odd/ft_fixture.m4a",
        "odd/cpython_pluck-pcm8.wav",
    ],
)
def test_real_noises_are_no_speech(transcriber: PocketsphinxTranscriber, name: str) -> None:
    with pytest.raises(NoSpeechError):
        transcriber.transcribe(read(name))
