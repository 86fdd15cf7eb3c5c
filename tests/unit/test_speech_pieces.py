"""Which pieces an answer is spoken in while its sentences still come."""

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from worker.speech.pieces import LONGEST, next_pieces
from worker.speech.speakable import speakable
from worker.text.cutting import cut, cut_once

HINDI_WORDS = ["क्षत्रिय", "मैं", "बाज़ार", "विद्यार्थी", "श्री", "है।"]
EMOJI = ["👩‍👩‍👧", "🇮🇳🇮🇳", "👍🏽", "❤️", "1️⃣"]
WORDS = st.one_of(
    st.text(st.characters(codec="utf-8", categories=["L", "M", "N", "P", "So"]), min_size=1, max_size=40),
    st.sampled_from(["market", "yesterday,", "so;", "I", "…", "भाई", *HINDI_WORDS, *EMOJI]),
    st.sampled_from(["क्ष" * 150, "a" * 400, "🇮🇳" * 90, "👩‍👩‍👧" * 40]),
)
SENTENCES = st.lists(st.lists(WORDS, min_size=1, max_size=60).map(" ".join), max_size=12)


def planned_at_once(*sentences: str) -> list[str]:
    return next_pieces(sentences, [], finished=True)


def planned_one_by_one(sentences: list[str]) -> list[str]:
    """Plan as the product does: at each sentence, from what is recorded, then at the end."""
    planned: list[str] = []
    for count in range(1, len(sentences) + 1):
        planned += next_pieces(sentences[:count], planned, finished=False)
    return planned + next_pieces(sentences, planned, finished=True)


def longest(place: int) -> int:
    return LONGEST[min(place, len(LONGEST) - 1)]


def boundaries(text: str) -> set[int]:
    return {match.end() for match in regex.finditer(r"\X", text)} | {0}


def test_the_first_sentence_is_a_piece_as_soon_as_it_is_there() -> None:
    assert next_pieces(["Hello!"], [], finished=False) == ["Hello!"]


def test_a_short_sentence_waits_for_the_next_and_a_half_full_piece_does_not() -> None:
    sentences = ["Hello!", "Very good.", "You went to the market yesterday."]

    assert next_pieces(sentences[:2], ["Hello!"], finished=False) == []
    assert next_pieces(sentences, ["Hello!"], finished=False) == [
        "Very good. You went to the market yesterday."
    ]


def test_sentences_that_do_not_fit_together_are_pieces_of_their_own() -> None:
    tale = "You told me that you went to the market with your brother and your sister."

    assert planned_at_once("Hello!", "Very good.", tale, "And then?") == [
        "Hello!",
        "Very good.",
        f"{tale} And then?",
    ]


def test_what_is_left_at_the_end_is_a_piece() -> None:
    assert next_pieces(["Hello!", "Bye."], ["Hello!"], finished=True) == ["Bye."]
    assert next_pieces(["Hello!", "Bye."], ["Hello!", "Bye."], finished=True) == []
    assert next_pieces([], [], finished=True) == []


def test_later_pieces_hold_more() -> None:
    sentence = "I went to the market and bought some rice."

    pieces = planned_at_once(*[sentence] * 20)

    assert [len(piece) // len(sentence) for piece in pieces] == [1, 1, 2, 4, 4, 4, 4]


def test_a_long_sentence_is_cut_between_clauses_else_between_words() -> None:
    clauses = "When you go to the market with your brother, you can say that you bought fresh rice there."
    words = "When you go to the market with your brother you can say that you bought fresh rice there."

    assert planned_at_once("Hello!", clauses)[1] == "When you go to the market with your brother,"
    assert planned_at_once("Hello!", words)[1:] == [
        "When you go to the market with your brother you can say that you",
        "bought fresh rice there.",
    ]


def test_a_very_long_first_sentence_sounds_soon() -> None:
    sentence = "Well done, you have told me all about the market, the rice and your brother, " * 3

    first, *_ = next_pieces([sentence.strip()], [], finished=False)

    assert first == "Well done, you have told me all about the market, the rice and your brother,"


@pytest.mark.parametrize(
    ("sentences", "pieces"),
    [
        (["Great job!", "🎉"], ["Great job!"]),
        (["Great job!", "🎉 Now you.", "👍"], ["Great job!", "🎉 Now you. 👍"]),
        (["🎉", "…", "Great job!"], ["🎉 … Great job!"]),
        (["🎉", "👍"], []),
        (["世界" * 200], []),
        (["Good.", "世界" * 200, "Yes."], ["Good.", "Yes."]),
    ],
)
def test_no_piece_has_nothing_to_be_said(sentences: list[str], pieces: list[str]) -> None:
    assert planned_one_by_one(sentences) == pieces


def test_pieces_of_another_text_are_refused() -> None:
    with pytest.raises(ValueError, match="substring not found"):
        next_pieces(["Hello!", "And you?"], ["Good morning!"], finished=False)


@given(SENTENCES)
def test_pieces_are_the_text_within_their_bounds(sentences: list[str]) -> None:
    pieces = planned_one_by_one(sentences)

    assert all(piece == piece.strip() and speakable(piece) for piece in pieces)
    assert all(len(piece) <= longest(place) for place, piece in enumerate(pieces))
    rest = " ".join(sentence.strip() for sentence in sentences)
    for piece in pieces:
        left_out, _, rest = rest.partition(piece)
        assert not speakable(left_out)
    assert not speakable(rest)


@given(SENTENCES)
def test_the_first_sentence_is_alone(sentences: list[str]) -> None:
    first = next((sentence for sentence in sentences if speakable(sentence)), "")

    if first and first is sentences[0] and len(first) <= LONGEST[0]:
        assert planned_one_by_one(sentences)[0] == first.strip()


@given(SENTENCES, st.data())
def test_a_plan_is_the_same_however_it_is_come_by(sentences: list[str], data: st.DataObject) -> None:
    whole = planned_one_by_one(sentences)
    count = data.draw(st.integers(0, len(sentences)))

    begun = next_pieces(sentences[:count], [], finished=False)

    assert begun == whole[: len(begun)]
    assert begun + next_pieces(sentences, begun, finished=True) == whole
    assert next_pieces(sentences, whole, finished=True) == []


@given(st.lists(WORDS, min_size=1, max_size=60).map(" ".join), st.integers(60, 300))
def test_no_cut_goes_through_a_grapheme(text: str, bound: int) -> None:
    rest = text.strip()
    while rest:
        before = rest
        part, rest = cut_once(rest, bound)
        assert 0 < len(part) <= bound
        longest_grapheme = max(map(len, regex.findall(r"\X", before)))
        assert len(part) in boundaries(before) or longest_grapheme > bound


@given(st.lists(WORDS, max_size=40).map(" ".join), st.integers(1, 300))
def test_what_is_cut_is_all_there(text: str, bound: int) -> None:
    parts = cut(text, bound)

    assert all(0 < len(part) <= bound for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


@pytest.mark.parametrize("word", ["विद्यार्थियों" * 20, "👩‍👩‍👧" * 40, "🇮🇳" * 90, "e\u0301" * 150])
def test_a_word_that_fills_a_piece_is_cut_between_letters(word: str) -> None:
    first, rest = cut_once(word, 81)

    assert 60 < len(first) <= 81
    assert len(first) in boundaries(word)
    assert first + rest == word
