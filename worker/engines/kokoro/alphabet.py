"""The symbols that the model reads: the phonetic alphabet and marks, each a number."""

MOST_TOKENS = 510
"""The most tokens that the model takes in one call, without the zeros at both ends."""

# Kokoro's config.json (v1.0), `vocab`: where a run of numbers begins, and the symbols that have them.
_RUNS = (
    (1, ";:,.!?"),
    (9, '—…"()“” \u0303ʣʥʦʨᵝ\uab67AI'),
    (31, "O"),
    (33, "Q"),
    (35, "ST"),
    (39, "W"),
    (41, "Yᵊabcdef"),
    (50, "hijklmnopqrstuvwxyzɑɐɒæ"),
    (75, "βɔɕç"),
    (80, "ɖðʤə"),
    (85, "ɚɛɜ"),
    (90, "ɟ"),
    (92, "ɡ"),
    (99, "ɥ"),
    (101, "ɨɪʝ"),
    (110, "ɯɰŋɳɲɴø"),
    (118, "ɸθœ"),
    (123, "ɹ"),
    (125, "ɾɻ"),
    (128, "ʁɽʂʃʈʧ"),
    (135, "ʊʋ"),
    (138, "ʌɣɤ"),
    (142, "χʎ"),
    (147, "ʒʔ"),
    (156, "ˈˌː"),
    (162, "ʰ"),
    (164, "ʲ"),
    (169, "↓"),
    (171, "→↗↘"),
    (177, "ᵻ"),
)
_NUMBERS = {symbol: start + place for start, run in _RUNS for place, symbol in enumerate(run)}


def to_tokens(phonemes: str) -> list[int]:
    """Return the numbers of the symbols that the model knows; others are left out."""
    return [_NUMBERS[symbol] for symbol in phonemes if symbol in _NUMBERS]
