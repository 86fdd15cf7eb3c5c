"""The words of each language for numbers and signs. English's numbers are num2words's, counted in lakh."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from num2words import num2words

from worker.text.languages import Language


@dataclass(frozen=True, slots=True)
class Words:
    """What a language calls things. A unit, and money, have one form for one and one for more."""

    language: Language
    point: str
    minus: str
    percent: str
    to: str
    """Between the two ends of a range, as 10–15."""
    out_of: str
    slash: str
    dot: str
    signs: Mapping[str, str]
    units: Mapping[str, tuple[str, str]]
    money: Mapping[str, tuple[str, str]]
    hundredths: Mapping[str, tuple[str, str]]
    months: tuple[str, ...]

    def cardinal(self, number: int) -> str:
        """Return `number`, from 0 up, in words."""
        if self.language is Language.HINDI_DEVANAGARI:
            return _hindi(number)
        crores, rest = divmod(number, 10_000_000)
        if crores >= 100:  # num2words counts to a thousand crore
            return f"{self.cardinal(crores)} crore" + (f" {self.cardinal(rest)}" if rest else "")
        return str(num2words(number, lang="en_IN")).replace(",", "").replace("-", " ")

    def ordinal(self, number: int) -> str:
        """Return which one it is, as "third"; in Hindi, the bare number."""
        if self.language is Language.HINDI_DEVANAGARI:
            return _hindi(number)
        return str(num2words(number, lang="en_IN", to="ordinal")).replace(",", "").replace("-", " ")

    def year(self, number: int) -> str:
        """Return a year as it is said: nineteen forty seven."""
        if self.language is Language.HINDI_DEVANAGARI:
            return _hindi(number)
        return str(num2words(number, lang="en_IN", to="year")).replace("-", " ")

    def digits(self, text: str) -> str:
        """Return each digit of `text` by itself."""
        return " ".join(self.cardinal(int(character)) for character in text if character.isdecimal())

    def value(self, number: Decimal, written: str) -> str:
        """Return `number`; behind the point the digits that were `written`, one by one."""
        _, _, decimals = written.partition(".")
        whole = self.cardinal(int(number))
        return f"{whole} {self.point} {self.digits(decimals)}" if decimals else whole

    def mixed(self, whole: int, above: int, below: int, unit: tuple[str, str] | None) -> str:
        """Return `whole` and `above`/`below` of `unit`; `whole` may be 0.

        Below is 2, 3 or 4, and above is less.
        """
        if self.language is Language.HINDI_DEVANAGARI:
            return f"{_hindi_mixed(whole, above, below)} {unit[1] if unit else ''}"
        part = {(1, 2): "half", (1, 4): "quarter", (3, 4): "three quarters", (1, 3): "one third"}.get(
            (above, below), "two thirds"
        )
        if not whole:
            between = "a" if part == "half" else "of a"
            return f"{part} {between} {unit[0]}" if unit else part
        article = "a " if part in {"half", "quarter"} else ""
        return f"{self.cardinal(whole)} and {article}{part} {unit[1] if unit else ''}"

    def time(self, hour: int, minute: int) -> str:
        """Return a time of day without its half, as "three thirty" and "five o'clock"."""
        if self.language is Language.HINDI_DEVANAGARI:
            return f"{_hindi(hour)} बजकर {_hindi(minute)} मिनट" if minute else f"{_hindi(hour)} बजे"
        if not minute:
            return f"{self.cardinal(hour)} o'clock"
        return f"{self.cardinal(hour)} {'oh ' if minute < 10 else ''}{self.cardinal(minute)}"

    def date(self, day: int, month: int, year: int) -> str:
        """Return a date."""
        name = self.months[month - 1]
        if self.language is Language.HINDI_DEVANAGARI:
            return f"{_hindi(day)} {name} {_hindi(year)}"
        return f"{self.ordinal(day)} {name} {self.year(year)}"


_UNDER_HUNDRED = (
    "शून्य एक दो तीन चार पाँच छह सात आठ नौ "
    "दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस "
    "बीस इक्कीस बाईस तेईस चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस "
    "तीस इकतीस बत्तीस तैंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस "
    "चालीस इकतालीस बयालीस तैंतालीस चवालीस पैंतालीस छियालीस सैंतालीस अड़तालीस उनचास "
    "पचास इक्यावन बावन तिरपन चौवन पचपन छप्पन सत्तावन अट्ठावन उनसठ "
    "साठ इकसठ बासठ तिरसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर "
    "सत्तर इकहत्तर बहत्तर तिहत्तर चौहत्तर पचहत्तर छिहत्तर सतहत्तर अठहत्तर उनासी "
    "अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी सत्तासी अट्ठासी नवासी "
    "नब्बे इक्यानवे बानवे तिरानवे चौरानवे पचानवे छियानवे सत्तानवे अट्ठानवे निन्यानवे "
)
_HUNDRED_WORDS = tuple(_UNDER_HUNDRED.split())
_GROUPS = ((10_000_000, "करोड़"), (100_000, "लाख"), (1_000, "हज़ार"), (100, "सौ"))


def _hindi(number: int) -> str:
    """Return a Hindi number; num2words (0.5) has none. Years from 1100 to 1999 are said in hundreds."""
    if number < 100:
        return _HUNDRED_WORDS[number]
    groups = _GROUPS[3:] if 1_100 <= number <= 1_999 else _GROUPS
    size, name = next(group for group in groups if number >= group[0])
    many, rest = divmod(number, size)
    said = f"{_hindi(many)} {name}"
    return f"{said} {_hindi(rest)}" if rest else said


def _hindi_mixed(whole: int, above: int, below: int) -> str:
    own = {(0, 1, 2): "आधा", (1, 1, 2): "डेढ़", (2, 1, 2): "ढाई", (0, 1, 4): "चौथाई", (0, 3, 4): "पौन"}
    if (whole, above, below) in own:
        return own[whole, above, below]
    if (above, below) == (1, 2):
        return f"साढ़े {_hindi(whole)}"
    if (above, below) == (1, 4):
        return f"सवा {_hindi(whole)}"
    part = {(3, 4): "तीन चौथाई", (1, 3): "एक तिहाई"}.get((above, below), "दो तिहाई")
    return f"{_hindi(whole)} सही {part}" if whole else part


def _forms(text: str) -> dict[str, tuple[str, str]]:
    """Read `unit:one|more` pairs; a word that stands alone is the form for both."""
    forms: dict[str, tuple[str, str]] = {}
    for pair in text.split():
        unit, _, said = pair.rpartition(":")
        one, _, more = said.replace("_", " ").partition("|")
        forms[unit] = (one, more or one)
    return forms


ENGLISH = Words(
    language=Language.ENGLISH,
    point="point",
    minus="minus",
    percent="percent",
    to="to",
    out_of="out of",
    slash="or",
    dot="dot",
    signs={
        "×": "times", "÷": "divided by", "+": "plus", "=": "equals", "−": "minus", "±": "plus or minus",
        "≺": "is less than", "≻": "is greater than", "≤": "is at most",
        "≥": "is at least", "≠": "is not equal to", "≈": "is about", "→": ",", "&": "and", "@": "at",
        "^2": "squared", "^3": "cubed", "°": "degrees", "%": "percent",
    },
    units=_forms(
        "km/h:kilometre_an_hour|kilometres_an_hour kmph:kilometre_an_hour|kilometres_an_hour "
        "°C:degree_Celsius|degrees_Celsius °F:degree_Fahrenheit|degrees_Fahrenheit °:degree|degrees "
        "km:kilometre|kilometres cm:centimetre|centimetres mm:millimetre|millimetres "
        "m:metre|metres ft:foot|feet "
        "kg:kilogram|kilograms kgs:kilogram|kilograms mg:milligram|milligrams gm:gram|grams g:gram|grams "
        "ml:millilitre|millilitres l:litre|litres L:litre|litres hr:hour|hours hrs:hour|hours "
        "min:minute|minutes "
        "mins:minute|minutes sec:second|seconds secs:second|seconds kB:kilobyte|kilobytes "
        "MB:megabyte|megabytes "
        "GB:gigabyte|gigabytes m^2:square_metre|square_metres km^2:square_kilometre|square_kilometres "
        "cm^2:square_centimetre|square_centimetres m^3:cubic_metre|cubic_metres"
    ),
    money=_forms("₹:rupee|rupees $:dollar|dollars €:euro|euros £:pound|pounds"),
    hundredths=_forms("₹:paisa|paise $:cent|cents €:cent|cents £:penny|pence"),
    months=("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November", "December"),
)  # fmt: skip


HINDI = Words(
    language=Language.HINDI_DEVANAGARI,
    point="दशमलव",
    minus="माइनस",
    percent="प्रतिशत",
    to="से",
    out_of="बटा",
    slash="या",
    dot="डॉट",
    signs={
        "×": "गुणा", "÷": "भाग", "+": "जमा", "=": "बराबर", "−": "घटा", "±": "जमा या घटा",
        "≺": "से कम", "≻": "से ज़्यादा", "≤": "से ज़्यादा नहीं", "≥": "से कम नहीं", "≠": "बराबर नहीं",
        "≈": "लगभग", "→": ",",
        "&": "और", "@": "ऐट", "^2": "का वर्ग", "^3": "का घन", "°": "डिग्री", "%": "प्रतिशत",
    },
    units=_forms(
        "km/h:किलोमीटर_प्रति_घंटा kmph:किलोमीटर_प्रति_घंटा °C:डिग्री_सेल्सियस °F:डिग्री_फ़ारेनहाइट °:डिग्री "
        "km:किलोमीटर cm:सेंटीमीटर mm:मिलीमीटर m:मीटर ft:फ़ुट kg:किलो kgs:किलो mg:मिलीग्राम gm:ग्राम g:ग्राम "
        "ml:मिलीलीटर l:लीटर L:लीटर hr:घंटे hrs:घंटे min:मिनट mins:मिनट sec:सेकंड secs:सेकंड kB:किलोबाइट MB:मेगाबाइट "
        "GB:गीगाबाइट m^2:वर्ग_मीटर km^2:वर्ग_किलोमीटर cm^2:वर्ग_सेंटीमीटर m^3:घन_मीटर"
    ),
    money=_forms("₹:रुपया|रुपये $:डॉलर €:यूरो £:पाउंड"),
    hundredths=_forms("₹:पैसे $:सेंट €:सेंट £:पेंस"),
    months=("जनवरी", "फ़रवरी", "मार्च", "अप्रैल", "मई", "जून", "जुलाई", "अगस्त", "सितंबर", "अक्टूबर", "नवंबर", "दिसंबर"),
)  # fmt: skip
