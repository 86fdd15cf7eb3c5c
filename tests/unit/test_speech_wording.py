"""Numbers, money, measures, times and signs in words, in both languages; the same for every voice."""

import re

import pytest

from worker.speech.utterances import plan
from worker.speech.words import ENGLISH, HINDI
from worker.text.languages import Language


class Reader:
    """A voice that takes whatever it is given."""

    longest = 5_000


VOICES = dict.fromkeys(Language, Reader())


def said(text: str) -> str:
    return " ".join(piece for _, piece in plan(text, VOICES))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("½ kg of rice", "half a kilogram of rice"),
        ("3½ hours and 2 3/4 cups", "three and a half hours and two and three quarters cups"),
        ("¼ l, ⅓ and 2/3", "quarter of a litre, one third and two thirds"),
        ("3 × 4 = 12, 3x4, 3 * 4", "three times four equals twelve, three times four, three times four"),
        ("12 + 30 = 42", "twelve plus thirty equals forty two"),
        ("10 - 5 = 5, 10 ÷ 2", "ten minus five equals five, ten divided by two"),
        ("5 > 3, 2 < 4, x² = 9", "five is greater than three, two is less than four, x squared equals nine"),
        ("It is 10°C, -5 °C", "It is ten degrees Celsius, minus five degrees Celsius"),
        ("Rs. 500, Rs 1,000 and INR 20", "five hundred rupees, one thousand rupees and twenty rupees"),
        ("₹1, ₹ 10.50 and 500/-", "one rupee, ten rupees fifty paise and five hundred rupees"),
        ("₹1.5 crore or Rs. 5 lakh", "one point five crore rupees or five lakh rupees"),
        ("$3.50 and €5", "three dollars fifty cents and five euros"),
        ("50% off, 3.5 %", "fifty percent off, three point five percent"),
        ("at 3:30 pm, 5 p.m. or 14:05", "at three thirty P M, five P M or fourteen oh five"),
        ("at 3:00", "at three o'clock"),
        ("on 22/11/2026 or 2026-11-22",
         "on twenty second November twenty twenty six or twenty second November twenty twenty six"),
        ("15 August 1947, Aug 15 and March 2024",
         "fifteenth August nineteen forty seven, August fifteenth and March twenty twenty four"),
        ("the 1st and the 22nd", "the first and the twenty second"),
        ("since 1750, in 2005", "since seventeen fifty, in two thousand and five"),
        ("1,23,456 people", "one lakh twenty three thousand four hundred and fifty six people"),
        ("1,000,000 and 15000000", "ten lakh and one crore fifty lakh"),
        ("98.6 °F", "ninety eight point six degrees Fahrenheit"),
        ("call 9876543210", "call nine eight seven six five four three two one zero"),
        ("call 98765 43210", "call nine eight seven six five four three two one zero"),
        ("code 007", "code zero zero seven"),
        ("8/10 marks, 24/7, he/she", "eight out of ten marks, twenty four seven, he or she"),
        ("10-15 minutes, 5–6 days", "ten to fifteen minutes, five to six days"),
        ("60 km/h, 5 m², 1 kg, 2.5 GB",
         "sixty kilometres an hour, five square metres, one kilogram, two point five gigabytes"),
        ("e.g. mangoes, i.e. fruit, apples etc.", "for example, mangoes, that is, fruit, apples et cetera."),
        ("Dr. Rao did B.Com and an M.B.A. in the U.S.", "Doctor Rao did B Com and an M B A in the U S."),
        ("No. 5 and #1", "number five and number one"),
        ("version 2.0.1, .5", "version two point zero point one, zero point five"),
        ("COVID-19 & 5G", "COVID nineteen and five G"),
        ("mail asha@example.com", "mail asha at example dot com"),
        ("I am go → I am going", "I am go, I am going"),
        ("**Bold** _words_ 😀, a `code` and [a page](https://example.com)", "Bold words, a code and a page"),
        ("40/13/2026", "forty thirteen twenty twenty six"),
        ("yes -- no", "yes - no"),
    ],
)  # fmt: skip
def test_english_says_what_signs_mean(text: str, words: str) -> None:
    assert said(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("तापमान 10°C है", "तापमान दस डिग्री सेल्सियस है"),
        ("3:30 पर, 5:00 बजे", "तीन बजकर तीस मिनट पर, पाँच बजे"),
        ("₹500 और Rs. 1 दीजिए", "पाँच सौ रुपये और एक रुपया दीजिए"),
        ("50% लोग", "पचास प्रतिशत लोग"),
        ("½ किलो, 1½ किलो, 2½ किलो, 3½ किलो", "आधा किलो, डेढ़ किलो, ढाई किलो, साढ़े तीन किलो"),
        ("तीन 3 × 4 = 12", "तीन तीन गुणा चार बराबर बारह"),
        ("सन 1947 में", "सन उन्नीस सौ सैंतालीस में"),
        ("२५ लोग, 10-15 दिन", "पच्चीस लोग, दस से पंद्रह दिन"),
        ("1,23,456 लोग", "एक लाख तेईस हज़ार चार सौ छप्पन लोग"),
        ("3.5 किलो, 5 kg चावल", "तीन दशमलव पाँच किलो, पाँच किलो चावल"),
    ],
)
def test_hindi_says_what_signs_mean(text: str, words: str) -> None:
    assert said(text) == words


def test_every_number_under_a_hundred_has_a_hindi_word_of_its_own() -> None:
    assert len({HINDI.cardinal(number) for number in range(100)}) == 100


def test_both_languages_know_the_same_signs_units_and_money() -> None:
    assert HINDI.signs.keys() == ENGLISH.signs.keys()
    assert HINDI.units.keys() == ENGLISH.units.keys()
    assert HINDI.money.keys() == HINDI.hundredths.keys() == ENGLISH.money.keys() == ENGLISH.hundredths.keys()


@pytest.mark.parametrize(
    "text",
    ["1" * 2000, "1," * 1000, "1/" * 1000, "1-" * 1000, "1.1." * 500, "₹" * 1999 + "1", "1:00" * 500,
     "१" * 2000, "क 9" * 600, "9" * 12 + "th", "1st" * 600, "²" * 2000, "5 " * 999 + "½", "#" * 1999 + "1",
     "00/00/0000", "0000-00-00", "32/13/9999", "29:99", "⅐ ⅛ 7/8 0/0 1/0"],
)  # fmt: skip
def test_no_number_is_too_odd_to_be_said(text: str) -> None:
    assert not re.search(r"\d", said(f"It is {text}"))
