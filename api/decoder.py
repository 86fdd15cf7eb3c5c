"""The program that decodes uploads, each in a process of its own: `python -m api.decoder <socket>`.

It loads what decoding needs once and then forks: a process for each upload that comes over the socket, whose
descriptor's number is its argument (`api.decoding` holds the other end). Loading takes 150 ms, forking 3.

That process reads a container from the file it is given, decodes its first audio stream and answers on the
upload's channel with FLAC: mono, 16 kHz, 16-bit. Its exit status is an `Outcome`; it says nothing else.

Media parsing is where an upload can do harm, so it happens there, under limits the process sets for
itself, with one demuxer, a list of codecs and no way to open a file or an address. Durations are
counted from decoded samples; what a header claims is never believed.
"""

import ctypes
import gc
import os
import resource
import selectors
import signal
import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from itertools import groupby
from typing import NoReturn

import av

from api.decoder_protocol import (
    DECODED_RATE,
    ENDED,
    MAX_SECONDS,
    MIN_SECONDS,
    PADDING_SECONDS,
    REQUEST_MAX_BYTES,
    STATUS,
    Outcome,
)

MAX_INPUT_BYTES = 10 * 1024 * 1024
LONGEST_SECONDS = MAX_SECONDS + PADDING_SECONDS
SOURCE_RATES = range(4_000, 192_001)

CODECS = (
    "aac,alac,amrnb,amrwb,flac,mp3,mp3float,opus,vorbis,adpcm_ima_qt,adpcm_ima_wav,adpcm_ms,gsm,gsm_ms,"
    "pcm_alaw,pcm_mulaw,pcm_s8,pcm_u8,pcm_s16be,pcm_s16le,pcm_s24be,pcm_s24le,pcm_s32be,pcm_s32le,pcm_s64le,"
    "pcm_f32be,pcm_f32le,pcm_f64be,pcm_f64le"
)

PROBE_BYTES = 64 * 1024
"""What FFmpeg decodes beforehand to learn about the sound; its own 5 MB would be most recordings, twice."""

LIMITS = {
    resource.RLIMIT_AS: 1024 * 1024 * 1024,
    resource.RLIMIT_CPU: 4,
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_FSIZE: 0,
    resource.RLIMIT_NOFILE: 8,
}


_PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None).prctl
_program = os.getpid()


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
        options={"codec_whitelist": CODECS, "probesize": str(PROBE_BYTES)},
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


def end_with_the_program() -> None:
    """Have this process killed when the program that forked it ends."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != _program:
        os._exit(Outcome.INVALID)


def limit_this_process() -> None:
    """Give this process the limits it decodes under; they cannot be raised again."""
    for limit, value in LIMITS.items():
        # Out of CPU seconds is told by SIGXCPU; only a second later comes the SIGKILL of the hard limit.
        hard = value + 1 if limit == resource.RLIMIT_CPU else value
        resource.setrlimit(limit, (value, hard))


def _decode_and_exit(demuxer: str, recording: int, channel: int) -> NoReturn:
    """Be the child: keep two descriptors, take limits on, decode, answer, and end whatever happens."""
    status = 1
    try:
        end_with_the_program()
        os.dup2(recording, sys.stdin.fileno())
        os.dup2(channel, sys.stdout.fileno())
        os.closerange(sys.stderr.fileno() + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        limit_this_process()
        status = _decode_stdin(demuxer)
    finally:
        os._exit(status)


def _decode_stdin(demuxer: str) -> Outcome:
    data = sys.stdin.buffer.read(MAX_INPUT_BYTES)
    try:
        flac = decode(data, demuxer)
    except RefusedError as refused:
        return refused.outcome
    except (av.FFmpegError, ValueError):
        return Outcome.INVALID
    sys.stdout.buffer.write(flac)
    sys.stdout.buffer.flush()
    return Outcome.OK


@dataclass(frozen=True, slots=True)
class _Child:
    """A process that decodes, and the channel on which its upload is answered."""

    pid: int
    channel: socket.socket


class DecoderServer:
    """Forks a child for each upload and tells how it ended. Single-threaded, as whatever forks must be."""

    def __init__(self, uploads: socket.socket) -> None:
        self._uploads = uploads
        self._selector = selectors.DefaultSelector()
        self._selector.register(uploads, selectors.EVENT_READ)

    def serve(self) -> None:
        """Serve until the other end of the socket is closed."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is not self._uploads:
                    self._finish(key.data)
                elif not self._take():
                    return

    def _take(self) -> bool:
        """Begin the next upload; tell whether there may be more."""
        request, descriptors, _, _ = socket.recv_fds(self._uploads, REQUEST_MAX_BYTES, 2)
        try:
            if request:
                self._begin(request.decode(), *descriptors)
        except (OSError, TypeError, ValueError):
            # No process or descriptor is left, or the packet is none of ours: its channel is closed.
            return True
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return bool(request)

    def _begin(self, demuxer: str, recording: int, answering: int) -> None:
        pid = os.fork()
        if pid == 0:
            _decode_and_exit(demuxer, recording, answering)
        try:
            child = _Child(pid, socket.socket(fileno=os.dup(answering)))
            # Whichever comes first: the child's end, or that nobody waits for it any more.
            self._selector.register(os.pidfd_open(pid), selectors.EVENT_READ, child)
            self._selector.register(child.channel, selectors.EVENT_READ, child)
        except OSError:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise

    def _finish(self, child: _Child) -> None:
        """Reap the child, ending it if it still runs, and tell on its channel how it ended."""
        keys = [key for key in self._selector.get_map().values() if key.data is child]
        if not keys:
            return  # it ended, and was given up, in one moment
        for key in keys:
            self._selector.unregister(key.fileobj)
            if key.fileobj is not child.channel:
                os.close(key.fd)
        ended, status = os.waitpid(child.pid, os.WNOHANG)
        if not ended:
            os.kill(child.pid, signal.SIGKILL)
            _, status = os.waitpid(child.pid, 0)
        with child.channel, suppress(OSError):
            child.channel.sendall(STATUS.pack(ENDED, os.waitstatus_to_exitcode(status)))


def main() -> None:
    """Serve the uploads that come over the socket named by the first argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the API's to hear
    gc.collect()
    gc.freeze()  # what is loaded is shared with every child, as long as nobody writes to it
    with socket.socket(fileno=int(sys.argv[1])) as uploads:
        DecoderServer(uploads).serve()


if __name__ == "__main__":
    main()
