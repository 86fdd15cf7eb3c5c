"""Keys in the database, and the keyring that spares asking for them."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from contextlib import closing
from datetime import timedelta
from pathlib import Path
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
from local.access_keys import make_keys
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
    database: Engine, work: Callable[[Keyring], Coroutine[Any, Any, Result]], **how: Any
) -> Result:
    async def main() -> Result:
        engine = create_engine(database.url, pool_size=2)
        try:
            with closing(Sessions(engine, at_once=2)) as sessions:
                return await work(Keyring(sessions, **how))
        finally:
            engine.dispose()

    return asyncio.run(main())


def apps(bench: Bench) -> list[str]:
    return sorted(app.name for app in bench.all(App))


def digests(key: str) -> list[str]:
    return list(SECRETS.digests(key).values())


def test_a_key_is_shown_once_and_stored_as_a_digest(bench: Bench) -> None:
    key, told, *_ = run(bench, "create", "school", "--label", "server")

    row = only_key(bench)
    assert kind_of(key) is KeyKind.LIVE
    assert str(row.id) in told
    assert (row.digest, row.scopes, row.label) == (SECRETS.digest(key), ["chat"], "server")
    assert key.startswith(row.start)
    listed = "\n".join(run(bench, "list"))
    assert str(row.id) in listed
    assert key not in listed


def test_apps_are_made_by_name_once_and_said_to_be_new(bench: Bench) -> None:
    told = [run(bench, "create", name)[2:] for name in ("school", "school", "other")]

    assert apps(bench) == ["built-in", "other", "school"]
    assert [len(lines) for lines in told] == [1, 0, 1]
    assert "'school'" in told[0][0]


@pytest.mark.parametrize(
    "arguments",
    [
        ("quota", "scholl", "turns_a_day=5"),
        ("quota", "scholl"),
        ("rotate", str(UUID(int=7))),
        ("revoke", str(UUID(int=7))),
    ],
    ids=" ".join,
)
def test_what_is_not_there_is_refused_and_not_made(bench: Bench, arguments: tuple[str, ...]) -> None:
    run(bench, "create", "school")

    with pytest.raises(CommandError, match=arguments[1]):
        run(bench, *arguments)

    assert apps(bench) == ["built-in", "school"]
    assert len(bench.all(ApiKey)) == 1


def test_a_refusal_is_a_sentence_and_a_status(database: Engine) -> None:
    url = database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "api.access", "quota", "scholl", "uploads=2"]

    refused = subprocess.run(
        command, env=os.environ | {"DATABASE_URL": url}, capture_output=True, text=True, check=False
    )

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "There is no app 'scholl'; an app is made with its first key.\n"


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
    key, *_ = run(bench, "create", "school", *arguments)

    assert (kind_of(key), only_key(bench).scopes) == (kind, scopes)


@pytest.mark.parametrize(
    "arguments",
    [
        ["create"],
        ["create", "school", "--scopes", "fly"],
        ["create", "school", "--days", "0"],
        ["create", " "],
        ["create", "school\nother"],
        ["create", "s" * 101],
        ["create", "school", "--label", "\x1b[2J"],
        ["rotate", "no-id"],
        ["quota", "school", "turns_a_day"],
        ["quota", "school", "turns_a_day=0"],
        ["quota", "school", "unfinished_jobs_of_app=1000000000000000"],
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


def test_an_apps_quotas_take_the_place_of_the_settings_until_they_are_taken_back(bench: Bench) -> None:
    run(bench, "create", "school")

    assert run(bench, "quota", "school", "turns_a_day=5", "uploads=2") == ["turns_a_day = 5", "uploads = 2"]
    assert run(bench, "quota", "school", "turns_a_day=") == ["uploads = 2"]


def test_a_known_key_costs_no_query(bench: Bench, database: Engine) -> None:
    key, *_ = run(bench, "create", "school")

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


@pytest.mark.parametrize("end", ["revoke", "delete"])
def test_a_revoked_key_is_forgotten_at_the_next_confirmation_and_its_requests_told(
    bench: Bench, database: Engine, end: str
) -> None:
    key, *_ = run(bench, "create", "school")
    key_id, ended, another = only_key(bench).id, list[str](), list[str]()

    async def ask(ring: Keyring) -> tuple[bool, bool, bool]:
        before = await ring.with_digest(digests(key)) is not None
        if end == "revoke":
            await asyncio.to_thread(run, bench, "revoke", str(key_id))
        else:
            await asyncio.to_thread(bench.sql, "DELETE FROM api_keys")
        with (
            ring.watching(key_id, lambda: ended.append("told")),
            ring.watching(None, lambda: another.append("told")),
        ):
            await ring._confirm()
        return before, ring.knows(digests(key)), await ring.with_digest(digests(key)) is not None

    assert with_keyring(database, ask) == (True, False, False)
    assert (ended, another) == (["told"], [])


def test_a_key_that_is_kept_no_more_ends_no_request_until_it_is_revoked(
    bench: Bench, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old, *_), (new, *_) = run(bench, "create", "school"), run(bench, "create", "other")
    told: list[str] = []

    async def crowd_out(ring: Keyring) -> list[list[str]]:
        found = await ring.with_digest(digests(old))
        assert found is not None
        seen = []
        with ring.watching(found.key.id, lambda: told.append("ended")):
            await ring.with_digest(digests(new))
            await ring._confirm()
            assert (ring.knows(digests(old)), ring.knows(digests(new))) == (False, True)
            monkeypatch.setattr(keyring, "_FORGET_SECONDS", -1.0)
            await ring._confirm()
            assert not ring.knows(digests(new))
            seen.append(told.copy())
            await asyncio.to_thread(run, bench, "revoke", str(found.key.id))
            await ring._confirm()
            seen.append(told.copy())
        await ring._confirm()
        return [*seen, told]

    assert with_keyring(database, crowd_out, most=1) == [[], ["ended"], ["ended"]]


def test_of_many_keys_those_are_kept_that_were_used_last(bench: Bench, database: Engine) -> None:
    first, second, third = (run(bench, "create", "school")[0] for _ in range(3))

    async def use(ring: Keyring) -> list[bool]:
        for key in (first, second, first, third):
            await ring.with_digest(digests(key))
        return [ring.knows(digests(key)) for key in (first, second, third)]

    assert with_keyring(database, use, most=2) == [True, False, True]


def test_what_was_not_confirmed_for_long_is_asked_for_again(bench: Bench, database: Engine) -> None:
    key, *_ = run(bench, "create", "school")

    async def ask(ring: Keyring) -> tuple[bool, bool]:
        before = await ring.with_digest(digests(key)) is not None
        await asyncio.to_thread(run, bench, "revoke", str(only_key(bench).id))
        return before, await ring.with_digest(digests(key)) is not None

    assert with_keyring(database, ask, trusted_seconds=0.0) == (True, False)


def test_trust_and_confirmation_together_stay_below_five_seconds() -> None:
    assert keyring.CONFIRM_SECONDS < keyring.TRUSTED_SECONDS < 5


def test_use_is_noted_once_an_hour(bench: Bench, database: Engine) -> None:
    key, *_ = run(bench, "create", "school")

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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["create", "myapp", "--scopes", "fly"], "must be of chat, operate, separated by commas"),
        (["create", "myapp", "--days", "soon"], "must be a positive number, less than 100000"),
        (["create", "myapp", "--days", "0"], "must be a positive number, less than 100000"),
        (["quota", "myapp", "turns_a_day=many"], "must be a whole number from 1 to"),
        (["quota", "myapp", "turns_a_day=0"], "must be a whole number from 1 to"),
        (["quota", "myapp", "turns=1"], "must be NAME=NUMBER, of "),
    ],
)
def test_a_bad_argument_is_told_what_it_must_be(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        commands.parse(arguments)

    assert said in capsys.readouterr().err


def test_sending_a_key_that_has_expired_is_no_use_of_it(bench: Bench, database: Engine) -> None:
    key, *_ = run(bench, "create", "school", "--days", "1")
    assert "until" in run(bench, "list")[-1]
    bench.sql("UPDATE api_keys SET expires_at = now() - interval '1 minute'")

    async def use(ring: Keyring) -> None:
        await ring.with_digest(digests(key))
        await ring._confirm()

    with_keyring(database, use)
    assert only_key(bench).last_used_at is None
    assert "expired" in run(bench, "list")[-1]


def test_the_launcher_takes_nobodys_key_away_but_its_own(
    bench: Bench, database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCESS", "keys")
    url = database.url.render_as_string(hide_password=False)
    for app in ("default", "school"):
        run(bench, "create", app, "--label", "make run")
    others = {row.id for row in bench.all(ApiKey)}

    own = [make_keys(url, tmp_path) for _ in range(2)]

    assert [first for first, _ in own] == [None, None]
    left = {row.id for row in bench.all(ApiKey)}
    assert others < left
    assert len(left) == len(others) + 1
