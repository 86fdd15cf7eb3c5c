"""The Indian English that every tutor must know."""

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
"""Usage that is correct in India, though dictionaries of other varieties may lack it."""
