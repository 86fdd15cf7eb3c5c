"""What a recording may cost: files that name millions of packets are given up early, and in little memory."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from api.decoding.protocol import DECODED_RATE, MAX_SECONDS, Outcome
from api.decoding.sniffing import demuxer_of
from api.decoding.transcoding import MAX_PACKETS, MAX_SOUNDLESS_PACKETS, UndecodableError, transcode
from tests.support.costly_recordings import (
    adts_of_tiny_frames,
    amr_without_data,
    matroska_of_tiny_blocks,
    movie_of_streams,
    repeated_chunks,
    sound_behind_another,
)
from tests.support.decoders import a_decoder, decode, encode_tone, on_disk, wav_of

ATTACK = Path(__file__).resolve().parents[3] / "shared" / "data" / "attack" / "repeated_chunks.mp4"


def outcome_of(data: bytes) -> int:
    """Return how the process that decodes `data` ends: an `Outcome`, or a signal below 0."""
    with a_decoder() as decoder, on_disk(data) as recording:
        outcome, _ = asyncio.run(decoder._program.decode(demuxer_of(recording), recording))
    return outcome


@pytest.mark.parametrize(
    "make",
    [
        lambda: repeated_chunks(offsets=500, samples=4_000),
        amr_without_data,
        matroska_of_tiny_blocks,
        adts_of_tiny_frames,
    ],
    ids=["chunks", "amr", "matroska", "adts"],
)
def test_millions_of_packets_end_with_the_budget_of_packets(make: Callable[[], bytes]) -> None:
    assert outcome_of(make()) == Outcome.TOO_COSTLY


@pytest.mark.skipif(not ATTACK.is_file(), reason=f"no test material at {ATTACK}")
def test_a_file_that_attacked_ends_with_the_budget_of_packets() -> None:
    assert outcome_of(ATTACK.read_bytes()) == Outcome.TOO_COSTLY


@pytest.mark.parametrize(
    "data",
    [repeated_chunks(offsets=5_000, samples=4_000), movie_of_streams(1_000)],
    ids=["chunks", "streams"],
)
def test_what_needs_more_memory_than_there_is_cannot_be_decoded(data: bytes) -> None:
    """FFmpeg is told that there is no memory, long before the file's 700 MB are taken."""
    assert outcome_of(data) == Outcome.INVALID


def test_the_budget_is_of_the_longest_recording_in_the_shortest_frames() -> None:
    seconds = MAX_SECONDS - 0.1
    shortest = encode_tone("ogg", "libopus", rate=48_000, seconds=seconds, options={"frame_duration": "2.5"})

    assert decode(shortest).seconds == pytest.approx(seconds, abs=0.15)
    assert MAX_SECONDS / 0.0025 < MAX_PACKETS < 2 * MAX_SECONDS / 0.0025
    assert MAX_SECONDS / 0.020 < MAX_SOUNDLESS_PACKETS < 2 * MAX_SECONDS / 0.020


def test_the_longest_recording_may_be_mere_noise() -> None:
    """No sound makes a longer FLAC; all of it must reach the API."""
    size = int(MAX_SECONDS * DECODED_RATE)
    samples = np.random.default_rng(1).integers(-(2**15), 2**15, size, dtype=np.int16)

    assert decode(wav_of(samples, DECODED_RATE)).seconds == pytest.approx(MAX_SECONDS)


@pytest.mark.parametrize("silent", [0, MAX_SOUNDLESS_PACKETS - 300, MAX_SOUNDLESS_PACKETS + 100])
def test_an_amr_recording_may_have_its_length_without_data_but_no_more(silent: int) -> None:
    spoken = encode_tone("amr", "libopencore_amrnb", rate=8_000)
    pause = b"\x7c" * silent

    if silent < MAX_SOUNDLESS_PACKETS:
        assert decode(spoken + pause + spoken[6:]).seconds == pytest.approx(2.0, abs=0.1)
    else:
        assert outcome_of(spoken + pause + spoken[6:]) == Outcome.TOO_COSTLY


@pytest.mark.parametrize(
    ("codec", "garbage"), [("ac3", False), ("libmp3lame", True)], ids=["a codec we do not take", "no sound"]
)
def test_the_first_stream_that_can_be_decoded_is_taken(codec: str, garbage: bool) -> None:
    assert decode(sound_behind_another(codec, garbage=garbage)).seconds == pytest.approx(1.0, abs=0.15)


def test_of_two_streams_that_can_be_decoded_the_first_is_taken() -> None:
    data = sound_behind_another("flac")

    assert decode(data).seconds == pytest.approx(2.0, abs=0.15)


def test_no_stream_is_taken_where_none_can_be_decoded() -> None:
    with pytest.raises(UndecodableError) as refused:
        transcode(encode_tone("matroska", "ac3", rate=48_000), "matroska")

    assert refused.value.outcome is Outcome.INVALID
