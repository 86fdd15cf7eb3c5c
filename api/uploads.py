"""What becomes of an upload: recognised by its content, then decoded once, in a process of its own."""

import asyncio
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from api.decoder_protocol import DECODED_RATE, MAX_SECONDS, Outcome
from api.decoding import DecoderLostError, DecoderProgram
from shared.errors import DomainError, ErrorCode

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
_ID3_HEADER_BYTES = 10
# Two of the longest MP3 frames, and more than any other container's beginning.
_HEAD_BYTES = 4096


class UnsupportedAudioError(DomainError):
    """The content is none of the containers taken."""

    code = ErrorCode.UNSUPPORTED_AUDIO


class InvalidAudioError(DomainError):
    """The container is one we take, but no sound could be decoded from it."""

    code = ErrorCode.INVALID_AUDIO


class AudioTooLongError(DomainError):
    """The decoded sound is longer than a turn may be."""

    code = ErrorCode.AUDIO_TOO_LONG


class UploadsBusyError(DomainError):
    """There was no time to decode the recording. Nothing is wrong with it."""

    code = ErrorCode.UPLOADS_BUSY
    retryable = True

    def __init__(self) -> None:
        super().__init__("Too many recordings are coming in just now. Please send yours again in a moment.")


@dataclass(frozen=True, slots=True)
class DecodedAudio:
    """A recording as the workers read it: FLAC, mono, 16 kHz, 16-bit; `seconds` long."""

    flac: bytes
    seconds: float


class Decoder:
    """Decodes uploads, each in a process of its own, so many at a time. One an event loop."""

    def __init__(self, *, concurrency: int | None = None, most_in_flight: int) -> None:
        """`concurrency` is how many processes may run at once: the number of CPUs by default.

        `most_in_flight` counts them and those that wait for their turn.
        """
        self._slots = asyncio.Semaphore(concurrency or os.cpu_count() or 1)
        self._most_in_flight = most_in_flight
        self._in_flight = 0
        self._program = DecoderProgram()

    async def decode(self, recording: BinaryIO, *, timeout_seconds: float) -> DecodedAudio:
        """Return the sound in the file `recording`, whatever its name or declared type.

        The file goes to the decoder as it is and never into this process's memory. `timeout_seconds`
        bounds the wait for a turn and the decoding together. Cancelling the call ends the process.
        Raises `UnsupportedAudioError`, `InvalidAudioError`, `AudioTooLongError` or `UploadsBusyError`.
        """
        demuxer = demuxer_of(recording)
        if self._in_flight >= self._most_in_flight:
            raise UploadsBusyError
        self._in_flight += 1
        try:
            async with asyncio.timeout(timeout_seconds), self._slots:
                outcome, flac = await self._running_program().decode(demuxer, recording)
        except (TimeoutError, DecoderLostError):
            raise UploadsBusyError from None
        finally:
            self._in_flight -= 1
        _refuse(outcome)
        return DecodedAudio(flac, _flac_seconds(flac))

    def _running_program(self) -> DecoderProgram:
        if self._program.has_ended():
            self._program.close()
            try:
                self._program = DecoderProgram()
            except OSError as error:
                raise DecoderLostError from error
        return self._program

    def close(self) -> None:
        """End the decoder program."""
        self._program.close()


def _refuse(outcome: int) -> None:
    if outcome == Outcome.TOO_LONG:
        raise AudioTooLongError(f"Please keep the recording under {MAX_SECONDS:.0f} seconds.")
    if outcome == -signal.SIGKILL:
        # Whoever killed it, the file did not: its own limits end a decoder by other signals.
        raise UploadsBusyError
    if outcome != Outcome.OK:
        raise InvalidAudioError("We could not hear anything in this audio file. Please record again.")


def demuxer_of(recording: BinaryIO) -> str:
    """Return what `sniff` finds. Raises `UnsupportedAudioError` where that is nothing we take."""
    demuxer = sniff(recording)
    if demuxer is None:
        raise UnsupportedAudioError(
            "This file is not a kind of audio we can read. "
            "Please send WAV, MP3, M4A, MP4, 3GP, AAC, OGG, Opus, WebM, MKV, FLAC, AIFF or AMR."
        )
    return demuxer


def sniff(recording: BinaryIO) -> str | None:
    """Return the FFmpeg demuxer for the container in the file, None where it is not one we take.

    Its beginning is enough, except to look behind an ID3 tag, which is taken for MP3's.
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
    return _CHUNKED.get((head[:4], head[8:12])) or ("mp3" if _is_mp3(head) else None)


def _sniff_behind_id3(head: bytes, recording: BinaryIO) -> str | None:
    """Look past an ID3 tag, which precedes MP3, sometimes FLAC; its length is four bytes of seven bits."""
    size = head[6:_ID3_HEADER_BYTES]
    if len(size) < 4 or max(size) > 0x7F:
        return None
    end = _ID3_HEADER_BYTES + sum(byte << shift for byte, shift in zip(size, (21, 14, 7, 0), strict=True))
    recording.seek(end)
    return "flac" if recording.read(4) == b"fLaC" else "mp3"


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


def _flac_seconds(flac: bytes) -> float:
    """Return the length the STREAMINFO block gives: the low 36 bits of its bytes 10–17."""
    return (int.from_bytes(flac[18:26]) & (1 << 36) - 1) / DECODED_RATE
