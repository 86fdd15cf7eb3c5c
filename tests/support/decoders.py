"""Uploads and the decoder that takes them, for tests."""

import asyncio
import io
import tempfile
import wave
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, BinaryIO

import av
import numpy as np

from api.decoding.sniffing import demuxer_of
from api.decoding.uploads import DecodedAudio, Decoder, DecoderLimits


@contextmanager
def on_disk(data: bytes) -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        yield file


async def decode_by(
    decoder: Decoder, data: bytes, *, client: str = "asha", timeout_seconds: float = 20.0
) -> DecodedAudio:
    with on_disk(data) as recording:
        demuxer = demuxer_of(recording)
        return await decoder.decode(recording, demuxer, client=client, timeout_seconds=timeout_seconds)


@contextmanager
def a_decoder(*, at_once: int = 1, in_flight: int = 1, of_client: int = 100) -> Iterator[Decoder]:
    with closing(Decoder(DecoderLimits(at_once, in_flight, of_client))) as decoder:
        yield decoder


def decode(data: bytes) -> DecodedAudio:
    with a_decoder() as decoder:
        return asyncio.run(decode_by(decoder, data))


def make_wav(seconds: float, rate: int = 16_000) -> bytes:
    return wav_of(tone(seconds, rate), rate)


def wav_of(samples: np.ndarray[Any, np.dtype[np.int16]], rate: int) -> bytes:
    output = io.BytesIO()
    with wave.open(output, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(samples.tobytes())
    return output.getvalue()


def tone(seconds: float, rate: int) -> np.ndarray[Any, np.dtype[np.int16]]:
    return (8_000 * np.sin(2 * np.pi * 300 * np.arange(int(seconds * rate)) / rate)).astype(np.int16)


def encode_tone(
    container: str,
    codec: str,
    *,
    rate: int = 16_000,
    seconds: float = 1.0,
    picture: bool = False,
    options: dict[str, str] | None = None,
) -> bytes:
    """Encode a tone; with `picture`, a video stream comes first."""
    output = io.BytesIO()
    frame = av.AudioFrame.from_ndarray(tone(seconds, rate).reshape(1, -1), "s16", "mono")
    frame.sample_rate = rate
    frame.pts = 0
    with av.open(output, "w", format=container) as muxer:
        if picture:
            video = muxer.add_stream("mjpeg", rate=5, width=64, height=64, pix_fmt="yuvj420p")
        audio = muxer.add_stream(codec, rate=rate, layout="mono", options=options)
        assert isinstance(audio, av.AudioStream)
        if picture:
            image = av.VideoFrame(64, 64, "yuvj420p")
            muxer.mux(video.encode(image))
        muxer.mux(audio.encode(frame))
        muxer.mux(audio.encode(None))
    return output.getvalue()
