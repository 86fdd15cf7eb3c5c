"""The schema: migrations up and down, and what they make compared with the models."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, Enum, create_engine, inspect, text

from shared.models import metadata
from shared.settings import SharedSettings
from tests.conftest import ROOT, migrate

CreateDatabase = Callable[[], str]
TABLES = set(metadata.tables)
WITH_UUID = TABLES - {"daily_mistakes", "daily_usage", "job_events", "workers"}


def connect(url: str) -> Engine:
    return create_engine(SharedSettings(database_url=url).database_url)


def schema(url: str) -> dict[str, Any]:
    """Return all that PostgreSQL knows of the schema, by table."""
    engine = connect(url)
    looks = ("get_columns", "get_pk_constraint", "get_foreign_keys", "get_check_constraints", "get_indexes")
    inspector = inspect(engine)
    found = {
        table: {look: repr(getattr(inspector, look)(table)) for look in looks}
        for table in inspector.get_table_names()
    }
    engine.dispose()
    return found


def alembic(url: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_migrations_go_up_and_down_and_up_again(create_database: CreateDatabase) -> None:
    url = create_database()

    migrate(url, "head")
    first = schema(url)
    migrate(url, "base")
    nothing = schema(url)
    migrate(url, "head")

    assert set(first) == TABLES | {"alembic_version"}
    assert set(nothing) == {"alembic_version"}
    assert schema(url) == first


def test_the_command_line_migrates_the_database_of_the_environment(create_database: CreateDatabase) -> None:
    url = create_database()

    process = alembic(url, "upgrade", "head")
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 0, output
    assert set(schema(url)) == TABLES | {"alembic_version"}


def test_two_deploys_that_migrate_at_once_take_turns(create_database: CreateDatabase) -> None:
    url = create_database()

    processes = [alembic(url, "upgrade", "head") for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in processes]

    assert [process.returncode for process in processes] == [0, 0], outputs


def test_sums_of_usage_survive_the_way_up_and_down(create_database: CreateDatabase) -> None:
    url = create_database()
    engine = connect(url)
    migrate(url, "0004")
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO daily_usage VALUES ('asha', '2026-01-01', 1, 0, 0, 0, 0, 0, 0, 7, 9)")
        )

    migrate(url, "0005")
    with engine.begin() as connection:
        connection.execute(text("UPDATE daily_usage SET tokens_in = tokens_in + 2147483647"))
        up = connection.execute(text("SELECT tokens_in, tokens_out FROM daily_usage")).one()
    assert alembic(url, "downgrade", "0004").wait(60) == 0
    with engine.begin() as connection:
        down = connection.execute(text("SELECT tokens_in, tokens_out FROM daily_usage")).one()
    engine.dispose()

    assert (tuple(up), tuple(down)) == ((2_147_483_654, 9), (2_147_483_647, 9))


def test_migrations_sort_by_name_in_the_order_in_which_they_run() -> None:
    scripts = ScriptDirectory.from_config(Config(ROOT / "alembic.ini"))
    in_order = [Path(script.path).name for script in scripts.walk_revisions()][::-1]

    assert in_order == sorted(in_order)
    assert [name[:4] for name in in_order] == [script.revision for script in scripts.walk_revisions()][::-1]


def test_nothing_is_left_to_migrate(database: Engine) -> None:
    config = Config(ROOT / "alembic.ini")
    with database.connect() as connection:
        config.attributes["connection"] = connection
        command.check(config)


def test_models_and_migrations_agree_down_to_types_and_server_defaults(database: Engine) -> None:
    with database.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


def test_the_check_constraints_allow_exactly_what_the_models_know(database: Engine) -> None:
    expected = {
        f"ck_{table.name}_{column.type.name}": set(column.type.enums)
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, Enum)
    }
    inspector = inspect(database)

    allowed = {
        constraint["name"]: set(re.findall(r"'([\w.]+)'", constraint["sqltext"]))
        for table in TABLES
        for constraint in inspector.get_check_constraints(table)
    }

    assert allowed == expected


def test_every_constraint_and_index_is_named_by_the_convention(database: Engine) -> None:
    with database.connect() as connection:
        constraints = _names(
            connection,
            "SELECT conrelid::regclass::text, contype::text, conname FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace AND contype <> 'n'",
        )
        indexes = _names(
            connection,
            "SELECT tablename, CASE WHEN indexdef LIKE 'CREATE UNIQUE%' THEN 'u' ELSE 'i' END, indexname"
            " FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT IN"
            " (SELECT conname FROM pg_constraint)",
        )

    prefixes = {"p": "pk", "u": "uq", "f": "fk", "c": "ck", "i": "ix"}
    found = [name for name in constraints + indexes if name[0] != "alembic_version"]
    stray = [name for table, kind, name in found if not re.match(rf"{prefixes[kind]}_{table}(_|$)", name)]
    assert stray == []
    assert {kind for _, kind, _ in found} == set(prefixes)


def _names(connection: Connection, query: str) -> list[tuple[str, str, str]]:
    return [(row[0], row[1], row[2]) for row in connection.execute(text(query))]


def test_every_moment_has_a_time_zone(database: Engine) -> None:
    with database.connect() as connection:
        types = connection.execute(
            text(
                "SELECT table_name, column_name, data_type FROM information_schema.columns"
                " WHERE table_schema = 'public' AND (data_type LIKE 'time%' OR column_name LIKE '%\\_at')"
            )
        ).all()

    assert len(types) > 15
    assert {row.data_type for row in types} == {"timestamp with time zone"}


@pytest.mark.parametrize("table", sorted(WITH_UUID))
def test_rows_are_identified_by_uuids(database: Engine, table: str) -> None:
    inspector = inspect(database)
    types = {column["name"]: str(column["type"]) for column in inspector.get_columns(table)}

    assert inspector.get_pk_constraint(table)["constrained_columns"] == ["id"]
    assert types["id"] == "UUID"


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("daily_mistakes", ["learner_id", "day", "category"]),
        ("daily_usage", ["learner_id", "day"]),
        ("job_events", ["job_id", "seq"]),
        ("workers", ["name"]),
    ],
)
def test_rows_with_a_natural_key_are_identified_by_it(database: Engine, table: str, key: list[str]) -> None:
    assert inspect(database).get_pk_constraint(table)["constrained_columns"] == key


_BEFORE_LEARNERS = """
    INSERT INTO conversations (id, user_id, public_id, last_turn)
        SELECT md5('c' || u)::uuid, u, 'market', 1 FROM unnest(ARRAY['asha', 'ravi']) u;
    INSERT INTO audio_objects (id, name, backend, content_type, user_id, size_bytes, seconds, stored_at)
        VALUES (md5('heard')::uuid, 'heard.flac', 'local', 'audio/flac', 'asha', 10, 1, now()),
        (md5('whole')::uuid, 'whole.mp3', 'local', 'audio/mpeg', NULL, 20, 1, now()),
        (md5('piece')::uuid, 'piece.mp3', 'local', 'audio/mpeg', NULL, 20, 1, now()),
        (md5('orphan')::uuid, 'orphan.mp3', 'local', 'audio/mpeg', NULL, 20, 1, now()),
        (md5('only')::uuid, 'only.flac', 'local', 'audio/flac', 'meera', 30, 1, now());
    INSERT INTO jobs (id, user_id, kind, conversation_id, turn, speak, request_fingerprint, request_id,
            status, tokens_in, tokens_out, warnings, engines, upload_id, reply_audio_id, idempotency_key)
        SELECT md5('j' || u)::uuid, u, 'voice', md5('c' || u)::uuid, 1, '{}', '', '', 'succeeded', 0, 0,
            '[]', '{}', CASE u WHEN 'asha' THEN md5('heard')::uuid END,
            CASE u WHEN 'asha' THEN md5('whole')::uuid END, 'key'
        FROM unnest(ARRAY['asha', 'ravi']) u;
    INSERT INTO steps (id, job_id, attempt, kind, part, position, number, queue, rank, deaths, audio_id)
        SELECT gen_random_uuid(), md5('jravi')::uuid, 0, 'speak', 'reply', 0, 0, 'gpu', 1, 0,
            md5('piece')::uuid;
    INSERT INTO daily_usage VALUES ('asha', '2026-01-01', 1, 0, 0, 0, 0, 0, 0, 7, 9),
        ('kabir', '2026-01-02', 1, 0, 0, 0, 0, 0, 0, 7, 9)
"""
_WHOSE = {
    "conversations": ("public_id", [("asha", "market"), ("ravi", "market")]),
    "jobs": ("idempotency_key", [("asha", "key"), ("ravi", "key")]),
    "daily_usage": ("day::text", [("asha", "2026-01-01"), ("kabir", "2026-01-02")]),
}


def test_what_there_was_belongs_to_learners_of_the_built_in_app_and_back(
    create_database: CreateDatabase,
) -> None:
    url = create_database()
    engine = connect(url)
    migrate(url, "0008")
    with engine.begin() as connection:
        for statement in _BEFORE_LEARNERS.split(";"):
            connection.exec_driver_sql(statement)

    migrate(url, "0009")
    with engine.begin() as connection:
        owned = "SELECT user_id, {} FROM {} LEFT JOIN learners l ON l.id = learner_id ORDER BY 1, 2"
        up = {
            name: [tuple(row) for row in connection.execute(text(owned.format(column, name)))]
            for name, (column, _) in _WHOSE.items()
        }
        sounds = connection.execute(text(owned.format("name", "audio_objects"))).all()
        apps = connection.execute(text("SELECT DISTINCT app_id::text FROM jobs")).scalars().all()
        learners = connection.execute(text("SELECT user_id FROM learners ORDER BY 1")).scalars().all()
        # Another app's learner of the same name, with things of their own, does not survive the way down.
        for statement in _ANOTHER_APP.split(";"):
            connection.exec_driver_sql(statement)
    assert alembic(url, "downgrade", "0008").wait(60) == 0
    with engine.begin() as connection:
        down = {
            name: [
                tuple(row)
                for row in connection.execute(
                    text(f"SELECT user_id, {column} FROM {name} ORDER BY 1, 2")  # noqa: S608
                )
            ]
            for name, (column, _) in _WHOSE.items()
        }
    engine.dispose()

    expected = {name: rows for name, (_, rows) in _WHOSE.items()}
    assert up == down == expected
    assert learners == ["asha", "kabir", "meera", "ravi"]
    assert apps == ["00000000-0000-4000-8000-000000000001"]
    assert [tuple(row) for row in sounds] == [
        ("asha", "heard.flac"),
        ("asha", "whole.mp3"),
        ("meera", "only.flac"),
        ("ravi", "piece.mp3"),
        (None, "orphan.mp3"),
    ]


_ANOTHER_APP = """
    INSERT INTO apps (id, name) VALUES (md5('other')::uuid, 'other');
    INSERT INTO learners (id, app_id, user_id) VALUES (md5('l')::uuid, md5('other')::uuid, 'asha');
    INSERT INTO conversations (id, learner_id, public_id, last_turn)
        VALUES (md5('c')::uuid, md5('l')::uuid, 'market', 1)
"""
