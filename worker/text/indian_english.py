"""Indian English, as far as every tutor must know it."""

ACCEPTED = (
    "prepone",
    "do the needful",
    "out of station",
    "good name",
    "cousin brother",
    "cousin sister",
    "lakh",
    "crore",
)
"""Usage that is correct where our learners live, though other dictionaries may not have it."""
