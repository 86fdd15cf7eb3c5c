"""Which language a text is in, which decides the voice that speaks it."""

import json
from collections import Counter
from pathlib import Path

import pytest

from worker.text.languages import Language, is_devanagari, language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I am go to market", Language.ENGLISH),
        ("The main road was closed, so he came late.", Language.ENGLISH),
        ("Aapne 'am go' kaha. Yahan 'going' use karna chahiye.", Language.HINGLISH),
        ("Mujhe kal office jana hai", Language.HINGLISH),
        ("MUJHE OFFICE JANA HAI", Language.HINGLISH),
        ("Namaste!", Language.HINGLISH),
        ("यहाँ पास्ट टेन्स का प्रयोग कीजिए।", Language.HINDI_DEVANAGARI),
        ('आपने "I am go" कहा, लेकिन "I am going" सही है।', Language.HINDI_DEVANAGARI),
        ("The word नमस्ते is a greeting", Language.ENGLISH),
        ("¿Dónde está la estación?", Language.ENGLISH),
        ("12 + 30 = 42", Language.ENGLISH),
        ("🎉 \ud800 \0", Language.ENGLISH),
        ("", Language.ENGLISH),
    ],
)
def test_a_text_is_in_the_language_of_most_of_it(text: str, language: Language) -> None:
    assert language_of(text) is language


def test_words_that_english_has_too_make_no_hinglish() -> None:
    assert language_of("Sab the main hum") is Language.ENGLISH


def test_one_hindi_word_in_a_long_english_sentence_makes_no_hinglish() -> None:
    assert language_of("Yesterday my uncle bought three kilos of aloo and kuch fruit") is Language.ENGLISH


@pytest.mark.parametrize(
    ("character", "is_one"), [("क", True), ("ि", True), ("।", True), ("ক", False), ("k", False)]
)
def test_devanagari_is_a_block_of_unicode(character: str, is_one: bool) -> None:
    assert is_devanagari(character) is is_one


def test_real_sentences_are_told_apart(data: Path) -> None:
    rows = [json.loads(line) for line in (data / "text" / "lid.jsonl").read_text().splitlines()]

    right = Counter(row["label"] for row in rows if language_of(row["text"]) == row["label"])
    asked = Counter(row["label"] for row in rows)

    assert right["hindi_devanagari"] == asked["hindi_devanagari"]
    assert right["english"] == asked["english"]
    assert right["hinglish"] >= 0.95 * asked["hinglish"]
