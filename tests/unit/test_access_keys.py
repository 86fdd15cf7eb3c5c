"""Keys, secrets and tokens: what is accepted, and what is refused without asking anybody."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api.access import keys
from api.access.keys import KeyKind, kind_of, new_key, start_of
from api.access.secrets import AccessSecrets
from api.access.settings import AccessSettings
from api.access.tokens import LearnerTokens
from shared.learners import LearnerRef

OLD, NEW = b"o" * 32, b"n" * 32
SECRETS = AccessSecrets(2, {2: NEW, 1: OLD})
APP, KEY = UUID(int=1), UUID(int=2)
ASHA = LearnerRef(APP, "asha")
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("kind", KeyKind)
def test_a_new_key_is_recognised(kind: KeyKind) -> None:
    key = new_key(kind)

    assert key.startswith(f"ep_{kind}_")
    assert kind_of(key) is kind
    assert start_of(key) == key[:12]


def test_keys_are_different_and_random_enough() -> None:
    made = {new_key(KeyKind.LIVE) for _ in range(1000)}

    assert len(made) == 1000
    assert len(keys._LETTERS) ** keys._RANDOM_CHARACTERS > 2**128


@given(st.integers(0, 46), st.sampled_from(keys._LETTERS))
def test_any_mistyped_character_is_noticed(place: int, letter: str) -> None:
    key = new_key(KeyKind.LIVE)
    mistyped = key[:place] + letter + key[place + 1 :]

    assert mistyped == key or kind_of(mistyped) is None


@given(st.text())
def test_no_other_text_is_a_key(text: str) -> None:
    assert kind_of(text) is None


def test_what_is_stored_depends_on_the_version_and_is_no_key() -> None:
    key = new_key(KeyKind.LIVE)
    digests = SECRETS.digests(key)

    assert digests[1] != digests[2]
    assert SECRETS.digest(key) == digests[2]
    assert key not in "".join(digests.values())


def test_a_pseudonym_stands_for_one_learner_of_one_app_under_every_version() -> None:
    old = AccessSecrets(1, {1: OLD})
    pseudonym = old.pseudonym(ASHA)

    assert SECRETS.is_pseudonym(pseudonym, ASHA)
    assert not SECRETS.is_pseudonym(pseudonym, LearnerRef(APP, "ravi"))
    assert not SECRETS.is_pseudonym(pseudonym, LearnerRef(UUID(int=9), "asha"))
    assert "asha" not in pseudonym


def test_a_token_says_what_it_was_made_with() -> None:
    token, expires_at = LearnerTokens(SECRETS).make(ASHA, KEY, HOUR)
    claims = LearnerTokens(SECRETS).read(token)

    assert claims is not None
    assert (claims.learner, claims.key_id) == (ASHA, KEY)
    assert timedelta(minutes=59) < expires_at - datetime.now(UTC) <= HOUR


def test_a_signing_key_rotates_without_an_outage() -> None:
    before = LearnerTokens(AccessSecrets(1, {1: OLD}))
    both = LearnerTokens(AccessSecrets(1, {1: OLD, 2: NEW}))
    moved, after = LearnerTokens(SECRETS), LearnerTokens(AccessSecrets(2, {2: NEW}))

    old, new = before.make(ASHA, KEY, HOUR)[0], moved.make(ASHA, KEY, HOUR)[0]

    assert all(each.read(old) for each in (before, both, moved))
    assert all(each.read(new) for each in (both, moved, after))
    assert after.read(old) is None
    assert before.read(new) is None


def forged(
    *,
    key: bytes | None = None,
    algorithm: str = "HS256",
    kid: str | None = "2",
    changes: Mapping[str, Any] | None = None,
) -> str:
    now = datetime.now(UTC)
    claims = {
        "iss": "english-practice",
        "aud": "english-practice:learner",
        "sub": "asha",
        "app": str(APP),
        "key": str(KEY),
        "iat": now,
        "exp": now + HOUR,
    } | dict(changes or {})
    signing: bytes | str = "" if algorithm == "none" else key or SECRETS.signing_key(2) or b""
    given = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(given, signing, algorithm=algorithm, headers={"kid": kid} if kid else {})


def test_the_forgers_claims_are_otherwise_good() -> None:
    assert LearnerTokens(SECRETS).read(forged()) is not None


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b.c",
        "." * 3000,
        "é",
        forged(key=b"x" * 32),
        forged(algorithm="none"),
        forged(algorithm="HS512", key=b"x" * 64),
        forged(kid=None),
        forged(kid="3"),
        forged(kid="two"),
        forged(kid="1"),
        *(forged(changes={claim: None}) for claim in ("iss", "aud", "sub", "app", "key", "iat", "exp")),
        forged(changes={"aud": "another"}),
        forged(changes={"iss": "another"}),
        forged(changes={"app": "another"}),
        *(forged(changes={"sub": name}) for name in ("", "a" * 129, "a\0b", "\ud800", "a/b")),
        forged(changes={"exp": datetime.now(UTC) - timedelta(seconds=1)}),
        forged(changes={"iat": datetime.now(UTC) + HOUR}),
    ],
)
def test_a_token_that_is_not_ours_or_not_good_any_more_says_nothing(token: str) -> None:
    assert LearnerTokens(SECRETS).read(token) is None


@pytest.mark.parametrize(
    ("text", "newest", "versions"),
    [("s" * 32, 1, {1}), (f"2:{'s' * 32}, 1:{'t' * 40}", 2, {1, 2}), (f"1:{'a' * 31}:b", 1, {1})],
)
def test_secrets_have_versions_the_newest_first(text: str, newest: int, versions: set[int]) -> None:
    secrets = AccessSettings.model_validate({"access_secrets": text}).secrets()

    assert (secrets.newest, set(secrets.by_version)) == (newest, versions)


@pytest.mark.parametrize("access", ["open", "keys", None])
def test_in_prod_nothing_starts_without_secrets_that_all_hosts_share(access: str | None) -> None:
    with pytest.raises(ValidationError, match="ACCESS_SECRETS is required when APP_ENV=prod"):
        AccessSettings.model_validate({"app_env": "prod", "access": access})


@pytest.mark.parametrize("text", ["short", f"1:{'s' * 32},1:{'t' * 32}", f"1:{'s' * 32},", f"x:{'s' * 20}"])
def test_weak_or_ambiguous_secrets_are_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        AccessSettings.model_validate({"access_secrets": text})

    assert "ACCESS_SECRETS" in str(refusal.value)
    assert "sss" not in str(refusal.value)
