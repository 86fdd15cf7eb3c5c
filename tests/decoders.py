"""Uploads and the decoder that takes them, for tests."""

import asyncio
import io
import tempfile
import wave
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, BinaryIO

import numpy as np

from api.uploads import DecodedAudio, Decoder


@contextmanager
def on_disk(data: bytes) -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        yield file


async def decode_by(decoder: Decoder, data: bytes, timeout_seconds: float = 20.0) -> DecodedAudio:
    with on_disk(data) as recording:
        return await decoder.decode(recording, timeout_seconds=timeout_seconds)


@contextmanager
def a_decoder(*, concurrency: int | None = None, most_in_flight: int = 1) -> Iterator[Decoder]:
    with closing(Decoder(concurrency=concurrency, most_in_flight=most_in_flight)) as decoder:
        yield decoder


def decode(data: bytes, timeout_seconds: float = 20.0) -> DecodedAudio:
    with a_decoder() as decoder:
        return asyncio.run(decode_by(decoder, data, timeout_seconds))


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
