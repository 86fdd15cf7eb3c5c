"""Turns a recording of any container into FLAC: mono, 16 kHz, 16-bit. Only the decoder program runs it.

One demuxer, a list of codecs, and no way to open a file or an address. Durations are counted from decoded
samples; what a header claims is never believed. What a recording may cost is bounded by the `Budget` and by
the limits of the process (`api.decoding.program`): a few bytes can name millions of packets.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import BytesIO
from itertools import groupby
from typing import NoReturn

import av
import av.subtitles.stream  # PyAV loads it with the first container: here, before anything is forked
from av.stream import Discard

from api.decoding.protocol import DECODED_RATE, LONGEST_SECONDS, MAX_SECONDS, MIN_SECONDS, Outcome

SOURCE_RATES = range(4_000, 192_001)

CODECS = frozenset(
    (
        *("aac", "alac", "amrnb", "amrwb", "flac", "mp3", "mp3float", "opus", "vorbis"),
        *("adpcm_ima_qt", "adpcm_ima_wav", "adpcm_ms", "gsm", "gsm_ms", "pcm_alaw", "pcm_mulaw"),
        *("pcm_s8", "pcm_u8", "pcm_s16be", "pcm_s16le", "pcm_s24be", "pcm_s24le", "pcm_s32be", "pcm_s32le"),
        *("pcm_s64le", "pcm_f32be", "pcm_f32le", "pcm_f64be", "pcm_f64le"),
    )
)

PROBE_BYTES = 64 * 1024
"""What FFmpeg decodes beforehand to learn about the sound; its own 5 MB would be most recordings, twice."""

MAX_STREAMS = 16
"""Phones write up to ten: sound, pictures, and what their sensors said."""

_SHORTEST_FRAME_SECONDS = 0.0025  # of those in use; Opus's
_AMR_FRAME_SECONDS = 0.020

MAX_PACKETS = round(MAX_SECONDS / _SHORTEST_FRAME_SECONDS * 4 / 3)
"""A third more than the longest recording has in the shortest frames: for pictures beside it."""

MAX_SOUNDLESS_PACKETS = round(MAX_SECONDS / _AMR_FRAME_SECONDS * 16 / 15)
"""Somewhat more than the longest recording has in AMR, where a phone sends no sound while nobody speaks."""


class UndecodableError(Exception):
    """The input is no recording, is too long or costs too much to decode; `outcome` says which."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.name)
        self.outcome = outcome


class Budget:
    """How many packets of a recording are still looked at."""

    def __init__(self) -> None:
        self._packets = MAX_PACKETS
        self._soundless = MAX_SOUNDLESS_PACKETS

    def spend_packet(self) -> None:
        """Count a packet. Raises `UndecodableError` where there were too many."""
        self._packets -= 1
        if self._packets < 0:
            raise UndecodableError(Outcome.TOO_COSTLY)

    def spend_soundless(self) -> None:
        """Count a packet that gave no sound. Raises `UndecodableError` where there were too many."""
        self._soundless -= 1
        if self._soundless < 0:
            raise UndecodableError(Outcome.TOO_COSTLY)


def transcode(data: bytes, demuxer: str) -> bytes:
    """Return as FLAC the first audio stream of the container `data` that can be decoded.

    Raises `UndecodableError`, `MemoryError`, or, where FFmpeg or PyAV gives up, `av.FFmpegError` or
    `ValueError`.
    """
    budget = Budget()
    for place in range(MAX_STREAMS):
        # Opened anew for each stream that is tried: what is left of a stream that failed is not known.
        with _open(data, demuxer) as container:
            streams = [stream for stream in container.streams.audio if _is_known(stream)]
            if place >= len(streams):
                break
            with suppress(av.FFmpegError, ValueError):
                return _encode(_resample(_bounded(_frames(container, streams[place], budget))))
    raise UndecodableError(Outcome.INVALID)


def _open(data: bytes, demuxer: str) -> av.container.InputContainer:
    return av.open(
        BytesIO(data),
        "r",
        format=demuxer,
        metadata_errors="replace",
        options={
            "codec_whitelist": ",".join(CODECS),
            "max_streams": str(MAX_STREAMS),
            "probesize": str(PROBE_BYTES),
        },
        io_open=_open_nothing,
    )


def _open_nothing(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    """Refuse a container that points at other files or at addresses."""
    raise UndecodableError(Outcome.INVALID)


def _is_known(stream: av.AudioStream) -> bool:
    return stream.codec_context is not None and stream.codec_context.name in CODECS


def _frames(
    container: av.container.InputContainer, stream: av.AudioStream, budget: Budget
) -> Iterator[av.AudioFrame]:
    """Decode what can be decoded: undecodable packets are skipped, an unreadable rest is left out."""
    stream.codec_context.thread_count = 1
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    with suppress(av.FFmpegError):
        for packet in container.demux():
            budget.spend_packet()
            if packet.stream.index != stream.index:
                continue
            frames: list[av.AudioFrame] = []
            with suppress(av.FFmpegError):
                frames = stream.decode(packet)
            if not frames:
                budget.spend_soundless()
            yield from frames


def _bounded(frames: Iterable[av.AudioFrame]) -> Iterator[av.AudioFrame]:
    """Pass frames on until they add up to too much time, before resampling can multiply them."""
    seconds = 0.0
    for frame in frames:
        if frame.sample_rate not in SOURCE_RATES:
            raise ValueError("no recording has this sample rate")
        seconds += frame.samples / frame.sample_rate
        if seconds > LONGEST_SECONDS:
            raise UndecodableError(Outcome.TOO_LONG)
        yield frame


def _shape(frame: av.AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _resample(frames: Iterable[av.AudioFrame]) -> Iterator[av.AudioFrame]:
    """Convert to the output's rate and format; each run of equal frames gets its own resampler."""
    for _, run in groupby(frames, key=_shape):
        resampler = av.AudioResampler(format="s16", layout="mono", rate=DECODED_RATE, frame_size=DECODED_RATE)
        for frame in run:
            # Timestamps of broken files jump; only the samples count.
            frame.pts = None
            yield from resampler.resample(frame)
        yield from resampler.resample(None)


def _encode(frames: Iterable[av.AudioFrame]) -> bytes:
    output = BytesIO()
    samples = 0
    with av.open(output, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=DECODED_RATE, layout="mono", format="s16")
        for frame in frames:
            frame.pts = samples
            samples += frame.samples
            if samples > LONGEST_SECONDS * DECODED_RATE:
                raise UndecodableError(Outcome.TOO_LONG)
            container.mux(stream.encode(frame))
        if samples < MIN_SECONDS * DECODED_RATE:
            raise ValueError("too little sound")
        container.mux(stream.encode(None))
    return output.getvalue()
