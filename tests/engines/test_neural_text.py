"""What the neural voice makes of a text before any model sees it: what is said, by whom, in which pieces."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from shared.languages import Language, is_devanagari
from worker.engines.neural.pieces import plan
from worker.engines.neural.speakable import speakable
from worker.engines.neural.voice import Voice, Wave


@dataclass(eq=False)
class Reader:
    """A voice that only knows how much it can say at once."""

    name: str
    longest: int = 300

    def say(self, text: str) -> Wave:
        return np.ones(len(text), np.float32)

    def release_memory(self) -> None:
        """Nothing is kept."""


TURBO, INDIC = Reader("turbo"), Reader("indicf5", 200)


def planned(text: str, english: Voice = TURBO, hindi: Voice = INDIC) -> list[tuple[str, str]]:
    voices = {Language.ENGLISH: english, Language.HINGLISH: english, Language.HINDI_DEVANAGARI: hindi}
    return [(voice.name, piece) for voice, piece in plan(text, voices)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('You said "I am go".', "You said I am go."),
        ("“Curly” and ‘single’ quotes, 'both' kinds", "Curly and single quotes, both kinds"),
        ("Don't, it’s o'clock", "Don't, it's o'clock"),
        ("Well done 🎉🎉 friend! 👩‍👩‍👧 ❤️ 1️⃣ 🇮🇳", "Well done friend! 1"),
        ("**Bold**, *italic*, `code` and __more__", "Bold, italic, code and more"),
        ("# Title\n- one\n* two\n> three\n```python\nfour\n```", "Title\none\ntwo\nthree\nfour"),
        ("See [the page](https://example.com/a?b=c) now", "See the page now"),
        ("Look at https://example.com/a?b=c today or www.example.com", "Look at link today or link"),
        ("zero\u200bwidth\ufeff, soft\u00adhyphen", "zerowidth, softhyphen"),
        ("bell\a, nul\0, tab\t, half \ud83d pair", "bell, nul, tab, half pair"),
        ("one\r\ntwo\u2028three", "one\ntwo three"),
        ("[laugh] <b>hi</b> {x} a|b", "laugh b hi /b x a b"),
        ("Stop!!!!!! What????", "Stop! What?"),
        ("12 + 30 = 42", "12 + 30 = 42"),
        ("I have 3.5 kg, ₹1,000 and 50% off", "I have 3.5 kg, ₹1,000 and 50% off"),
        ("ｆｕｌｌ 𝐛𝐨𝐥𝐝 ﬁne…", "full bold fine..."),
        ("Café, naïve, Zoë", "Café, naïve, Zoë"),
        ("Hello 世界 мир سلام friend", "Hello friend"),
        ('आपने "I am go" कहा।', "आपने I am go कहा।"),
        ("क़लम और ज़मीन ॥ ५ बजे", "क़लम और ज़मीन ॥ ५ बजे"),
    ],
)  # fmt: skip
def test_only_what_can_be_spoken_is_left(text: str, said: str) -> None:
    assert speakable(text) == said


@pytest.mark.parametrize(
    "text", ["", " \n\t", "?!…", "🎉", '"“”"', "世界", "\0\ud800", "***", "[]", "-- . --"]
)
def test_a_text_without_a_word_leaves_nothing(text: str) -> None:
    assert speakable(text) == ""
    assert planned(text) == []


def test_sentences_that_one_voice_says_go_together() -> None:
    assert planned("Hello! How are you? Aap kaise hain?") == [
        ("turbo", "Hello! How are you? Aap kaise hain?")
    ]


def test_english_and_devanagari_sentences_go_to_their_voices_in_order() -> None:
    text = "Very good! यहाँ पास्ट टेन्स का प्रयोग कीजिए। Say it again. ठीक है? 10 बजे।"

    assert planned(text) == [
        ("turbo", "Very good!"),
        ("indicf5", "यहाँ पास्ट टेन्स का प्रयोग कीजिए।"),
        ("turbo", "Say it again."),
        ("indicf5", "ठीक है? 10 बजे।"),
    ]


def test_words_quoted_in_the_other_script_are_said_by_the_other_voice() -> None:
    assert planned("आपने 'I am go' 2 बार कहा।") == [
        ("indicf5", "आपने"),
        ("turbo", "I am go 2"),
        ("indicf5", "बार कहा।"),
    ]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("One two. Three four. Five six.", ["One two.", "Three four.", "Five six."]),
        ("One. Two. Three. Four. Five.", ["One. Two.", "Three. Four.", "Five."]),
        ("One two three, four five six", ["One two", "three,", "four five", "six"]),
        ("One two, three four, five", ["One two,", "three four,", "five"]),
        ("Incomprehensibilities is long", ["Incomprehens", "ibilities is", "long"]),
        ("well-to-do neighbours", ["well-to-do", "neighbours"]),
    ],
)
def test_a_piece_is_cut_where_a_speaker_would_breathe(text: str, pieces: list[str]) -> None:
    assert [piece for _, piece in planned(text, Reader("turbo", 12))] == pieces


def test_a_reply_of_two_thousand_characters_is_said_whole_in_order() -> None:
    sentence = "Yesterday I went to the market with my brother, and we bought rice. कल मैं बाज़ार गया था। "
    text = (sentence * 30)[:2000]

    pieces = planned(text)

    assert " ".join(piece for _, piece in pieces).split() == text.split()
    assert all(any(map(is_devanagari, piece)) == (name == "indicf5") for name, piece in pieces)
    assert max(len(piece) for _, piece in pieces) <= 200


@pytest.mark.parametrize(
    "text", ["word " * 400, "a" * 2000, "अ" * 2000, "yes, " * 400, "[" * 2000, "'a" * 1000]
)
def test_every_piece_fits_its_voice_and_no_letter_is_lost(text: str) -> None:
    pieces = planned(text)

    assert all(0 < len(piece) <= {"turbo": 300, "indicf5": 200}[name] for name, piece in pieces)
    spoken = "".join(piece for _, piece in pieces)
    assert spoken.replace(" ", "") == speakable(text).replace(" ", "")


def test_hostile_strings_leave_only_letters_that_a_voice_has(data: Path) -> None:
    rows = [json.loads(line) for line in (data / "text" / "hostile.jsonl").open()]

    pieces = [piece for row in rows for _, piece in planned(row["text"])]

    assert len(pieces) > 100
    assert all(piece.isprintable() and piece == piece.strip() for piece in pieces)
    assert not any(mark in piece for piece in pieces for mark in '"“”<>[]*`')
