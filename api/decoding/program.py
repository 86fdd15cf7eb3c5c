"""The program that decodes uploads, each in a process of its own: `python -m api.decoding.program <socket>`.

It loads what decoding needs once and then forks: a process for each upload that comes over the socket,
whose descriptor's number is its argument (`api.decoding.client` holds the other end). Loading takes 150 ms,
forking 3.

That process reads a recording from the file it is given, decodes it (`api.decoding.transcoding`) and answers
on the upload's channel with FLAC, and that it ended well; else its exit status is an `Outcome`.

Media parsing is where an upload can do harm, so it happens there, under limits the process sets for itself.
"""

import gc
import math
import os
import resource
import select
import selectors
import signal
import socket
import sys
import wave
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import NoReturn

import av

from api.decoding.protocol import (
    DECODED,
    DECODED_RATE,
    ENDED,
    MAX_BYTES,
    MAX_SECONDS,
    MIN_SECONDS,
    REQUEST_MAX_BYTES,
    WORD,
    Outcome,
)
from api.decoding.transcoding import UndecodableError, transcode
from shared.parent_death import end_with_parent

LIMITS = {
    # With 181 MB, of which 62 are its own, the largest of recordings is decoded.
    resource.RLIMIT_AS: 256 * 1024 * 1024,
    # A minute takes 0.7 s at most, in Opus frames of 2.5 ms.
    resource.RLIMIT_CPU: math.ceil(MAX_SECONDS / 30),
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_FSIZE: 0,
    resource.RLIMIT_NOFILE: 8,
}

_WORK = 3  # the descriptor on which a child is handed its upload

_program = os.getpid()


def limit_this_process() -> None:
    """Set this process's resource limits for decoding; they cannot be raised again."""
    for limit, value in LIMITS.items():
        # Out of CPU seconds is told by SIGXCPU; only a second later comes the SIGKILL of the hard limit.
        hard = value + 1 if limit == resource.RLIMIT_CPU else value
        resource.setrlimit(limit, (value, hard))


def _decode_one_and_exit(work: socket.socket, *, practises: bool) -> NoReturn:
    """Be the child: take limits on, practise, wait for an upload, decode it, answer, and end in any case."""
    status = 1
    try:
        end_with_parent(_program)
        os.dup2(work.fileno(), _WORK)
        os.closerange(_WORK + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        limit_this_process()
        if practises and not select.select([_WORK], [], [], 0)[0]:
            with suppress(UndecodableError, av.FFmpegError, ValueError, MemoryError):
                _practise()
        with socket.socket(fileno=_WORK) as own:
            request, (recording, channel), _, _ = socket.recv_fds(own, REQUEST_MAX_BYTES, 2)
        os.dup2(recording, sys.stdin.fileno())
        os.dup2(channel, sys.stdout.fileno())
        os.closerange(sys.stderr.fileno() + 1, LIMITS[resource.RLIMIT_NOFILE])
        status = _decode_stdin(request.decode())
    finally:
        os._exit(status)


def _practise() -> None:
    """Decode silence, so that the memory which decoding takes is there before it is needed."""
    silence = BytesIO()
    with wave.open(silence, "wb") as writer:
        writer.setparams((1, 2, DECODED_RATE, 0, "NONE", ""))
        writer.writeframes(bytes(2 * round(2 * MIN_SECONDS * DECODED_RATE)))
    transcode(silence.getvalue(), "wav")


def _decode_stdin(demuxer: str) -> Outcome:
    data = sys.stdin.buffer.read(MAX_BYTES)
    try:
        flac = transcode(data, demuxer)
    except UndecodableError as error:
        return error.outcome
    except (av.FFmpegError, ValueError, MemoryError):
        return Outcome.INVALID
    sys.stdout.buffer.write(WORD.pack(DECODED, len(flac)) + flac + WORD.pack(ENDED, Outcome.OK))
    sys.stdout.buffer.flush()
    return Outcome.OK


@dataclass(slots=True, eq=False)
class _Child:
    """A process that decodes one upload, or waits for it; `channel` is where that upload is answered."""

    pid: int
    work: socket.socket
    channel: socket.socket | None = None


def _hand_over(child: _Child, request: bytes, descriptors: list[int]) -> _Child:
    try:
        socket.send_fds(child.work, [request], descriptors)
    except OSError:
        os.kill(child.pid, signal.SIGKILL)  # or it would wait for ever; it is reaped like any other
        raise
    return child


class DecoderServer:
    """Forks a child for each upload and reports its end. Single-threaded, because it forks.

    One child is forked beforehand, while nothing is decoded: one that has practised takes a third less time.
    """

    def __init__(self, uploads: socket.socket) -> None:
        self._uploads = uploads
        self._selector = selectors.DefaultSelector()
        self._selector.register(uploads, selectors.EVENT_READ)
        self._spare: _Child | None = None

    def serve(self) -> None:
        """Serve until the other end of the socket is closed."""
        self._prepare()
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is not self._uploads:
                    self._finish(key.data)
                elif not self._take():
                    return

    def _prepare(self) -> None:
        """Fork a child for the next upload. Where none can be had now, that upload tries again."""
        with suppress(OSError):
            self._spare = self._fork(practises=True)

    def _take(self) -> bool:
        """Begin the next upload; tell whether there may be more."""
        request, descriptors, _, _ = socket.recv_fds(self._uploads, REQUEST_MAX_BYTES, 2)
        try:
            if request:
                self._begin(request, *descriptors)
        except (OSError, TypeError, ValueError):
            # No process or descriptor is left, or the packet is none of ours: its channel is closed.
            return True
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return bool(request)

    def _begin(self, request: bytes, recording: int, answering: int) -> None:
        channel = socket.socket(fileno=os.dup(answering))
        try:
            child = self._taker(request, [recording, answering])
            # Whichever comes first: the child's end, or that nobody waits for it any more.
            self._selector.register(channel, selectors.EVENT_READ, child)
        except OSError:
            channel.close()
            raise
        child.channel = channel

    def _taker(self, request: bytes, descriptors: list[int]) -> _Child:
        """Hand the upload to the child that waits; where none waits, or it has just died, to a new one."""
        spare, self._spare = self._spare, None
        if spare is not None:
            with suppress(OSError):
                return _hand_over(spare, request, descriptors)
        return _hand_over(self._fork(practises=False), request, descriptors)

    def _fork(self, *, practises: bool) -> _Child:
        work, its_end = socket.socketpair()
        with its_end:
            pid = os.fork()
            if pid == 0:
                _decode_one_and_exit(its_end, practises=practises)
        child = _Child(pid, work)
        try:
            self._selector.register(os.pidfd_open(pid), selectors.EVENT_READ, child)
        except OSError:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            work.close()
            raise
        return child

    def _finish(self, child: _Child) -> None:
        """Reap the child, killing it if it still runs, and report on its channel how it ended."""
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
        child.work.close()
        if child.channel is None:
            # It died waiting. Another comes behind the next upload: at once, it could go on so for ever.
            self._spare = None
            return
        with child.channel, suppress(OSError):
            child.channel.sendall(WORD.pack(ENDED, os.waitstatus_to_exitcode(status)))
        if len(self._selector.get_map()) == 1:  # nothing is decoded, and no spare child waits
            self._prepare()


def main() -> None:
    """Serve the uploads that come over the socket named by the first argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the API's to hear
    gc.collect()
    gc.freeze()  # what is loaded is shared with every child, as long as nobody writes to it
    with socket.socket(fileno=int(sys.argv[1])) as uploads:
        DecoderServer(uploads).serve()


if __name__ == "__main__":
    main()
