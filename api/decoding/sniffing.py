"""Recognises a recording's container by its content, whatever its name or declared type."""

from collections.abc import Sequence
from typing import BinaryIO

from api.decoding.errors import InvalidAudioError, UnsupportedAudioError

_MAGIC: Sequence[tuple[int, bytes, str]] = (
    (0, b"OggS", "ogg"),
    (0, b"fLaC", "flac"),
    (0, b"\x1aE\xdf\xa3", "matroska"),
    (0, b"#!AMR\n", "amr"),
    (0, b"#!AMR-WB\n", "amr"),
    (4, b"ftyp", "mov"),
)
_CHUNKED = {
    (b"RIFF", b"WAVE"): "wav",
    (b"RF64", b"WAVE"): "wav",
    (b"FORM", b"AIFF"): "aiff",
    (b"FORM", b"AIFC"): "aiff",
}

_MP3_KBITS = {
    1: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MP3_RATES = {0b11: (44_100, 48_000, 32_000), 0b10: (22_050, 24_000, 16_000), 0b00: (11_025, 12_000, 8_000)}
_ADTS_RATES = 13
_ID3_HEADER_BYTES = 10
# Two of the longest frames of MP3 or of AAC in stereo, and more than any other container's beginning.
_HEAD_BYTES = 4096


def demuxer_of(recording: BinaryIO) -> str:
    """Return what `sniff` finds. Raises `UnsupportedAudioError` if that is nothing we accept."""
    demuxer = sniff(recording)
    if demuxer is None:
        raise UnsupportedAudioError
    return demuxer


def sniff(recording: BinaryIO) -> str | None:
    """Return the FFmpeg demuxer for the container in the file, or None if we do not accept it.

    Its beginning is enough, except to look behind an ID3 tag, which is taken for MP3's where nothing else
    is found there.
    Raises `InvalidAudioError` for an empty file.
    """
    recording.seek(0)
    head = recording.read(_HEAD_BYTES)
    if not head:
        raise InvalidAudioError("The audio file is empty. Please record again.")
    if head.startswith(b"ID3"):
        return _sniff_behind_id3(head, recording)
    for offset, magic, demuxer in _MAGIC:
        if head.startswith(magic, offset):
            return demuxer
    if _is_adts(head):
        return "aac"
    return _CHUNKED.get((head[:4], head[8:12])) or ("mp3" if _is_mp3(head) else None)


def _sniff_behind_id3(head: bytes, recording: BinaryIO) -> str | None:
    """Look past an ID3 tag, before MP3, sometimes FLAC or AAC; its length is four bytes of seven bits."""
    size = head[6:_ID3_HEADER_BYTES]
    if len(size) < 4 or max(size) > 0x7F:
        return None
    end = _ID3_HEADER_BYTES + sum(byte << shift for byte, shift in zip(size, (21, 14, 7, 0), strict=True))
    recording.seek(end)
    behind = recording.read(_HEAD_BYTES)
    if behind.startswith(b"fLaC"):
        return "flac"
    return "aac" if _is_adts(behind) else "mp3"


def _is_mp3(data: bytes) -> bool:
    """Say whether two consecutive layer III frames of one kind begin `data`; one could be chance."""
    length = _mp3_frame_bytes(data[:4])
    if length is None:
        return False
    following = data[length : length + 4]
    # Version, layer and sample rate stay the same from frame to frame.
    return (
        _mp3_frame_bytes(following) is not None
        and following[1] & 0xFE == data[1] & 0xFE
        and following[2] & 0x0C == data[2] & 0x0C
    )


def _mp3_frame_bytes(header: bytes) -> int | None:
    """Return the length of the layer III frame with this four-byte header, None if it is not one."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return None
    rates = _MP3_RATES.get(header[1] >> 3 & 0b11)
    bit_rate, rate, padding = header[2] >> 4, header[2] >> 2 & 0b11, header[2] >> 1 & 1
    if rates is None or rate == 0b11 or bit_rate in {0, 0b1111}:
        return None
    version = 1 if rates is _MP3_RATES[0b11] else 2
    return 144_000 // version * _MP3_KBITS[version][bit_rate - 1] // rates[rate] + padding


def _is_adts(data: bytes) -> bool:
    """Say whether two consecutive ADTS frames (ISO/IEC 13818-7, 6.2) of one kind begin `data`."""
    length = _adts_frame_bytes(data[:7])
    if length is None:
        return False
    following = data[length : length + 7]
    # The first 28 bits, but for the two on copyright, stay the same from frame to frame.
    return (
        _adts_frame_bytes(following) is not None
        and following[:3] == data[:3]
        and following[3] & 0xF0 == data[3] & 0xF0
    )


def _adts_frame_bytes(header: bytes) -> int | None:
    """Return the length of the ADTS frame with this seven-byte header, None if it is not one."""
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return None
    length = (header[3] & 0b11) << 11 | header[4] << 3 | header[5] >> 5
    return length if header[2] >> 2 & 0xF < _ADTS_RATES and length > len(header) else None
