"""What the API makes of a decoder's answer, also of one that was cut off."""

import asyncio

import pytest

from api.decoding.client import DecoderLostError, _answer
from api.decoding.protocol import DECODED, ENDED, WORD, Outcome


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (WORD.pack(DECODED, 4) + b"fLaC" + WORD.pack(ENDED, 0), (0, b"fLaC")),
        (WORD.pack(ENDED, Outcome.TOO_LONG), (Outcome.TOO_LONG, b"")),
        (WORD.pack(DECODED, 4) + b"fL" + WORD.pack(ENDED, -9), (-9, b"fL")),
        (WORD.pack(DECODED, 2**31 - 1), (Outcome.INVALID, b"")),
        (WORD.pack(DECODED, -1), (Outcome.INVALID, b"")),
        (WORD.pack(DECODED, 4) + b"fL", None),
        (WORD.pack(DECODED, 4) + b"fLaC" + WORD.pack(ENDED, 0)[:5] + WORD.pack(ENDED, -9), None),
        (b"another", None),
        (b"something else", None),
    ],
)
def test_an_answer_counts_as_far_as_it_is_whole(answer: bytes, expected: tuple[int, bytes] | None) -> None:
    async def read() -> tuple[int, bytes]:
        reader = asyncio.StreamReader()
        reader.feed_data(answer)
        reader.feed_eof()
        return await _answer(reader)

    if expected is None:
        with pytest.raises((DecoderLostError, EOFError)):
            asyncio.run(read())
    else:
        assert asyncio.run(read()) == expected
