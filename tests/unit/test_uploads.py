"""Uploads: what is taken, what is refused and how, and that nothing of the decoder is left behind."""

import asyncio
import io
import json
import resource
import signal
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np
import psutil
import pytest

from api.decoder import LIMITS
from api.decoder_protocol import Outcome
from api.uploads import (
    AudioTooLongError,
    DecodedAudio,
    Decoder,
    InvalidAudioError,
    UnsupportedAudioError,
    UploadsBusyError,
)
from api.uploads import sniff as sniff_file
from shared.errors import DomainError
from tests.stack import eventually, has_ended

ROOT = Path(__file__).resolve().parents[2]
MATERIAL = ROOT.parent / "shared" / "data" / "audio"
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
ID3 = b"ID3\x04\x00\x00\x00\x00\x00\x00"


@contextmanager
def on_disk(data: bytes) -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        yield file


async def decode_by(decoder: Decoder, data: bytes, timeout_seconds: float = 20.0) -> DecodedAudio:
    with on_disk(data) as recording:
        return await decoder.decode(recording, timeout_seconds=timeout_seconds)


@contextmanager
def a_decoder(*, concurrency: int | None = None, most_in_flight: int = 1) -> Iterator[Decoder]:
    with closing(Decoder(concurrency=concurrency, most_in_flight=most_in_flight)) as decoder:
        yield decoder


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with a_decoder() as decoder:
        yield decoder


def decode(data: bytes, timeout_seconds: float = 20.0) -> DecodedAudio:
    with a_decoder() as decoder:
        return asyncio.run(decode_by(decoder, data, timeout_seconds))


def sniff(data: bytes) -> str | None:
    return sniff_file(io.BytesIO(data))


def make_wav(seconds: float, rate: int = 16_000) -> bytes:
    return wav_of(tone(seconds, rate), rate)


def wav_of(samples: np.ndarray[Any, np.dtype[np.int16]], rate: int) -> bytes:
    output = io.BytesIO()
    with wave.open(output, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(samples.tobytes())
    return output.getvalue()


def tone(seconds: float, rate: int) -> np.ndarray[Any, np.dtype[np.int16]]:
    return (8_000 * np.sin(2 * np.pi * 300 * np.arange(int(seconds * rate)) / rate)).astype(np.int16)


def make(
    container: str, codec: str, *, rate: int = 16_000, seconds: float = 1.0, picture: bool = False
) -> bytes:
    """Encode a tone; with `picture`, a video stream comes first."""
    output = io.BytesIO()
    frame = av.AudioFrame.from_ndarray(tone(seconds, rate).reshape(1, -1), "s16", "mono")
    frame.sample_rate = rate
    frame.pts = 0
    with av.open(output, "w", format=container) as muxer:
        if picture:
            video = muxer.add_stream("mjpeg", rate=5, width=64, height=64, pix_fmt="yuvj420p")
        audio = muxer.add_stream(codec, rate=rate, layout="mono")
        assert isinstance(audio, av.AudioStream)
        if picture:
            image = av.VideoFrame(64, 64, "yuvj420p")
            muxer.mux(video.encode(image))
        muxer.mux(audio.encode(frame))
        muxer.mux(audio.encode(None))
    return output.getvalue()


def manifest(kind: str) -> list[Any]:
    """Name the files of one kind; a single skipped case stands in for them where they are absent."""
    if not (MATERIAL / "manifest.json").is_file():
        return [pytest.param({}, marks=pytest.mark.skip(reason=f"no test material at {MATERIAL}"))]
    entries = json.loads((MATERIAL / "manifest.json").read_text())
    return [pytest.param(entry, id=entry["file"]) for entry in entries if entry["kind"] == kind]


@pytest.mark.parametrize(
    ("container", "codec", "rate", "demuxer"),
    [
        ("wav", "pcm_s16le", 44_100, "wav"),
        ("mp3", "libmp3lame", 44_100, "mp3"),
        ("mp3", "libmp3lame", 16_000, "mp3"),
        ("mp4", "aac", 44_100, "mov"),
        ("3gp", "libopencore_amrnb", 8_000, "mov"),
        ("ogg", "libopus", 48_000, "ogg"),
        ("webm", "libopus", 48_000, "matroska"),
        ("matroska", "flac", 16_000, "matroska"),
        ("flac", "flac", 48_000, "flac"),
        ("aiff", "pcm_s16be", 22_050, "aiff"),
        ("amr", "libopencore_amrnb", 8_000, "amr"),
    ],
)
def test_every_container_we_take_is_recognised_and_decoded(
    container: str, codec: str, rate: int, demuxer: str
) -> None:
    data = make(container, codec, rate=rate)

    assert sniff(data) == demuxer
    assert sniff(data[:4096]) == demuxer
    decoded = decode(data)

    assert decoded.seconds == pytest.approx(1.0, abs=0.15)
    with av.open(io.BytesIO(decoded.flac), "r") as flac:
        frames = list(flac.decode(audio=0))
    assert {(frame.sample_rate, frame.format.name, frame.layout.name) for frame in frames} == {
        (16_000, "s16", "mono")
    }
    assert sum(frame.samples for frame in frames) == round(decoded.seconds * 16_000)


def test_an_mp3_keeps_its_kind_behind_the_tag_of_a_player() -> None:
    mp3 = make("mp3", "libmp3lame")
    untagged = mp3[mp3.index(b"\xff\xf3") :]

    assert sniff(untagged) == "mp3"
    assert sniff(ID3 + untagged) == "mp3"
    assert sniff(ID3 + make("flac", "flac")) == "flac"


def test_sound_is_found_beside_a_picture() -> None:
    assert decode(make("mp4", "aac", picture=True)).seconds == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize(
    "data",
    [
        PLAYLIST,
        b"<!DOCTYPE html><html><body>not audio</body></html>",
        b"ffconcat version 1.0\nfile '/etc/passwd'\n",
        b"\x89PNG\r\n\x1a\n" + bytes(64),
        b"caff\x00\x01\x00\x00desc" + bytes(64),
        b"RIFF\x24\x00\x00\x00AVI LIST" + bytes(64),
        b"\xff\xfb\x90\x00" + PLAYLIST * 10,
        b"ID3",
        b"\x00",
        make("adts", "aac"),
        make("mp2", "mp2"),
        np.random.default_rng(7).bytes(50_000),
    ],
    ids=["m3u8", "html", "concat", "png", "caf", "avi", "one frame", "tag", "nul", "adts", "mp2", "random"],
)
def test_anything_else_is_unsupported(data: bytes) -> None:
    with pytest.raises(UnsupportedAudioError):
        decode(data)


def test_random_bytes_are_never_taken_for_audio() -> None:
    generator = np.random.default_rng(11)

    taken = [sniff(b"\xff" + generator.bytes(4095)) for _ in range(20_000)]

    assert not any(taken)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        make_wav(0.0),
        make_wav(0.05),
        make_wav(1.0, rate=1),
        make_wav(1.0)[:24] + b"\xff\xff\xff\xff" + make_wav(1.0)[28:],
        ID3 + PLAYLIST,
        b"OggS" + PLAYLIST,
        b"\x00\x00\x00\x18ftypM4A " + bytes(500),
        make("mp4", "aac")[:2000],
    ],
    ids=["empty", "header", "50 ms", "1 Hz", "4 GHz", "m3u8 as mp3", "m3u8 as ogg", "only ftyp", "cut mp4"],
)
def test_a_container_without_usable_sound_is_invalid(data: bytes) -> None:
    with pytest.raises(InvalidAudioError):
        decode(data)


def test_sixty_seconds_are_taken_and_sixty_one_are_not() -> None:
    assert decode(make_wav(60.0)).seconds == pytest.approx(60.0, abs=0.01)
    with pytest.raises(AudioTooLongError):
        decode(make_wav(61.0))


def test_a_header_that_promises_an_hour_changes_nothing() -> None:
    data = bytearray(make_wav(1.0))
    data[40:44] = (3600 * 32_000).to_bytes(4, "little")

    assert decode(bytes(data)).seconds == pytest.approx(1.0, abs=0.01)


def test_a_header_that_admits_one_second_hides_nothing() -> None:
    data = bytearray(make("flac", "flac", seconds=61.0))
    kept = int.from_bytes(data[18:26]) >> 36 << 36
    data[18:26] = (kept | 16_000).to_bytes(8)

    with pytest.raises(AudioTooLongError):
        decode(bytes(data))


def test_a_movie_cannot_point_at_another_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(make_wav(2.0))
    data = make("mp4", "aac")
    own = b"\x00\x00\x00\x0curl \x00\x00\x00\x01"
    address = f"file://{tmp_path}/secret".encode() + b"\x00"
    other = (12 + len(address)).to_bytes(4) + b"url \x00\x00\x00\x00" + address
    assert own in data
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        start = data.index(box) - 4
        size = int.from_bytes(data[start : start + 4]) + len(address)
        data = data[:start] + size.to_bytes(4) + data[start + 4 :]

    decoded = decode(data.replace(own, other))

    assert decoded.seconds == pytest.approx(1.0, abs=0.15)


def decode_or_refusal(data: bytes) -> str | float:
    try:
        return decode(data).seconds
    except DomainError as refusal:
        return refusal.code.value


def test_a_damaged_middle_costs_only_itself() -> None:
    data = bytearray(make("mp3", "libmp3lame", seconds=10.0))
    middle = len(data) // 2
    data[middle : middle + 400] = np.random.default_rng(3).bytes(400)

    assert decode(bytes(data)).seconds > 8.0


def programs() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "api.decoder" in child.cmdline()]


def running_decoders() -> list[psutil.Process]:
    """Return the processes that decode an upload now."""
    return [child for program in programs() for child in program.children()]


def none_decodes() -> bool:
    return running_decoders() == []


def test_a_decoding_for_which_there_is_no_time_may_be_tried_again_and_leaves_no_process(
    decoder: Decoder,
) -> None:
    with pytest.raises(UploadsBusyError):
        asyncio.run(decode_by(decoder, make_wav(60.0), timeout_seconds=0.001))

    eventually(none_decodes, what="the process gone")


@contextmanager
def noise() -> Iterator[BinaryIO]:
    """A minute of it: its FLAC is more than a socket holds, so its process cannot end before it is read."""
    samples = np.random.default_rng(1).integers(-20_000, 20_000, 60 * 16_000, dtype=np.int16)
    with on_disk(wav_of(samples, 16_000)) as recording:
        yield recording


async def begin(decoder: Decoder, *recordings: BinaryIO) -> list[asyncio.Task[DecodedAudio]]:
    """Begin to decode noise; this loop, which reads what is decoded, stands still until all are at it."""
    decoding = [asyncio.create_task(decoder.decode(each, timeout_seconds=20)) for each in recordings]
    await asyncio.sleep(0)
    eventually(lambda: len(running_decoders()) == len(recordings), what="the decoders at work")
    return decoding


def test_cancelling_ends_the_process(decoder: Decoder) -> None:
    async def cancel_while_decoding() -> None:
        with noise() as recording:
            [decoding] = await begin(decoder, recording)
            decoding.cancel()
            await decoding

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancel_while_decoding())

    eventually(none_decodes, what="the process gone")


def test_each_upload_has_a_process_of_its_own_and_what_one_does_harms_no_other() -> None:
    async def decode_two(decoder: Decoder) -> list[object]:
        with noise() as first, noise() as second:
            decoding = await begin(decoder, first, second)
            running_decoders()[0].send_signal(signal.SIGSEGV)
            return await asyncio.gather(*decoding, return_exceptions=True)

    with a_decoder(concurrency=2, most_in_flight=2) as decoder:
        outcomes = asyncio.run(decode_two(decoder))

    assert {type(outcome) for outcome in outcomes} == {DecodedAudio, InvalidAudioError}


def test_a_program_that_died_costs_those_it_decoded_for_another_try_and_is_replaced() -> None:
    async def decode_through_a_death(decoder: Decoder) -> DecodedAudio:
        with noise() as recording:
            [decoding] = await begin(decoder, recording)
            [decoding_process] = running_decoders()
            psutil.Process(decoding_process.ppid()).kill()
            with pytest.raises(UploadsBusyError):
                await decoding
        return await decode_by(decoder, make_wav(1.0))

    with a_decoder() as decoder:
        assert asyncio.run(decode_through_a_death(decoder)).seconds == pytest.approx(1.0, abs=0.01)


def test_the_program_ends_with_the_process_it_serves() -> None:
    source = (
        "import os, time; from api.decoding import DecoderProgram; program = DecoderProgram(); "
        "print(program.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", source], cwd=ROOT, stdout=subprocess.PIPE) as served:
        assert served.stdout is not None
        program = psutil.Process(int(served.stdout.readline()))
        served.kill()

    eventually(lambda: has_ended(program), what="the program gone")


def test_many_uploads_at_once_take_turns() -> None:
    async def decode_all() -> list[DecodedAudio]:
        data = make_wav(1.0)
        with a_decoder(concurrency=2, most_in_flight=8) as decoder:
            return await asyncio.gather(*(decode_by(decoder, data) for _ in range(8)))

    assert {round(decoded.seconds, 3) for decoded in asyncio.run(decode_all())} == {1.0}


def test_too_many_uploads_at_once_are_to_be_sent_again_and_room_is_made_by_those_that_end() -> None:
    async def decode_all(decoder: Decoder) -> list[object]:
        data = make_wav(1.0)
        outcomes = await asyncio.gather(*(decode_by(decoder, data) for _ in range(5)), return_exceptions=True)
        return [*outcomes, await decode_by(decoder, data)]

    with a_decoder(concurrency=1, most_in_flight=3) as decoder:
        outcomes = asyncio.run(decode_all(decoder))
    assert [type(outcome) for outcome in outcomes] == [
        *[DecodedAudio] * 3,
        *[UploadsBusyError] * 2,
        DecodedAudio,
    ]


async def decode_and_signal(decoder: Decoder, number: signal.Signals) -> DecodedAudio:
    """Send a signal to the process that decodes while it does."""
    with noise() as recording:
        [decoding] = await begin(decoder, recording)
        [process] = running_decoders()
        process.send_signal(number)
        return await decoding


def test_a_decoder_killed_by_the_system_says_nothing_against_the_file(decoder: Decoder) -> None:
    with pytest.raises(UploadsBusyError):
        asyncio.run(decode_and_signal(decoder, signal.SIGKILL))


def test_a_file_that_takes_all_cpu_seconds_is_invalid(decoder: Decoder) -> None:
    with pytest.raises(InvalidAudioError):
        asyncio.run(decode_and_signal(decoder, signal.SIGXCPU))


def test_a_decoder_has_few_cpu_seconds_and_ends_by_the_signal_that_says_so() -> None:
    source = "import api.decoder; api.decoder.LIMITS[api.decoder.resource.RLIMIT_CPU] = 1"
    source += "; api.decoder.limit_this_process()\nwhile True: pass"
    assert 1 < LIMITS[resource.RLIMIT_CPU] < 6

    ended = subprocess.run([sys.executable, "-c", source], cwd=ROOT, check=False)

    assert ended.returncode == -signal.SIGXCPU


def test_the_decoder_cannot_take_more_memory_write_files_or_import_numpy(tmp_path: Path) -> None:
    def run(program: str) -> subprocess.CompletedProcess[str]:
        source = f"import api.decoder, sys; api.decoder.limit_this_process(); {program}"
        return subprocess.run(
            [sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, check=False
        )

    assert run("sys.exit('numpy' in sys.modules)").returncode == 0
    assert "MemoryError" in run("bytearray(1 << 30)").stderr
    assert "File too large" in run(f"open({str(tmp_path / 'file')!r}, 'wb', 0).write(b'x')").stderr


def test_a_short_recording_costs_well_under_a_second_of_cpu() -> None:
    data = make_wav(2.0)

    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    def cost() -> float:
        before = spent()
        decode(data)
        return spent() - before

    assert min(cost() for _ in range(3)) < 0.5


def test_outcomes_differ_from_what_python_and_signals_exit_with() -> None:
    assert {Outcome.INVALID, Outcome.TOO_LONG}.isdisjoint({0, 1, 2, *range(128, 160)})


@pytest.mark.parametrize("entry", manifest("good"))
def test_real_recordings_keep_their_length(entry: dict[str, Any]) -> None:
    decoded = decode((MATERIAL.parent / entry["file"]).read_bytes())

    assert decoded.seconds == pytest.approx(entry["duration_s"], abs=0.1)


@pytest.mark.parametrize("entry", [*manifest("bad"), *manifest("odd")])
def test_real_oddities_are_refused_or_decoded_quickly(entry: dict[str, Any]) -> None:
    start = time.perf_counter()
    outcome = decode_or_refusal((MATERIAL.parent / entry["file"]).read_bytes())

    assert time.perf_counter() - start < 5.0
    if isinstance(outcome, float):
        assert 0.1 <= outcome <= 60.1
    else:
        assert outcome in {"invalid_audio", "unsupported_audio"}
