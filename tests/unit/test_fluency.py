"""How fluently a learner spoke, from a detector of voices and the text."""

import pytest

from worker.bounds import bounded_transcript
from worker.hearing.fluency import fluency_of, syllables
from worker.ports import Transcript, Word


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("I make a table", 5),
        ("She walked home and wanted houses", 8),
        ("the whole people", 4),
        ("I don't know", 3),
        ("It costs Rs. 25.", 7),
        ("Yesterday, my brother likes rice!", 8),
        ("", 0),
    ],
)
def test_syllables_are_groups_of_vowels_that_sound(text: str, count: int) -> None:
    assert syllables(text) == count


SPEECH = ((1.0, 2.0), (2.5, 3.5), (3.74, 4.0))
SAID = "I go to the market with my brother"  # ten syllables


def test_pauses_are_no_part_of_the_articulation() -> None:
    found = fluency_of(Transcript(SAID, None, "en", SPEECH))

    assert found is not None
    assert found.articulation_rate == pytest.approx(10 / 2.26)
    assert found.pauses_per_minute == pytest.approx(60 / 3.0)  # the second is shorter than 250 ms


@pytest.mark.parametrize(
    "heard",
    [
        Transcript(SAID, None, "en"),
        Transcript(SAID, None, "en", ()),
        Transcript(SAID, None, "en", ((0.0, 0.9),)),
        Transcript(SAID, None, "hi", SPEECH),
        Transcript("Mujhe kal market jana hai", None, "en", SPEECH),
        Transcript(SAID, (Word(SAID, 1.0, 4.0, 0.9, is_hindi=True),), "en", SPEECH),
    ],
)
def test_without_enough_english_nothing_is_said_of_its_fluency(heard: Transcript) -> None:
    assert fluency_of(heard) is None


def test_a_transcript_that_lacks_words_gives_no_rate() -> None:
    half = Transcript("I go", (Word("I", 1.0, 1.5, 0.9), Word("go", 1.5, 2.0, 0.9)), "en", SPEECH)
    whole = Transcript(
        "I go there",
        (Word("I", 1.0, 2.0, 0.9), Word("go", 2.4, 3.5, 0.9), Word("there", 3.7, 4.0, 0.9)),
        "en",
        SPEECH,
    )

    lacking, full = fluency_of(half), fluency_of(whole)

    assert lacking is not None
    assert full is not None
    assert lacking.articulation_rate is None
    assert lacking.pauses_per_minute == full.pauses_per_minute
    assert full.articulation_rate == pytest.approx(3 / 2.26)


def test_stretches_of_speech_are_bounded_and_in_order() -> None:
    nan = float("nan")
    speech = ((-1.0, 1.0), (0.5, 2.0), (nan, nan), (8.0, 99.0))

    assert bounded_transcript(Transcript("Hello.", speech=speech), 3.0).speech == (
        (0.0, 1.0),
        (1.0, 2.0),
        (3.0, 3.0),
        (3.0, 3.0),
    )
