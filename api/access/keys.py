"""What an API key looks like: `ep_live_` or `ep_test_`, 32 random characters, a checksum of 6.

The prefix lets a scanner find a key that has leaked. The checksum refuses a mistyped or made-up one without
a look into the database. The randomness is 190 bits, so a plain hash would do for storage; an HMAC makes a
stolen database useless for trying keys out (`api.access.secrets`).
"""

import re
import secrets
import string
import zlib
from enum import StrEnum

_LETTERS = string.digits + string.ascii_letters
_RANDOM_CHARACTERS, _CHECKSUM_CHARACTERS = 32, 6
_FORM = re.compile(
    rf"(ep_(live|test)_[0-9A-Za-z]{{{_RANDOM_CHARACTERS}}})([0-9A-Za-z]{{{_CHECKSUM_CHARACTERS}}})"
)
_SHOWN_CHARACTERS = 12


class KeyKind(StrEnum):
    """`TEST` keys are refused where `APP_ENV=prod`, so that one pasted there by mistake does nothing."""

    LIVE = "live"
    TEST = "test"


def new_key(kind: KeyKind) -> str:
    """Return a fresh key."""
    body = f"ep_{kind}_" + "".join(secrets.choice(_LETTERS) for _ in range(_RANDOM_CHARACTERS))
    return body + _checksum(body)


def kind_of(text: str) -> KeyKind | None:
    """Return the kind of the key; None for what cannot be one."""
    found = _FORM.fullmatch(text)
    return KeyKind(found[2]) if found and _checksum(found[1]) == found[3] else None


def start_of(key: str) -> str:
    """Return the beginning of a key, by which its owner recognises it."""
    return key[:_SHOWN_CHARACTERS]


def _checksum(body: str) -> str:
    """Return the CRC-32 of `body` in base 62."""
    number, letters = zlib.crc32(body.encode()), ""
    for _ in range(_CHECKSUM_CHARACTERS):
        number, digit = divmod(number, len(_LETTERS))
        letters = _LETTERS[digit] + letters
    return letters
