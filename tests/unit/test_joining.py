"""The pieces of an answer joined to one MP3, by what is heard of it."""

from io import BytesIO

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.joined_speech import decoded, frame_length, largest_difference, largest_jump, voiced
from worker.engines.espeak import EspeakSynthesizer
from worker.errors import EngineUnavailableError
from worker.ports import Speech
from worker.speech.pauses import SHORT_PAUSE_SECONDS, with_pause
from worker.speech.pieces import next_pieces
from worker.speech.sound import PAUSE_SECONDS
from worker.stages.audio import encode_mp3
from worker.stages.joining import join_mp3
from worker.text.sentences import sentences

RATES = [8_000, 16_000, 22_050, 24_000, 44_100, 48_000]
REPLY = (
    "Hello Asha! It is good to hear that you went to the market yesterday. We say: I went to the market, "
    "because it is in the past. What did you buy there? Tell me about the fruit, the rice and what it cost."
)


def encoded(*seconds: float, rate: int = 24_000) -> list[bytes]:
    return [encode_mp3(voiced(each, rate, seed=seed)) for seed, each in enumerate(seconds)]


def frames_of(mp3: bytes) -> list[bytes]:
    with av.open(BytesIO(mp3), "r", format="mp3") as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


@pytest.fixture(scope="module")
def spoken() -> list[Speech]:
    voice = EspeakSynthesizer()
    pieces = next_pieces(sentences(REPLY), [], finished=True)
    return [with_pause(voice.speak(piece), piece) for piece in pieces]


@pytest.mark.parametrize("rate", RATES)
def test_a_piece_alone_is_as_long_as_it_was_spoken(rate: int) -> None:
    for seconds in (0.2, 1.0, 2.7183):
        speech = voiced(seconds, rate, seed=1)

        mp3 = encode_mp3(speech)

        assert 0 <= len(decoded(mp3)) - len(speech.samples) < frame_length(rate)
        with av.open(BytesIO(mp3), "r", format="mp3") as container:
            assert container.duration == pytest.approx(speech.seconds * av.time_base, abs=av.time_base / 200)


@settings(max_examples=50)
@given(st.sampled_from(RATES[1:]), st.lists(st.floats(0.1, 1.5), min_size=2, max_size=8))
def test_each_piece_is_heard_in_the_whole_as_it_is_alone(rate: int, seconds: list[float]) -> None:
    pieces = encoded(*seconds, rate=rate)

    whole = decoded(join_mp3(pieces))

    alone = [decoded(piece) for piece in pieces]
    assert abs(len(whole) - sum(map(len, alone))) <= frame_length(rate)
    assert largest_difference(whole, alone, rate) < 1e-4


def test_ten_pieces_are_as_long_as_all_of_them() -> None:
    pieces = encoded(*[2.8 + index / 37 for index in range(10)])

    whole = join_mp3(pieces)

    seconds = sum(len(decoded(piece)) for piece in pieces) / 24_000
    assert len(decoded(whole)) / 24_000 == pytest.approx(seconds, abs=0.03)
    with av.open(BytesIO(whole), "r", format="mp3") as container:
        assert container.duration is not None
        assert container.duration / av.time_base == pytest.approx(seconds, abs=0.03)


def test_at_a_rate_so_low_that_frames_are_long_they_still_are() -> None:
    pieces = encoded(*[0.5 + index / 37 for index in range(10)], rate=8_000)

    whole = decoded(join_mp3(pieces))

    assert len(whole) / 8_000 == pytest.approx(sum(len(decoded(piece)) for piece in pieces) / 8_000, abs=0.1)


def test_no_joint_clicks() -> None:
    pieces = encoded(1.0, 1.3, 0.7)

    whole = decoded(join_mp3(pieces))

    alone = [decoded(piece) for piece in pieces]
    assert largest_jump(whole) <= max(map(largest_jump, alone)) + 1e-4
    ended = 0
    for piece in alone[:-1]:
        ended += len(piece)
        in_the_pause = whole[ended - 24_000 // 10 : ended - 24_000 // 20]
        assert largest_jump(in_the_pause) < 1e-3


def test_a_spoken_reply_has_its_pauses_and_no_more(spoken: list[Speech]) -> None:
    rate = spoken[0].sample_rate
    pieces = [encode_mp3(speech) for speech in spoken]

    whole = decoded(join_mp3(pieces))

    assert len(pieces) >= 3
    assert len(whole) / rate == pytest.approx(sum(speech.seconds for speech in spoken), abs=0.03)
    assert largest_difference(whole, [decoded(piece) for piece in pieces], rate) < 1e-4
    voice = np.concatenate([speech.samples for speech in spoken])
    assert largest_jump(whole) < 1.1 * largest_jump((voice / 32_768).astype(np.float32))
    ended = 0
    for speech in spoken[:-1]:
        ended += len(speech.samples)
        quiet = np.flatnonzero(np.abs(whole[ended - rate // 2 : ended + rate // 2]) > 0.003)
        pause = np.diff(quiet).max() / rate
        assert PAUSE_SECONDS - 0.03 < pause < PAUSE_SECONDS + 0.1


def test_nothing_is_encoded_again() -> None:
    pieces = encoded(1.0, 0.5, 1.5)

    joined = frames_of(join_mp3(pieces))

    at = 0
    for piece in map(frames_of, pieces):
        kept = next(count for count in range(len(piece), 0, -1) if joined[at : at + count] == piece[:count])
        assert len(piece) - kept <= 4
        at += kept
    assert at == len(joined)


def test_the_header_counts_the_frames_and_tells_the_way_to_each_place() -> None:
    whole = join_mp3(encoded(2.0, 3.0, 1.0))

    header = whole.index(b"Info")
    flags, frames, size = (int.from_bytes(whole[at : at + 4]) for at in range(header + 4, header + 16, 4))
    directory = whole[header + 16 : header + 116]
    assert flags & 0b111 == 0b111
    assert frames == len(frames_of(whole))
    assert size == pytest.approx(len(whole), abs=500)
    assert all(abs(256 * percent / 100 - place) < 4 for percent, place in enumerate(directory))


def test_one_can_begin_anywhere() -> None:
    whole = join_mp3(encoded(2.0, 3.0, 1.0))
    all_of_it = decoded(whole)

    with av.open(BytesIO(whole), "r", format="mp3") as container:
        stream = container.streams.audio[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        container.seek(int(stream.duration * 0.8), stream=stream)
        frames = list(container.decode(stream))
        rest = np.concatenate([frame.to_ndarray()[0] for frame in frames])

    assert len(rest) == pytest.approx(0.2 * len(all_of_it), abs=0.1 * 24_000)
    assert np.abs(rest[-12_000:] - all_of_it[-12_000:]).max() < 1e-4


def test_one_piece_is_the_whole() -> None:
    [piece] = encoded(1.0)

    assert join_mp3([piece]) is piece


def test_pieces_of_two_rates_are_not_joined() -> None:
    pieces = encoded(0.5, rate=24_000) + encoded(0.5, rate=22_050)

    with pytest.raises(EngineUnavailableError, match="do not fit together"):
        join_mp3(pieces)


@pytest.mark.parametrize("damage", [0, 40, 150, 2_000], ids=["empty", "no frame", "half a frame", "cut off"])
def test_a_damaged_piece_is_a_translated_error(damage: int) -> None:
    [piece, other] = encoded(1.0, 1.0)

    for pieces in ([piece[:damage], other], [other, piece[:damage]]):
        with pytest.raises(EngineUnavailableError):
            join_mp3(pieces)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Hello!", PAUSE_SECONDS),
        ("He said “hello.”", PAUSE_SECONDS),
        ("Very good! 🎉", PAUSE_SECONDS),
        ("बहुत अच्छा।", PAUSE_SECONDS),
        ("When you went to the market,", SHORT_PAUSE_SECONDS),
        ("When you went to the", SHORT_PAUSE_SECONDS),
    ],
)
def test_a_piece_ends_with_the_pause_of_its_text(text: str, seconds: float) -> None:
    speech = Speech(np.full(24_000, 1_000, np.int16), 24_000)

    paused = with_pause(speech, text)

    assert paused.sample_rate == 24_000
    assert np.array_equal(paused.samples[:24_000], speech.samples)
    assert np.array_equal(paused.samples[24_000:], np.zeros(round(seconds * 24_000)))
