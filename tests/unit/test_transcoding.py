"""What a recording may cost: files that name millions of packets are given up early, and in little memory."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from api.decoding.protocol import Outcome
from api.decoding.sniffing import demuxer_of
from api.decoding.transcoding import MAX_PACKETS, MAX_SOUNDLESS_PACKETS, RefusedError, transcode
from tests.support.costly_recordings import (
    adts_of_tiny_frames,
    amr_without_data,
    matroska_of_tiny_blocks,
    movie_of_streams,
    repeated_chunks,
    sound_behind_another,
)
from tests.support.decoders import a_decoder, decode, encode_tone, on_disk

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


def test_the_budget_is_of_a_minute_in_the_shortest_frames() -> None:
    shortest = encode_tone("ogg", "libopus", rate=48_000, seconds=59.9, options={"frame_duration": "2.5"})

    assert decode(shortest).seconds == pytest.approx(59.9, abs=0.15)
    assert 60 / 0.0025 < MAX_PACKETS < 2 * 60 / 0.0025
    assert 60 / 0.020 < MAX_SOUNDLESS_PACKETS < 2 * 60 / 0.020


@pytest.mark.parametrize("silent", [0, 2_900, 3_300])
def test_an_amr_recording_may_have_a_minute_without_data_but_no_more(silent: int) -> None:
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
    with pytest.raises(RefusedError) as refused:
        transcode(encode_tone("matroska", "ac3", rate=48_000), "matroska")

    assert refused.value.outcome is Outcome.INVALID
