"""Keys in the database, and the keyring that spares asking for them."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import closing
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from api.access import commands, keyring, repository
from api.access.commands import CommandError
from api.access.keyring import Keyring
from api.access.keys import KeyKind, kind_of
from api.access.secrets import AccessSecrets
from api.database import Sessions
from shared.models import ApiKey, App, Scope
from tests.support.factories import Bench
from tests.support.plans import statements

SECRETS = AccessSecrets(1, {1: b"s" * 32})
Result = TypeVar("Result")


def run(bench: Bench, *arguments: str) -> list[str]:
    """Do what `python -m api.access` does; return the lines that it prints."""
    asked = commands.parse(arguments)
    with bench.sessions.begin() as session:
        return list(asked.command(session, SECRETS, asked))


def only_key(bench: Bench) -> ApiKey:
    (row,) = bench.all(ApiKey)
    return row


def with_keyring(
    database: Engine,
    work: Callable[[Keyring], Coroutine[Any, Any, Result]],
    gone: list[UUID] | None = None,
    *,
    trusted_seconds: float = keyring.TRUSTED_SECONDS,
) -> Result:
    async def main() -> Result:
        engine = create_engine(database.url, pool_size=2)
        try:
            with closing(Sessions(engine, at_once=2)) as sessions:
                forget = (gone if gone is not None else []).append
                return await work(Keyring(sessions, on_gone=forget, trusted_seconds=trusted_seconds))
        finally:
            engine.dispose()

    return asyncio.run(main())


def digests(key: str) -> list[str]:
    return list(SECRETS.digests(key).values())


def test_a_key_is_shown_once_and_stored_as_a_digest(bench: Bench) -> None:
    key, told = run(bench, "create", "school", "--label", "server")

    row = only_key(bench)
    assert kind_of(key) is KeyKind.LIVE
    assert str(row.id) in told
    assert (row.digest, row.scopes, row.label) == (SECRETS.digest(key), ["chat"], "server")
    assert key.startswith(row.start)
    listed = "\n".join(run(bench, "list"))
    assert str(row.id) in listed
    assert key not in listed


def test_apps_are_made_by_name_once(bench: Bench) -> None:
    for name in ("school", "school", "other"):
        run(bench, "create", name)

    assert sorted(app.name for app in bench.all(App)) == ["built-in", "other", "school"]


@pytest.mark.parametrize(
    ("arguments", "kind", "scopes"),
    [
        ([], KeyKind.LIVE, ["chat"]),
        (["--test"], KeyKind.TEST, ["chat"]),
        (["--scopes", "chat,operate"], KeyKind.LIVE, ["chat", "operate"]),
    ],
)
def test_a_key_is_what_was_asked_for(
    bench: Bench, arguments: list[str], kind: KeyKind, scopes: list[str]
) -> None:
    key, _ = run(bench, "create", "school", *arguments)

    assert (kind_of(key), only_key(bench).scopes) == (kind, scopes)


@pytest.mark.parametrize(
    "arguments",
    [
        ["create"],
        ["create", "school", "--scopes", "fly"],
        ["create", "school", "--days", "0"],
        ["rotate", "no-id"],
        ["quota", "school", "turns_a_day"],
        ["quota", "school", "turns_a_day=0"],
        ["quota", "school", "wings=2"],
        ["dance"],
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        commands.parse(arguments)


def test_a_rotation_leaves_the_old_key_for_a_while(bench: Bench) -> None:
    run(bench, "create", "school", "--scopes", "operate")
    old = only_key(bench)

    key, _, told = run(bench, "rotate", str(old.id), "--overlap-hours", "2")

    old, new = sorted(bench.all(ApiKey), key=lambda row: row.created_at)
    assert new.digest == SECRETS.digest(key)
    assert (new.scopes, new.expires_at) == (["operate"], None)
    assert old.expires_at is not None
    assert old.expires_at - new.created_at == timedelta(hours=2)
    assert "2 h more" in told


def test_a_key_that_does_not_work_cannot_be_rotated(bench: Bench) -> None:
    run(bench, "create", "school")
    run(bench, "revoke", str(only_key(bench).id))

    for key_id in (only_key(bench).id, UUID(int=7)):
        with pytest.raises(CommandError):
            run(bench, "rotate", str(key_id))


def test_an_unknown_key_cannot_be_revoked(bench: Bench) -> None:
    with pytest.raises(CommandError):
        run(bench, "revoke", str(UUID(int=7)))


def test_an_apps_quotas_take_the_place_of_the_settings_until_they_are_taken_back(bench: Bench) -> None:
    assert run(bench, "quota", "school", "turns_a_day=5", "uploads=2") == ["turns_a_day = 5", "uploads = 2"]
    assert run(bench, "quota", "school", "turns_a_day=") == ["uploads = 2"]


def test_a_known_key_costs_no_query(bench: Bench, database: Engine) -> None:
    key, _ = run(bench, "create", "school")

    async def ask(ring: Keyring) -> tuple[bool, int]:
        first = await ring.with_digest(digests(key))
        assert first is not None
        with statements(ring._sessions._read.kw["bind"]) as executed:
            again = await ring.with_digest(digests(key))
            by_id = await ring.with_id(first.key.id)
        return again == by_id == first, len(executed)

    assert with_keyring(database, ask) == (True, 0)


def test_an_unknown_key_is_not_found(database: Engine) -> None:
    async def ask(ring: Keyring) -> object:
        return await ring.with_digest(["0" * 64]), await ring.with_id(UUID(int=7))

    assert with_keyring(database, ask) == (None, None)


def test_a_revoked_key_is_forgotten_at_the_next_confirmation(bench: Bench, database: Engine) -> None:
    key, _ = run(bench, "create", "school")
    gone: list[UUID] = []

    async def ask(ring: Keyring) -> tuple[bool, bool, bool]:
        before = await ring.with_digest(digests(key)) is not None
        await asyncio.to_thread(run, bench, "revoke", str(only_key(bench).id))
        await ring._confirm()
        return before, ring.knows(digests(key)), await ring.with_digest(digests(key)) is not None

    assert with_keyring(database, ask, gone) == (True, False, False)
    assert gone == [only_key(bench).id]


def test_what_was_not_confirmed_for_long_is_asked_for_again(bench: Bench, database: Engine) -> None:
    key, _ = run(bench, "create", "school")

    async def ask(ring: Keyring) -> tuple[bool, bool]:
        before = await ring.with_digest(digests(key)) is not None
        await asyncio.to_thread(run, bench, "revoke", str(only_key(bench).id))
        return before, await ring.with_digest(digests(key)) is not None

    assert with_keyring(database, ask, trusted_seconds=0.0) == (True, False)


def test_trust_and_confirmation_together_stay_below_five_seconds() -> None:
    assert keyring.CONFIRM_SECONDS < keyring.TRUSTED_SECONDS < 5


def test_use_is_noted_once_an_hour(bench: Bench, database: Engine) -> None:
    key, _ = run(bench, "create", "school")

    async def use(ring: Keyring) -> None:
        await ring.with_digest(digests(key))
        await ring._confirm()

    with_keyring(database, use)
    first = only_key(bench).last_used_at
    with_keyring(database, use)

    assert first is not None
    assert only_key(bench).last_used_at == first
    bench.sql("UPDATE api_keys SET last_used_at = last_used_at - interval '2 hours'")
    with_keyring(database, use)
    assert (only_key(bench).last_used_at or first) > first - timedelta(hours=1)


def test_a_key_made_under_another_version_is_found_while_that_is_known(
    bench: Bench, database: Engine
) -> None:
    with bench.sessions.begin() as session:
        key = _made(session, AccessSecrets(1, {1: b"o" * 32}))
    both = AccessSecrets(2, {2: b"n" * 32, 1: b"o" * 32})

    async def ask(ring: Keyring) -> tuple[bool, bool]:
        newest_only = AccessSecrets(2, {2: b"n" * 32})
        return (
            await ring.with_digest(list(both.digests(key).values())) is not None,
            await ring.with_digest(list(newest_only.digests(key).values())) is not None,
        )

    assert with_keyring(database, ask) == (True, False)


def _made(session: Session, secrets: AccessSecrets) -> str:
    app = repository.app_named(session, "school")
    return repository.create_key(
        session, secrets, app_id=app.id, label="", kind=KeyKind.LIVE, scopes=[Scope.CHAT]
    )[1]
