"""The protocol between the API and its decoder program. Light: both sides import it at start.

An upload is a packet: the demuxer's name, and the descriptors of the recording and of its channel. The answer
on that is a word and a number, `ENDED` and how the upload's process ended, as `subprocess` counts it. Before
them, where something was decoded, come `DECODED`, how many bytes it is, and the bytes. A process that decoded
says itself that it ended well, for the time that it takes to end is then nobody's; all else the program says.
"""

from enum import IntEnum
from struct import Struct

REQUEST_MAX_BYTES = 64
DECODED, ENDED = b"decoded\0", b"ended\0\0\0"
WORD = Struct("!8si")

DECODED_RATE = 16_000
"""Samples a second of the decoder's output, which is mono and 16-bit."""

MAX_BYTES = 10 * 1024 * 1024
"""The size of the largest recording, as sent."""

MIN_SECONDS = 0.1
MAX_SECONDS = 60.0
"""The longest recording. What else depends on it: "A longer recording" in docs/development.md."""
PADDING_SECONDS = 0.1
"""Padding that encoders add to a recording: tolerated on top of `MAX_SECONDS`."""
LONGEST_SECONDS = MAX_SECONDS + PADDING_SECONDS


class Outcome(IntEnum):
    """An upload's process's exit status. Any other (a crash, a limit hit) means `INVALID`, except a SIGKILL.

    The numbers keep clear of those Python itself exits with (1 for a traceback, 2 for bad usage).
    """

    OK = 0
    INVALID = 10
    TOO_LONG = 11
    TOO_COSTLY = 12
