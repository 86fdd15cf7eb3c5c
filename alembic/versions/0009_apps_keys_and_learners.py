"""Apps, their keys and their learners, to whom everything belongs (docs/decisions/0028).

No API or worker of the release before may run meanwhile or after. What there is goes to learners of the
built-in app, which `ACCESS=open` uses. On the way down, only what belongs to that app is kept, and keys are
lost; erasures that are not finished stop it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_NOW = sa.text("now()")
_BUILT_IN = "00000000-0000-4000-8000-000000000001"
_RECORDINGS = "content_type = 'audio/flac' AND stored_at IS NOT NULL"
_UNFINISHED = sa.text("finished_at IS NULL")
_STATES = ("running", "storage_away", "done")


def upgrade() -> None:
    _create_tables()
    op.execute(f"INSERT INTO apps (id, name) VALUES ('{_BUILT_IN}', 'built-in')")  # noqa: S608
    for statement in _UP:
        op.execute(statement)
    _drop_indexes(_OLD_INDEXES)
    op.drop_constraint("uq_conversations_user_id_public_id", "conversations")
    op.drop_constraint("pk_daily_usage", "daily_usage")
    for table in ("conversations", "daily_usage", "jobs"):
        op.alter_column(table, "learner_id", nullable=False)
    op.alter_column("jobs", "app_id", nullable=False)
    for table in ("conversations", "daily_usage", "jobs", "audio_objects"):
        op.drop_column(table, "user_id")
    op.create_unique_constraint(
        "uq_conversations_learner_id_public_id", "conversations", ["learner_id", "public_id"]
    )
    op.create_primary_key("pk_daily_usage", "daily_usage", ["learner_id", "day"])
    for table in ("conversations", "daily_usage", "audio_objects"):
        op.create_foreign_key(f"fk_{table}_learner_id_learners", table, "learners", ["learner_id"], ["id"])
    op.create_foreign_key(
        "fk_jobs_app_id_learner_id_learners",
        "jobs",
        "learners",
        ["app_id", "learner_id"],
        ["app_id", "id"],
    )
    _create_indexes(_NEW_INDEXES)


def downgrade() -> None:
    for table in ("conversations", "daily_usage", "jobs", "audio_objects"):
        op.add_column(table, sa.Column("user_id", sa.String(length=128), nullable=True))
    for statement in _DOWN:
        op.execute(statement)
    _drop_indexes(_NEW_INDEXES)
    op.drop_constraint("pk_daily_usage", "daily_usage")
    for table in ("conversations", "daily_usage", "jobs"):
        op.alter_column(table, "user_id", nullable=False)
    for table in ("conversations", "daily_usage", "jobs", "audio_objects"):
        op.drop_column(table, "learner_id")
    op.drop_column("jobs", "app_id")
    op.create_unique_constraint(
        "uq_conversations_user_id_public_id", "conversations", ["user_id", "public_id"]
    )
    op.create_primary_key("pk_daily_usage", "daily_usage", ["user_id", "day"])
    _create_indexes(_OLD_INDEXES)
    for table in ("learners", "erasures", "api_keys", "apps"):
        op.drop_table(table)


def _create_tables() -> None:
    op.create_table(
        "apps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("quotas", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_apps"),
        sa.UniqueConstraint("name", name="uq_apps_name"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("start", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("secret_version", sa.Integer(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.String(length=16)), nullable=False),
        sa.Column("created_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("last_used_at", _MOMENT, nullable=True),
        sa.Column("expires_at", _MOMENT, nullable=True),
        sa.Column("revoked_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("digest", name="uq_api_keys_digest"),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name="fk_api_keys_app_id_apps", ondelete="CASCADE"),
    )
    op.create_index("ix_api_keys_app_id", "api_keys", ["app_id"])
    op.create_table(
        "erasures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("pseudonym", sa.String(length=64), nullable=False),
        sa.Column(
            "state",
            sa.Enum(*_STATES, name="state_known", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("asked_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("finished_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_erasures"),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name="fk_erasures_app_id_apps"),
    )
    op.create_index("ix_erasures_unfinished", "erasures", ["asked_at"], postgresql_where=_UNFINISHED)
    op.create_table(
        "learners",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("created_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("consent_given_at", _MOMENT, nullable=True),
        sa.Column("guardian_consent_given_at", _MOMENT, nullable=True),
        sa.Column("deletion_asked_at", _MOMENT, nullable=True),
        sa.Column("turns_on", sa.Date(), nullable=True),
        sa.Column("turns_accepted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("erasure_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_learners"),
        sa.UniqueConstraint("app_id", "user_id", name="uq_learners_app_id_user_id"),
        sa.UniqueConstraint("app_id", "id", name="uq_learners_app_id_id"),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name="fk_learners_app_id_apps"),
        sa.ForeignKeyConstraint(["erasure_id"], ["erasures.id"], name="fk_learners_erasure_id_erasures"),
    )
    op.create_index(
        "ix_learners_erasure_id",
        "learners",
        ["erasure_id"],
        postgresql_where=sa.text("erasure_id IS NOT NULL"),
    )
    for table in ("conversations", "daily_usage", "jobs", "audio_objects"):
        op.add_column(table, sa.Column("learner_id", sa.Uuid(), nullable=True))
    op.add_column("jobs", sa.Column("app_id", sa.Uuid(), nullable=True))


# Speech had no owner: its job has one. Speech that no job names is an orphan, which the retention removes.
_UP = (
    f"""INSERT INTO learners (id, app_id, user_id, created_at)
    SELECT gen_random_uuid(), '{_BUILT_IN}', user_id, min(seen)
    FROM (SELECT user_id, created_at AS seen FROM conversations
          UNION ALL SELECT user_id, created_at FROM jobs
          UNION ALL SELECT user_id, day FROM daily_usage
          UNION ALL SELECT user_id, created_at FROM audio_objects WHERE user_id IS NOT NULL) AS known
    GROUP BY user_id""",  # noqa: S608
    *(
        f"UPDATE {table} SET learner_id = l.id FROM learners l WHERE l.user_id = {table}.user_id"  # noqa: S608
        for table in ("conversations", "daily_usage", "jobs", "audio_objects")
    ),
    f"UPDATE jobs SET app_id = '{_BUILT_IN}'",  # noqa: S608
    """UPDATE audio_objects SET learner_id = named.learner_id
    FROM (SELECT reply_audio_id AS id, learner_id FROM jobs WHERE reply_audio_id IS NOT NULL
          UNION SELECT explanation_audio_id, learner_id FROM jobs WHERE explanation_audio_id IS NOT NULL
          UNION SELECT s.audio_id, j.learner_id FROM steps s JOIN jobs j ON j.id = s.job_id
          WHERE s.audio_id IS NOT NULL) AS named
    WHERE named.id = audio_objects.id AND audio_objects.learner_id IS NULL""",
)
# Sounds of other apps' learners are left without a job or an owner, for the retention to remove.
_DOWN = (
    """DO $$ BEGIN IF EXISTS (SELECT FROM learners WHERE erasure_id IS NOT NULL)
    THEN RAISE EXCEPTION 'a learner is being erased: wait until that is done'; END IF; END $$""",
    *(
        f"DELETE FROM {table} USING learners l"  # noqa: S608
        f" WHERE l.id = {table}.learner_id AND l.app_id <> '{_BUILT_IN}'"
        for table in ("conversations", "daily_usage")
    ),
    *(
        f"UPDATE {table} SET user_id = l.user_id FROM learners l WHERE l.id = {table}.learner_id"  # noqa: S608
        f" AND l.app_id = '{_BUILT_IN}'{more}"
        for table, more in (
            ("conversations", ""),
            ("daily_usage", ""),
            ("jobs", ""),
            ("audio_objects", " AND content_type = 'audio/flac'"),
        )
    ),
)

_Index = tuple[str, str, list[str], str | None, bool]
_OLD_INDEXES: tuple[_Index, ...] = (
    ("ix_conversations_user_id", "conversations", ["user_id", "updated_at DESC"], None, False),
    (
        "uq_jobs_idempotency",
        "jobs",
        ["user_id", "idempotency_key"],
        "idempotency_key IS NOT NULL",
        True,
    ),
    ("ix_jobs_unfinished_users", "jobs", ["user_id"], "finished_at IS NULL", False),
    ("ix_jobs_user", "jobs", ["user_id", "created_at DESC", "id DESC"], None, False),
    (
        "ix_audio_objects_user",
        "audio_objects",
        ["user_id"],
        "user_id IS NOT NULL AND stored_at IS NOT NULL",
        False,
    ),
)
_NEW_INDEXES: tuple[_Index, ...] = (
    ("ix_conversations_learner_id", "conversations", ["learner_id", "updated_at DESC"], None, False),
    (
        "uq_jobs_idempotency",
        "jobs",
        ["learner_id", "idempotency_key"],
        "idempotency_key IS NOT NULL",
        True,
    ),
    ("ix_jobs_unfinished_learners", "jobs", ["learner_id"], "finished_at IS NULL", False),
    ("ix_jobs_unfinished_apps", "jobs", ["app_id"], "finished_at IS NULL", False),
    ("ix_jobs_learner", "jobs", ["learner_id", "created_at DESC", "id DESC"], None, False),
    ("ix_audio_objects_recordings", "audio_objects", ["learner_id"], _RECORDINGS, False),
    ("ix_audio_objects_learner_id", "audio_objects", ["learner_id"], None, False),
)
_WITH_SIZE = {"ix_audio_objects_user", "ix_audio_objects_recordings"}


def _create_indexes(indexes: tuple[_Index, ...]) -> None:
    for name, table, columns, where, is_unique in indexes:
        op.create_index(
            name,
            table,
            [sa.text(column) if " " in column else column for column in columns],
            unique=is_unique,
            postgresql_where=None if where is None else sa.text(where),
            postgresql_include=["size_bytes"] if name in _WITH_SIZE else None,
        )


def _drop_indexes(indexes: tuple[_Index, ...]) -> None:
    for name, table, *_ in indexes:
        op.drop_index(name, table_name=table)
