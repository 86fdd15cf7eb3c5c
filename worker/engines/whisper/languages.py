"""Chooses the language to write, from the probability that Whisper gives each."""

from collections.abc import Mapping

ENGLISH = "en"
HINDI = "hi"
SPOKEN_HINDI = frozenset({HINDI, "ur"})
"""One spoken language, two scripts. Whisper often takes Hindi for Urdu; the tutor reads Devanagari."""
INDIAN = SPOKEN_HINDI | {"as", "bn", "gu", "kn", "ml", "mr", "ne", "pa", "sa", "sd", "si", "ta", "te"}
INDIAN_AT_LEAST = 0.6
"""For all of `INDIAN` together, as an accent is heard in many of them; the learner came for English."""
FOREIGN_AT_LEAST = 0.9
"""For any other language: learners hardly ever speak one, while noise and accents are often taken for one."""
ENGLISH_UNDER = 0.1
"""And English must be out of the question: an accent left it 0.15 at least, another language 0.03 at most
(Whisper base on 39 recordings and 20 spoken Hindi sentences).
"""


def choose_language(probabilities: Mapping[str, float]) -> str:
    """Return the language to write, given how likely each is: English unless another is clearly ahead."""
    indian = {language: probabilities.get(language, 0.0) for language in INDIAN}
    if sum(indian.values()) >= INDIAN_AT_LEAST:
        likeliest = max(indian, key=indian.__getitem__)
        return HINDI if likeliest in SPOKEN_HINDI else likeliest
    likeliest = max(probabilities, key=probabilities.__getitem__, default=ENGLISH)
    foreign = likeliest not in INDIAN and probabilities.get(likeliest, 0.0) >= FOREIGN_AT_LEAST
    return likeliest if foreign and probabilities.get(ENGLISH, 0.0) < ENGLISH_UNDER else ENGLISH
