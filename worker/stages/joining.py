"""Joins the pieces of an answer into one sound, made of their encoded frames as they are."""

from collections.abc import Sequence
from io import BytesIO
from math import ceil

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer

from worker.errors import EngineUnavailableError
from worker.speech.pauses import SHORT_PAUSE_SECONDS

_DELAY = 1_105
"""How many samples a decoder gives before the first that was encoded: 576 are LAME's, 529 any decoder's."""


def join_mp3(pieces: Sequence[bytes]) -> bytes:
    """Return the pieces, one MP3 each, as one that plays them in a row and is as long as they are together.

    The pieces are made by `encode_mp3` and end with a pause (`worker.speech.pauses`); there is at least one,
    and one alone is returned as it is. Nothing is encoded again: what is heard of a piece is, sample for
    sample, what is heard of it alone. Frames cannot be divided, so a piece begins up to half a frame (12 ms
    at 24 kHz) early or late, which does not add up; below 16 kHz, where frames are long, up to a whole one
    late.

    Raises `EngineUnavailableError` where a piece is damaged or has another sample rate than the first.
    """
    if len(pieces) == 1:
        return pieces[0]
    output = BytesIO()
    try:
        with av.open(output, "w", format="mp3") as container:
            whole = _Whole(container)
            for piece in pieces[:-1]:
                whole.add(piece)
            whole.add(pieces[-1], is_last=True)
    except (av.FFmpegError, IndexError) as error:
        raise EngineUnavailableError("The speech could not be joined.") from error
    return output.getvalue()


class _Whole:
    """Takes the frames of pieces; the container writes their number and length into its header."""

    def __init__(self, container: OutputContainer) -> None:
        self._container = container
        self._stream: AudioStream | None = None
        self._frames = 0
        self._samples = 0

    def add(self, piece: bytes, *, is_last: bool = False) -> None:
        """Append the piece, without the frames at its end that would lengthen its pause.

        Cutting there is safe: a frame may need bits of frames before it, never of one after it, and the first
        frame of the next piece needs none.
        """
        with av.open(BytesIO(piece), "r", format="mp3") as container:
            source = container.streams.audio[0]
            packets = [packet for packet in container.demux(source) if packet.size]
            duration = packets[0].duration or 0
            frame, samples = _in_samples(duration, source), _in_samples(source.duration or 0, source)
            self._samples += samples
            stream = self._stream = self._stream or self._container.add_stream_from_template(source)
            if source.rate != stream.rate or len(packets) * frame < _DELAY + samples:
                raise EngineUnavailableError("The pieces of the speech do not fit together.")
            if not is_last:
                sounding = ceil((_DELAY + samples - SHORT_PAUSE_SECONDS * source.rate) / frame)
                del packets[max(sounding, round(self._samples / frame) - self._frames) :]
            for packet in packets:
                packet.stream = stream
                packet.pts = packet.dts = self._frames * duration
                self._frames += 1
            self._container.mux(packets)


def _in_samples(time: int, stream: AudioStream) -> int:
    return round(time * (stream.time_base or 0) * stream.rate)
