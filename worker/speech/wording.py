"""Numbers, money, measures, times and signs as words, so that no voice has to guess what they mean."""

import re
from collections.abc import Callable
from decimal import Decimal

from worker.speech.speakable import tidied
from worker.speech.words import ENGLISH, HINDI, Words
from worker.text.languages import Language

_MOST_DIGITS = 15
"""A longer number, as one of ten digits without a comma (a telephone's), is said digit by digit."""
_PHONE_DIGITS = 10
_YEARS = range(1100, 2100)

_NUMBER = r"\d+(?:,\d+)*(?:\.\d+)?"
_UNIT_NAMES = sorted(ENGLISH.units, key=len, reverse=True)
_UNIT = rf"(?:{'|'.join(map(re.escape, _UNIT_NAMES))})(?![\w°/^])"
_LARGE = r"(?:lakhs?|crores?|million|billion|thousand|लाख|करोड़|हज़ार)"
_MONTHS = "|".join(rf"{month}|{month[:3]}" for month in ENGLISH.months)

# A number keeps together with what is counted in it, so that both are said in one language.
_TOGETHER = (
    (re.compile(r"\b(?:Rs\.?|INR)\s*(?=\d)", re.IGNORECASE), "₹"),
    (re.compile(r"([₹$€£])\s+(?=\d)"), r"\1"),
    (re.compile(rf"(?<=\d)\s+(?={_UNIT})"), ""),
    (re.compile(r"(?<=\d)\s*/-"), " rupees"),
    (re.compile(r"\b(?:No|Nos)\.\s*(?=\d)"), "number "),
)
_ABBREVIATIONS = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"\b[Ee]\.g\.,?", "for example,"),
        (r"\b[Ii]\.e\.,?", "that is,"),
        (r"\betc\.(?=\s+[a-z])", "et cetera"),
        (r"\betc\b", "et cetera"),
        (r"\bvs?\.", "versus"),
        (r"\bapprox\.", "approximately"),
        (r"\bDr\.", "Doctor"),
        (r"\bMr\.", "Mister"),
        (r"\bMrs\.", "Missus"),
        (r"\bMs\.", "Miz"),
        (r"\bProf\.", "Professor"),
        (r"\bSt\.(?=\s*[A-Z])", "Saint"),
        (r"\bSmt\.", "Shrimati"),
        (r"\bGovt\.", "Government"),
        (r"\bLtd\.", "Limited"),
        (r"\bPvt\.", "Private"),
    )
)
_DOTTED = re.compile(r"\b(?:[A-Za-z]\.){2,}|\b[A-Z]\.(?=[A-Z][a-z]*\b)|\bPh\.D\b\.?")
_DAY_HALF = re.compile(r"(?<=\d)\s*([ap])\.?\s?m\b\.?", re.IGNORECASE)

_ISO_DATE = re.compile(r"(?<![\d/-])(\d{4})-(\d{1,2})-(\d{1,2})(?![\d/-])")
_DATE = re.compile(r"(?<![\d./-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?![\d/-])")
_DAY_MONTH = re.compile(rf"\b(\d{{1,2}})\s+({_MONTHS})\b")
_MONTH_DAY = re.compile(rf"\b({_MONTHS})\.?\s+(\d{{1,2}})\b(?!\s*:)")
_MONTH_YEAR = re.compile(rf"\b({_MONTHS}),?\s+(\d{{4}})\b")
_TIME = re.compile(r"(?<![\d:])([01]?\d|2[0-3]):([0-5]\d)(?![\d:])(\s*(?:बजे|o'clock))?")
_MONEY = re.compile(rf"([₹$€£])({_NUMBER})(\s*{_LARGE})?")
_MIXED = re.compile(rf"(?<![\d/.,])(?:(\d{{1,9}})\s+)?([123])/([234])(?![\d/])({_UNIT})?")
_OF = re.compile(r"(?<![\d/.])(\d+)/(\d+)(?![\d/])")
_RANGE = re.compile(rf"(?<![\d.-])({_NUMBER})\s*[–-]\s*(?=\d)(?!\d+(?:\.\d+)?\s*=)(?![\d]+-)")
_MINUS_BETWEEN = re.compile(
    r"(?<=\d)\s*[-−–]\s*(?=\d+(?:\.\d+)?\s*=)|(?<=\d)\s*−\s*(?=\d)|(?<=\d)\s+-\s+(?=\d)"
)
_NEGATIVE = re.compile(r"(?<![\w)])[-−](?=\d)")
_ORDINAL = re.compile(r"\b(\d{1,9})(?:st|nd|rd|th)\b")
_MEASURE = re.compile(rf"({_NUMBER})({_UNIT})")
_PERCENT = re.compile(r"(?<=\d)\s*%")
_VERSION = re.compile(r"(?<![\d.])\d{1,9}(?:\.\d{1,9}){2,}(?![\d.])")
_PHONE = re.compile(
    rf"(?<![\d.,])(?:\+\d{{1,3}}[ -]?)?(?:\d{{{_PHONE_DIGITS},}}|\d{{5}}[ -]\d{{5}})(?![.,]?\d)"
    r"|(?<![\d.,])0\d+(?![.,]?\d)"
)
_YEAR_AFTER = re.compile(r"\b((?:in|since|until|till|by|year|from|before|after)\s+)(\d{4})\b(?!,\d|\.\d)")
_ALONE = re.compile(_NUMBER)
_TIMES = re.compile(r"(?<=\d)\s*[x×]\s*(?=\d)")
_SIGN = re.compile("|".join(map(re.escape, sorted(ENGLISH.signs, key=len, reverse=True))))
_POWER = re.compile(r"\^[23]")
_DOMAIN_DOT = re.compile(r"(?<=\w)\.(?=(?:com|in|org|net|edu|gov|co)\b)")
_JOINED = re.compile(r"(?<=[A-Za-z])-(?=\d)")
_BETWEEN_WORDS = re.compile(r"(?<=\w)/(?=\w)")
_NOT_SAID = re.compile(r"[^\w\s.,!?;:'()।॥…—–\-\u0900-\u097f]|_")


def together(text: str) -> str:
    """Return `text` with each number right at its unit and its currency: `₹500` for `Rs. 500`, `5kg`."""
    for pattern, words in _TOGETHER:
        text = pattern.sub(words, text)
    return text


def worded(text: str, language: Language) -> str:
    """Return `text`, of one script and `speakable`, with words in place of digits, signs and abbreviations.

    Numbers are counted in lakh and crore. `language` decides whose words they are.
    """
    words = HINDI if language is Language.HINDI_DEVANAGARI else ENGLISH
    for pattern, expansion in _ABBREVIATIONS:
        text = pattern.sub(expansion, text)
    text = _DAY_HALF.sub(lambda match: f" {match[1].upper()} M ", text)
    text = _DOTTED.sub(_spelled, text)
    for pattern, said in _rules(words):
        text = pattern.sub(said, text)
    return tidied(_NOT_SAID.sub(" ", text))


_Said = Callable[[re.Match[str]], str]


def _rules(words: Words) -> list[tuple[re.Pattern[str], _Said]]:
    """Return what is said of what, in the order in which they are looked for."""
    return [*_date_rules(words), *_number_rules(words)]


def _date_rules(words: Words) -> list[tuple[re.Pattern[str], _Said]]:
    return [
        (_ISO_DATE, lambda m: _date(words, m[0], int(m[3]), int(m[2]), int(m[1]))),
        (_DATE, lambda m: _date(words, m[0], int(m[1]), int(m[3]), int(m[4]))),
        (_MONTH_YEAR, lambda m: f"{_month(m[1])} {words.year(int(m[2]))}"),
        (_DAY_MONTH, lambda m: f"{words.ordinal(int(m[1]))} {_month(m[2])}"),
        (_MONTH_DAY, lambda m: f"{_month(m[1])} {words.ordinal(int(m[2]))}"),
        (_TIME, lambda m: _pad(words.time(int(m[1]), int(m[2])))),
    ]


def _number_rules(words: Words) -> list[tuple[re.Pattern[str], _Said]]:
    return [
        (_DOMAIN_DOT, lambda _: f" {words.dot} "),
        (_JOINED, lambda _: " "),
        (_VERSION, lambda m: f" {words.point} ".join(words.cardinal(int(part)) for part in m[0].split("."))),
        (_PHONE, lambda m: words.digits(m[0])),
        (_MONEY, lambda m: _money(words, m)),
        (_MIXED, lambda m: _mixed(words, m)),
        (_OF, lambda m: _of(words, m)),
        (_TIMES, lambda _: f" {words.signs['×']} "),
        (_MINUS_BETWEEN, lambda _: f" {words.signs['−']} "),
        (_RANGE, lambda m: f"{m[1]} {words.to} "),
        (_NEGATIVE, lambda _: f"{words.minus} "),
        (_ORDINAL, lambda m: words.ordinal(int(m[1]))),
        (_MEASURE, lambda m: f"{_value(words, m[1])} {_form(words.units[m[2]], m[1])} "),
        (_PERCENT, lambda _: f" {words.percent}"),
        (_YEAR_AFTER, lambda m: m[1] + (words.year(int(m[2])) if int(m[2]) in _YEARS else m[2])),
        (_POWER, lambda m: f" {words.signs[m[0]]} "),
        (_ALONE, lambda m: _pad(_value(words, m[0]))),
        (_SIGN, lambda m: f" {words.signs[m[0]]} "),
        (_BETWEEN_WORDS, lambda _: f" {words.slash} "),
    ]


def _spelled(dotted: re.Match[str]) -> str:
    """Return the letters apart: without dots, at which a voice would pause."""
    end = "." if dotted.end() == len(dotted.string) else ""
    return f"{' '.join(dotted[0].replace('.', ' ').split())} ".rstrip(" " if end else "") + end


def _pad(said: str) -> str:
    return f" {said} "


def _value(words: Words, written: str) -> str:
    plain = written.replace(",", "")
    if len(plain.partition(".")[0]) > _MOST_DIGITS:
        return words.digits(plain)
    if "." not in plain and "," not in written and 1900 <= int(plain) < 2100:
        return words.year(int(plain))
    return words.value(Decimal(plain), plain)


def _form(forms: tuple[str, str], written: str) -> str:
    return forms[0] if written == "1" else forms[1]


def _date(words: Words, written: str, day: int, month: int, year: int) -> str:
    """Return the date in words; what is none, as 40/13/2026, as it was written."""
    return words.date(day, month, year) if 1 <= day <= 31 and 1 <= month <= 12 and year > 0 else written


def _month(name: str) -> str:
    return next((month for month in ENGLISH.months if month.startswith(name)), name)


def _money(words: Words, match: re.Match[str]) -> str:
    sign, written, large = match[1], match[2], match[3]
    if large:
        return f"{_value(words, written)}{large} {words.money[sign][1]}"
    whole, _, part = written.replace(",", "").partition(".")
    if len(whole) > _MOST_DIGITS:
        return f"{words.digits(whole)} {words.money[sign][1]}"
    said = f"{words.cardinal(int(whole))} {_form(words.money[sign], whole)}"
    if len(part) == 2 and int(part):
        return f"{said} {words.cardinal(int(part))} {_form(words.hundredths[sign], str(int(part)))}"
    if part and len(part) != 2:
        return f"{_value(words, written)} {words.money[sign][1]}"
    return said


def _mixed(words: Words, match: re.Match[str]) -> str:
    whole, above, below = int(match[1] or 0), int(match[2]), int(match[3])
    if (above, below) not in {(1, 2), (1, 3), (2, 3), (1, 4), (3, 4)}:
        return match[0]
    return f"{words.mixed(whole, above, below, words.units.get(match[4]))} "


def _of(words: Words, match: re.Match[str]) -> str:
    above, below = match[1], match[2]
    if max(len(above), len(below)) > _MOST_DIGITS:
        return f"{above} {below}"
    between = f" {words.out_of} " if int(above) <= int(below) else " "
    return f"{words.cardinal(int(above))}{between}{words.cardinal(int(below))}"
