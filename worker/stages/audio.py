"""The audio the worker reads and writes: recordings as 16 kHz mono FLAC, speech as MP3."""

from io import BytesIO

import av
import numpy as np

from worker.errors import EngineUnavailableError
from worker.ports import RECORDING_RATE, Recording, Speech

MP3_BITS_PER_SECOND = 64_000
# LAME's effort: 0 is the most, 3 what it chooses itself. At this rate speech has bits to spare: with 7 its
# spectrum is as close to the original's (1.69 and 1.73 dB), in 5 instead of 9 ms a second of sound.
_MP3 = {"compression_level": "7"}


def read_flac(data: bytes) -> Recording:
    """Return the recording that the API stored: FLAC, mono, 16 kHz, 16-bit.

    Raises `EngineUnavailableError` where `data` is anything else or is damaged.
    """
    try:
        with av.open(BytesIO(data), "r", format="flac") as container:
            frames = list(container.decode(audio=0))
    except (av.FFmpegError, IndexError) as error:
        raise EngineUnavailableError("The stored recording is damaged.") from error
    if not frames or any(
        (frame.sample_rate, frame.format.name, frame.layout.name) != (RECORDING_RATE, "s16", "mono")
        for frame in frames
    ):
        raise EngineUnavailableError("The stored recording is not in the form the worker reads.")
    samples = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    return Recording(samples.astype(np.int16, copy=False))


def encode_mp3(speech: Speech) -> bytes:
    """Return `speech` as mono MP3 at its own sample rate, which must be one that MP3 has.

    Raises `EngineUnavailableError` where it cannot be encoded.
    """
    output = BytesIO()
    frame = av.AudioFrame.from_ndarray(speech.samples.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = speech.sample_rate
    try:
        with av.open(output, "w", format="mp3") as container:
            stream = container.add_stream("libmp3lame", speech.sample_rate, layout="mono", options=_MP3)
            stream.bit_rate = MP3_BITS_PER_SECOND
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    except av.FFmpegError as error:
        raise EngineUnavailableError("The speech could not be encoded.") from error
    return output.getvalue()
