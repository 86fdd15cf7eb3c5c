"""What the API and its decoder process agree on. Light: both sides import it at start."""

from enum import IntEnum

DECODED_RATE = 16_000
"""Samples a second of the decoder's output, which is mono and 16-bit."""

MIN_SECONDS = 0.1
MAX_SECONDS = 60.0
PADDING_SECONDS = 0.1
"""What encoders add around a recording: tolerated on top of `MAX_SECONDS`."""


class Outcome(IntEnum):
    """The decoder's exit status. Any other (a crash, a limit hit) means `INVALID`, except a SIGKILL.

    The numbers keep clear of those Python itself exits with (1 for a traceback, 2 for bad usage).
    """

    OK = 0
    INVALID = 10
    TOO_LONG = 11
