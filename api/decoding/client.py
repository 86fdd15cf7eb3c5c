"""The API's side of the decoder program: starts it, sends it uploads, and receives each result."""

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

from api.decoding.protocol import DECODED, DECODED_RATE, ENDED, LONGEST_SECONDS, WORD, Outcome

PROJECT_ROOT = Path(__file__).resolve().parents[2]

# Our own code is found by PYTHONPATH; -s and -P keep every other directory off the program's path.
_COMMAND = (sys.executable, "-s", "-P", "-m", "api.decoding.program")
_ENVIRONMENT = {
    "PYTHONPATH": str(PROJECT_ROOT),
    "PYTHONDONTWRITEBYTECODE": "1",
    # Memory that a child has practised with stays its own; glibc would return blocks so large.
    "MALLOC_MMAP_THRESHOLD_": str(32 * 1024**2),
    "MALLOC_TRIM_THRESHOLD_": str(64 * 1024**2),
}

# The longest recording as 16-bit samples, and 5 % more: FLAC of mere noise is 1 % longer than they are.
_ANSWER_MAX_BYTES = round(2 * DECODED_RATE * LONGEST_SECONDS * 1.05)


class DecoderLostError(Exception):
    """The decoder program ended before it reported on the upload."""


class DecoderProgram:
    """The running decoder program. If it has ended, the next upload starts another."""

    def __init__(self) -> None:
        self._uploads, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._uploads.setblocking(False)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [*_COMMAND, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=_ENVIRONMENT,
            )

    @property
    def pid(self) -> int:
        """The program's process id."""
        return self._process.pid

    def has_ended(self) -> bool:
        """Tell whether the program runs no more."""
        return self._process.poll() is not None

    async def decode(self, demuxer: str, recording: BinaryIO) -> tuple[int, bytes]:
        """Return how the upload's process ended, as `subprocess` counts it, and what it answered.

        The file goes to it as it is, never into this process's memory. Cancelling the call ends the process.
        Raises `DecoderLostError`.
        """
        recording.flush()
        os.lseek(recording.fileno(), 0, os.SEEK_SET)  # the position that the process inherits
        channel, theirs = socket.socketpair()
        with theirs:
            try:
                descriptors = [recording.fileno(), theirs.fileno()]
                socket.send_fds(self._uploads, [demuxer.encode()], descriptors)
            except OSError as error:
                channel.close()
                raise DecoderLostError from error
        reader, writer = await asyncio.open_unix_connection(sock=channel)
        try:
            return await _answer(reader)
        except (OSError, EOFError) as error:
            raise DecoderLostError from error
        finally:
            writer.close()

    def close(self) -> None:
        """Stop the program and its decoders."""
        self._uploads.close()
        self._process.kill()
        self._process.wait()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return how the process ended and what it decoded. Raises `OSError`, `EOFError`, `DecoderLostError`."""
    word, number = WORD.unpack(await reader.readexactly(WORD.size))
    decoded = b""
    if word == DECODED:
        if not 0 <= number <= _ANSWER_MAX_BYTES:
            # No recording that we take is so long: whoever says so is no decoder any more.
            return Outcome.INVALID, b""
        try:
            answer = await reader.readexactly(number + WORD.size)
        except asyncio.IncompleteReadError as error:
            answer = error.partial  # it died at it, and the program has said how
        decoded, end = answer[: -WORD.size], answer[-WORD.size :]
        if len(end) < WORD.size:
            raise DecoderLostError
        word, number = WORD.unpack(end)
    if word != ENDED:
        raise DecoderLostError
    return number, decoded
