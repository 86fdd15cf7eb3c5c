"""The process that decodes one upload: `python -m api.decoder <demuxer>`.

It reads a container from standard input, decodes its first audio stream and writes it to standard
output as FLAC: mono, 16 kHz, 16-bit. Its exit status is an `Outcome`; it says nothing else.

Media parsing is where an upload can do harm, so it happens here, under limits the process sets for
itself, with one demuxer, a list of codecs and no way to open a file or an address. Durations are
counted from decoded samples; what a header claims is never believed.
"""

import resource
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import BytesIO
from itertools import groupby
from typing import NoReturn

import av

from api.decoder_protocol import DECODED_RATE, MAX_SECONDS, MIN_SECONDS, PADDING_SECONDS, Outcome

MAX_INPUT_BYTES = 10 * 1024 * 1024
LONGEST_SECONDS = MAX_SECONDS + PADDING_SECONDS
SOURCE_RATES = range(4_000, 192_001)

CODECS = (
    "aac,alac,amrnb,amrwb,flac,mp3,mp3float,opus,vorbis,adpcm_ima_qt,adpcm_ima_wav,adpcm_ms,gsm,gsm_ms,"
    "pcm_alaw,pcm_mulaw,pcm_s8,pcm_u8,pcm_s16be,pcm_s16le,pcm_s24be,pcm_s24le,pcm_s32be,pcm_s32le,pcm_s64le,"
    "pcm_f32be,pcm_f32le,pcm_f64be,pcm_f64le"
)

LIMITS = {
    resource.RLIMIT_AS: 1024 * 1024 * 1024,
    resource.RLIMIT_CPU: 4,
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_FSIZE: 0,
    resource.RLIMIT_NOFILE: 8,
}


class RefusedError(Exception):
    """The input is not an acceptable recording; `outcome` says in what way."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.name)
        self.outcome = outcome


def decode(data: bytes, demuxer: str) -> bytes:
    """Return the first audio stream of the container `data` as FLAC.

    Raises `RefusedError`, or `av.FFmpegError` or `ValueError` where FFmpeg or PyAV gives up.
    """
    with av.open(
        BytesIO(data),
        "r",
        format=demuxer,
        metadata_errors="replace",
        options={"codec_whitelist": CODECS},
        io_open=_open_nothing,
    ) as container:
        return _encode(_resample(_bounded(_frames(container))))


def _open_nothing(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    """Refuse a container that points at other files or at addresses."""
    raise RefusedError(Outcome.INVALID)


def _frames(container: av.container.InputContainer) -> Iterator[av.AudioFrame]:
    """Decode what can be decoded: undecodable packets are skipped, an unreadable rest is left out."""
    stream = next(iter(container.streams.audio), None)
    if stream is None or stream.codec_context is None or stream.codec_context.name not in CODECS.split(","):
        raise RefusedError(Outcome.INVALID)
    with suppress(av.FFmpegError):
        for packet in container.demux(stream):
            with suppress(av.FFmpegError):
                yield from packet.decode()


def _bounded(frames: Iterable[av.AudioFrame]) -> Iterator[av.AudioFrame]:
    """Pass frames on until they add up to too much time, before resampling can multiply them."""
    seconds = 0.0
    for frame in frames:
        if frame.sample_rate not in SOURCE_RATES:
            raise RefusedError(Outcome.INVALID)
        seconds += frame.samples / frame.sample_rate
        if seconds > LONGEST_SECONDS:
            raise RefusedError(Outcome.TOO_LONG)
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
                raise RefusedError(Outcome.TOO_LONG)
            container.mux(stream.encode(frame))
        if samples < MIN_SECONDS * DECODED_RATE:
            raise RefusedError(Outcome.INVALID)
        container.mux(stream.encode(None))
    return output.getvalue()


def limit_this_process() -> None:
    """Give this process the limits it decodes under; they cannot be raised again."""
    for limit, value in LIMITS.items():
        # Out of CPU seconds is told by SIGXCPU; only a second later comes the SIGKILL of the hard limit.
        hard = value + 1 if limit == resource.RLIMIT_CPU else value
        resource.setrlimit(limit, (value, hard))


def main() -> Outcome:
    """Limit this process, then decode standard input with the demuxer named by the first argument."""
    limit_this_process()
    data = sys.stdin.buffer.read(MAX_INPUT_BYTES)
    try:
        flac = decode(data, sys.argv[1])
    except RefusedError as refused:
        return refused.outcome
    except (av.FFmpegError, ValueError):
        return Outcome.INVALID
    sys.stdout.buffer.write(flac)
    return Outcome.OK


if __name__ == "__main__":
    sys.exit(main())
