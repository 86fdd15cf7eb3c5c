"""Decodes uploads: once each, in a process of its own, when it is their turn."""

import asyncio
import math
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from loky import cpu_count

from api.decoding.client import DecoderLostError, DecoderProgram
from api.decoding.errors import (
    AudioTooLongError,
    InvalidAudioError,
    TooManyUploadsError,
    UploadsBusyError,
)
from api.decoding.protocol import DECODED_RATE, Outcome


@dataclass(frozen=True, slots=True)
class DecodedAudio:
    """A recording as the workers read it: FLAC, mono, 16 kHz, 16-bit; `seconds` long."""

    flac: bytes
    seconds: float


@dataclass(frozen=True, slots=True)
class DecoderLimits:
    """How many recordings may be decoded at once, and how many be decoded or wait: of all, and of a client.

    One client has half of the decoders, so that what it sends, however costly, leaves the rest to others.
    """

    at_once: int
    in_flight: int
    in_flight_of_client: int

    @property
    def at_once_of_client(self) -> int:
        """How many recordings of one client may be decoded at once."""
        return max(1, self.at_once // 2)


def decoders_of_a_process(processes: int) -> int:
    """Return how many recordings one of so many API processes should decode at once: its part of the CPUs.

    CPUs count as far as the container's quota and the process's affinity allow them. There are two decoders
    at least, or one client would hold them all.
    """
    cpus: int = cpu_count()
    return max(2, math.ceil(cpus / processes))


@dataclass(slots=True)
class _Share:
    """One client's use of the decoder."""

    turns: asyncio.Semaphore
    in_flight: int = field(default=0)


class Decoder:
    """Decodes uploads, each in a process of its own, so many at a time. One an event loop."""

    def __init__(self, limits: DecoderLimits) -> None:
        self._limits = limits
        self._turns = asyncio.Semaphore(limits.at_once)
        self._shares: dict[str, _Share] = {}
        self._program = DecoderProgram()

    async def decode(
        self,
        recording: BinaryIO,
        demuxer: str,
        *,
        client: str,
        timeout_seconds: float,
        most_of_client: int | None = None,
    ) -> DecodedAudio:
        """Return the sound in the file `recording`, which FFmpeg's `demuxer` is to read.

        The file goes to the decoder as it is and never into this process's memory. `client` says whose
        share of the decoders it takes, `most_of_client` how many of theirs may be decoded or wait if that is
        not as for all. `timeout_seconds` bounds the wait for a turn and the decoding
        together. Cancelling the call ends the process.
        Raises `InvalidAudioError`, `AudioTooLongError`, `TooManyUploadsError` or `UploadsBusyError`.
        """
        try:
            with self._admitted(client, most_of_client or self._limits.in_flight_of_client) as share:
                # A client's own turn comes first, so that only as many of its recordings as may be decoded
                # at once stand in the line of all.
                async with asyncio.timeout(timeout_seconds), share.turns, self._turns:
                    outcome, flac = await self._running_program().decode(demuxer, recording)
        except (TimeoutError, DecoderLostError):
            raise UploadsBusyError from None
        _refuse(outcome)
        return DecodedAudio(flac, _flac_seconds(flac))

    @contextmanager
    def _admitted(self, client: str, most: int) -> Iterator[_Share]:
        """Count a recording of the client in the block. Raises where there are too many."""
        share = self._shares.get(client) or _Share(asyncio.Semaphore(self._limits.at_once_of_client))
        if share.in_flight >= most:
            raise TooManyUploadsError(retry_after_seconds=1)
        if sum(each.in_flight for each in self._shares.values()) >= self._limits.in_flight:
            raise UploadsBusyError
        self._shares[client] = share
        share.in_flight += 1
        try:
            yield share
        finally:
            share.in_flight -= 1
            if share.in_flight == 0:
                del self._shares[client]

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
        raise AudioTooLongError
    if outcome == -signal.SIGKILL:
        # Whoever killed it, the file did not: its own limits end a decoder by other signals.
        raise UploadsBusyError
    if outcome != Outcome.OK:
        raise InvalidAudioError("We could not hear anything in this audio file. Please record again.")


def _flac_seconds(flac: bytes) -> float:
    """Return the length the STREAMINFO block gives: the low 36 bits of its bytes 10–17."""
    return (int.from_bytes(flac[18:26]) & (1 << 36) - 1) / DECODED_RATE
