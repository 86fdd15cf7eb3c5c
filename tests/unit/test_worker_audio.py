"""What the worker reads and writes: FLAC in, MP3 out."""

import io
import wave

import av
import numpy as np
import pytest

from api.decoding.transcoding import transcode
from worker.errors import EngineUnavailableError
from worker.ports import Samples, Speech
from worker.stages.audio import encode_mp3, read_flac


def tone(seconds: float, rate: int) -> Samples:
    return (8_000 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)).astype(np.int16)


def make_flac(samples: Samples, rate: int) -> bytes:
    output = io.BytesIO()
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "s16", "mono")
    frame.sample_rate = rate
    with av.open(output, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=rate, layout="mono")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return output.getvalue()


def test_a_recording_is_read_sample_for_sample() -> None:
    samples = tone(2.5, 16_000)

    recording = read_flac(make_flac(samples, 16_000))

    assert recording.samples.dtype == np.int16
    assert np.array_equal(recording.samples, samples)
    assert recording.seconds == 2.5


def test_what_the_api_stores_is_what_the_worker_reads() -> None:
    samples = tone(1.0, 16_000)
    upload = io.BytesIO()
    with wave.open(upload, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(16_000)
        writer.writeframes(samples.tobytes())

    recording = read_flac(transcode(upload.getvalue(), "wav"))

    assert np.array_equal(recording.samples, samples)


@pytest.mark.parametrize(
    "data",
    [b"", b"fLaC", b"not audio at all", make_flac(tone(1.0, 16_000), 16_000)[:60]],
    ids=["empty", "magic", "text", "cut"],
)
def test_a_broken_recording_is_a_translated_error(data: bytes) -> None:
    with pytest.raises(EngineUnavailableError, match="stored recording"):
        read_flac(data)


def test_a_recording_at_another_rate_is_refused() -> None:
    with pytest.raises(EngineUnavailableError, match="form the worker reads"):
        read_flac(make_flac(tone(1.0, 8_000), 8_000))


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000])
def test_speech_becomes_a_mono_mp3_at_its_own_rate(rate: int) -> None:
    mp3 = encode_mp3(Speech(tone(3.0, rate), rate))

    with av.open(io.BytesIO(mp3), "r", format="mp3") as container:
        frames = list(container.decode(audio=0))
    assert {(frame.sample_rate, frame.layout.name) for frame in frames} == {(rate, "mono")}
    assert sum(frame.samples for frame in frames) / rate == pytest.approx(3.0, abs=0.1)
    assert len(mp3) == pytest.approx(3.0 * 64_000 / 8, rel=0.1)


def test_a_rate_that_mp3_lacks_is_a_translated_error() -> None:
    with pytest.raises(EngineUnavailableError, match="could not be encoded"):
        encode_mp3(Speech(tone(1.0, 7_000), 7_000))
