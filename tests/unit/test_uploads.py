"""Uploads: what is taken, and what is refused and how."""

import io
import json
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from api.decoding.errors import AudioTooLongError, InvalidAudioError, UnsupportedAudioError
from api.decoding.sniffing import sniff as sniff_file
from shared.errors import DomainError
from tests.support.decoders import decode, encode_tone, make_wav

ROOT = Path(__file__).resolve().parents[2]
MATERIAL = ROOT.parent / "shared" / "data" / "audio"
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
ID3 = b"ID3\x04\x00\x00\x00\x00\x00\x00"


def sniff(data: bytes) -> str | None:
    return sniff_file(io.BytesIO(data))


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
        ("adts", "aac", 44_100, "aac"),
        ("adts", "aac", 16_000, "aac"),
    ],
)
def test_every_container_we_take_is_recognised_and_decoded(
    container: str, codec: str, rate: int, demuxer: str
) -> None:
    data = encode_tone(container, codec, rate=rate)

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
    mp3 = encode_tone("mp3", "libmp3lame")
    untagged = mp3[mp3.index(b"\xff\xf3") :]

    assert sniff(untagged) == "mp3"
    assert sniff(ID3 + untagged) == "mp3"
    assert sniff(ID3 + encode_tone("flac", "flac")) == "flac"


def test_aac_is_decoded_behind_the_tag_of_a_player() -> None:
    aac = encode_tone("adts", "aac")
    tag = b"TIT2\x00\x00\x00\x06\x00\x00\x03Hello" + bytes(5_000)
    length = bytes([0, 0, len(tag) >> 7, len(tag) & 0x7F])

    assert sniff(ID3[:6] + length + tag + aac) == "aac"
    assert decode(ID3[:6] + length + tag + aac).seconds == pytest.approx(1.0, abs=0.15)
    assert decode(ID3 + aac).seconds == pytest.approx(1.0, abs=0.15)


def test_sound_is_found_beside_a_picture() -> None:
    assert decode(encode_tone("mp4", "aac", picture=True)).seconds == pytest.approx(1.0, abs=0.15)


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
        encode_tone("adts", "aac")[:300],
        encode_tone("mp2", "mp2"),
        np.random.default_rng(7).bytes(50_000),
    ],
    ids=[
        "m3u8",
        "html",
        "concat",
        "png",
        "caf",
        "avi",
        "one frame",
        "tag",
        "nul",
        "one adts frame",
        "mp2",
        "random",
    ],
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
        encode_tone("mp4", "aac")[:2000],
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
    data = bytearray(encode_tone("flac", "flac", seconds=61.0))
    kept = int.from_bytes(data[18:26]) >> 36 << 36
    data[18:26] = (kept | 16_000).to_bytes(8)

    with pytest.raises(AudioTooLongError):
        decode(bytes(data))


def test_a_movie_cannot_point_at_another_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(make_wav(2.0))
    data = encode_tone("mp4", "aac")
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
    data = bytearray(encode_tone("mp3", "libmp3lame", seconds=10.0))
    middle = len(data) // 2
    data[middle : middle + 400] = np.random.default_rng(3).bytes(400)

    assert decode(bytes(data)).seconds > 8.0


@pytest.mark.parametrize("entry", manifest("good"))
def test_real_recordings_keep_their_length(entry: dict[str, Any]) -> None:
    decoded = decode((MATERIAL.parent / entry["file"]).read_bytes())

    assert decoded.seconds == pytest.approx(entry["duration_s"], abs=0.1)


@pytest.mark.parametrize("entry", [*manifest("bad"), *manifest("odd")])
def test_real_oddities_are_refused_or_decoded_quickly(entry: dict[str, Any]) -> None:
    start = time.perf_counter()
    outcome = decode_or_refusal((MATERIAL.parent / entry["file"]).read_bytes())

    assert time.perf_counter() - start < 15.0  # sooner than the limit of decoding, also on a busy machine
    if isinstance(outcome, float):
        assert 0.1 <= outcome <= 60.1
    else:
        assert outcome in {"invalid_audio", "unsupported_audio"}
