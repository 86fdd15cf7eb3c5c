"""What becomes of a text before a voice speaks it: what is said, by whom, in which utterances."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from worker.speech.speakable import speakable
from worker.speech.utterances import plan
from worker.speech.voice import Voice, Wave
from worker.text.languages import Language, is_devanagari


@dataclass(eq=False)
class Reader:
    """A voice that only knows how much it can say at once."""

    name: str
    longest: int = 300

    def say(self, text: str) -> Wave:
        return np.ones(len(text), np.float32)


TURBO, INDIC = Reader("turbo"), Reader("indicf5", 200)


def planned(text: str, english: Voice = TURBO, hindi: Voice = INDIC) -> list[tuple[str, str]]:
    voices = {Language.ENGLISH: english, Language.HINGLISH: english, Language.HINDI_DEVANAGARI: hindi}
    return [(voice.name, utterance) for voice, utterance in plan(text, voices)]


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
        ("[laugh] <b>hi</b> {x} a|b", "laugh hi x a b"),
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
        ("indicf5", "ठीक है? दस बजे।"),
    ]


def test_words_quoted_in_the_other_script_are_said_by_the_other_voice() -> None:
    assert planned("आपने 'I am go' 2 बार कहा।") == [
        ("indicf5", "आपने"),
        ("turbo", "I am go"),
        ("indicf5", "दो बार कहा।"),
    ]


@pytest.mark.parametrize(
    ("text", "utterances"),
    [
        ("मेरे पास 5 किताबें हैं।", [("indicf5", "मेरे पास पाँच किताबें हैं।")]),
        ("आज 10 °C है, Rs. 500 दीजिए।", [("indicf5", "आज दस डिग्री सेल्सियस है, पाँच सौ रुपये दीजिए।")]),
        ("I am 25.", [("turbo", "I am twenty five.")]),
        ("12 + 30 = 42", [("turbo", "twelve plus thirty equals forty two")]),
        ("मैं 3 apples खाता हूँ", [("indicf5", "मैं"), ("turbo", "three apples"), ("indicf5", "खाता हूँ")]),
    ],
)
def test_a_number_is_said_in_the_language_of_what_it_counts(
    text: str, utterances: list[tuple[str, str]]
) -> None:
    assert planned(text) == utterances


def test_an_abbreviation_does_not_part_an_utterance() -> None:
    text = "I did B.Com there. It costs Rs. 500."

    assert [utterance for _, utterance in planned(text, Reader("turbo", 30))] == [
        "I did B Com there.",
        "It costs five hundred rupees.",
    ]


@pytest.mark.parametrize(
    ("text", "utterances"),
    [
        ("One two. Three four. Five six.", ["One two.", "Three four.", "Five six."]),
        ("One. Two. Three. Four. Five.", ["One. Two.", "Three. Four.", "Five."]),
        ("One two three, four five six", ["One two", "three,", "four five", "six"]),
        ("One two, three four, five", ["One two,", "three four,", "five"]),
        ("Incomprehensibilities is long", ["Incomprehens", "ibilities is", "long"]),
        ("well-to-do neighbours", ["well-to-do", "neighbours"]),
    ],
)
def test_an_utterance_is_cut_where_a_speaker_would_breathe(text: str, utterances: list[str]) -> None:
    assert [utterance for _, utterance in planned(text, Reader("turbo", 12))] == utterances


def test_a_reply_of_two_thousand_characters_is_said_whole_in_order() -> None:
    sentence = "Yesterday I went to the market with my brother, and we bought rice. कल मैं बाज़ार गया था। "
    text = (sentence * 30)[:2000]

    utterances = planned(text)

    assert " ".join(utterance for _, utterance in utterances).split() == text.split()
    assert all(any(map(is_devanagari, utterance)) == (name == "indicf5") for name, utterance in utterances)
    assert max(len(utterance) for _, utterance in utterances) <= 200


@pytest.mark.parametrize(
    "text", ["word " * 400, "a" * 2000, "अ" * 2000, "yes, " * 400, "[" * 2000, "'a" * 1000]
)
def test_every_utterance_fits_its_voice_and_no_letter_is_lost(text: str) -> None:
    utterances = planned(text)

    assert all(0 < len(utterance) <= {"turbo": 300, "indicf5": 200}[name] for name, utterance in utterances)
    spoken = "".join(utterance for _, utterance in utterances)
    assert spoken.replace(" ", "") == speakable(text).replace(" ", "")


def test_hostile_strings_leave_only_letters_that_a_voice_has(data: Path) -> None:
    rows = [json.loads(line) for line in (data / "text" / "hostile.jsonl").open()]

    utterances = [utterance for row in rows for _, utterance in planned(row["text"])]

    assert len(utterances) > 100
    assert all(utterance.isprintable() and utterance == utterance.strip() for utterance in utterances)
    assert not any(mark in utterance for utterance in utterances for mark in '"“”<>[]*`')
