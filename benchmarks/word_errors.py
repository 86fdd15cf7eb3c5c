"""Word errors of a transcript, as the field counts them."""

import re

_ONES = [
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
]
_TENS = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*|\d+")


def words_of(text: str) -> list[str]:
    """Return the words in lower case, without punctuation, numbers written out: "10" is "ten"."""
    found = _WORD.findall(text.lower().replace("’", "'").replace(",000", "000"))
    return [word for each in found for word in (_spelled(int(each)) if each.isdigit() else [each])]


def _spelled(number: int) -> list[str]:
    if number < 20:
        return [_ONES[number]]
    if number < 100:
        return [_TENS[number // 10]] + ([_ONES[number % 10]] if number % 10 else [])
    if number < 1_000:
        return [_ONES[number // 100], "hundred"] + (_spelled(number % 100) if number % 100 else [])
    if number < 1_000_000:
        return [*_spelled(number // 1_000), "thousand"] + (_spelled(number % 1_000) if number % 1_000 else [])
    return [str(number)]


def word_errors(expected: list[str], heard: list[str]) -> int:
    """Count the substitutions, insertions and deletions between two sentences (Levenshtein's distance)."""
    row = list(range(len(heard) + 1))
    for index, word in enumerate(expected, 1):
        diagonal, row[0] = row[0], index
        for column, other in enumerate(heard, 1):
            change = diagonal + (word != other)
            diagonal, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, change)
    return row[-1]
