"""Steps as rows, and a log of what happens to a job (docs/decisions/0026).

No worker or API of the release before may run meanwhile or after. What is unfinished goes on: up, each
unfinished job's stage becomes its step, without a lease; down, a job returns to its earliest unfinished
stage, without a lease, and one whose reply is recorded ends without the rest of its speech. Logs
are lost on the way down, and runs that failed on the way up.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_OLD_OUTCOMES = ("succeeded", "failed", "timed_out", "lost")
_STAGES = ("transcribe", "reply", "synthesize")


def _known(column: str, *values: str, length: int = 16) -> sa.Enum:
    return sa.Enum(*values, name=f"{column}_known", native_enum=False, create_constraint=True, length=length)


def upgrade() -> None:
    _create_steps()
    _create_events()
    op.add_column("jobs", sa.Column("attempt", sa.Integer(), server_default="0", nullable=False))
    op.add_column("jobs", sa.Column("rank", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("jobs", sa.Column("last_event", sa.Integer(), server_default="0", nullable=False))
    op.add_column("jobs", sa.Column("queued_at", _MOMENT, server_default=sa.text("now()"), nullable=False))
    op.add_column("jobs", sa.Column("answered_at", _MOMENT, nullable=True))
    op.add_column("jobs", sa.Column("first_sound_at", _MOMENT, nullable=True))
    for statement in _UP:
        op.execute(statement)
    op.drop_table("stage_runs")
    op.drop_column("jobs", "stage")
    for column in _old_columns():
        op.drop_column("jobs", column.name)


def downgrade() -> None:
    op.add_column("jobs", sa.Column("stage", _known("stage", *_STAGES), nullable=True))
    for column in _old_columns():
        op.add_column("jobs", column)
    op.alter_column("jobs", "deaths", server_default=None)
    _create_stage_runs()
    for statement in _DOWN:
        op.execute(statement)
    op.drop_table("job_events")
    op.drop_table("steps")
    for name in ("attempt", "rank", "last_event", "queued_at", "answered_at", "first_sound_at"):
        op.drop_column("jobs", name)


def _old_columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("stage_ready_at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("published_at", _MOMENT, nullable=True),
        sa.Column("deaths", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("lease_worker", sa.String(length=255), nullable=True),
        sa.Column("lease_expires_at", _MOMENT, nullable=True),
        sa.Column("stage_started_at", _MOMENT, nullable=True),
        sa.Column("stage_deadline_at", _MOMENT, nullable=True),
    )


_UP = (
    # A learner's unfinished jobs, one after the other: the rank of the fair order.
    """
    UPDATE jobs SET rank = ordered.place FROM (
        SELECT id, row_number() OVER (PARTITION BY user_id ORDER BY created_at, id) AS place
        FROM jobs WHERE finished_at IS NULL
    ) AS ordered WHERE ordered.id = jobs.id
    """,
    """
    UPDATE jobs SET
        queued_at = CASE WHEN started_at IS NULL THEN stage_ready_at ELSE created_at END,
        answered_at = CASE WHEN status = 'succeeded' THEN finished_at END
    """,
    """
    INSERT INTO steps (id, job_id, attempt, kind, part, position, number, text, audio_id, queue, rank,
                       worker, deaths, started_at, finished_at, outcome, engine)
    SELECT run.id, run.job_id, 0, CASE run.stage WHEN 'synthesize' THEN 'speak' ELSE run.stage END,
           CASE run.stage WHEN 'synthesize' THEN CASE WHEN job.reply_audio_id IS NULL
               THEN 'explanation' ELSE 'reply' END END,
           0, 0,
           CASE run.stage WHEN 'synthesize' THEN CASE WHEN job.reply_audio_id IS NULL
               THEN coalesce(job.devanagari_explanation, job.hinglish_explanation)
               ELSE job.reply_text END END,
           CASE run.stage WHEN 'synthesize' THEN coalesce(job.reply_audio_id, job.explanation_audio_id) END,
           CASE run.stage WHEN 'reply' THEN 'llm' ELSE 'gpu' END, job.rank, run.worker, 0,
           run.started_at, run.finished_at, 'succeeded', run.engine
    FROM stage_runs AS run JOIN jobs AS job ON job.id = run.job_id WHERE run.outcome = 'succeeded'
    """,
    # A second text that was spoken in the same run, and what was spoken before.
    """
    INSERT INTO steps (id, job_id, attempt, kind, part, position, number, text, audio_id, queue, rank,
                       deaths, finished_at, outcome, engine)
    SELECT gen_random_uuid(), job.id, 0, 'speak', spoken.part, 0, 0, spoken.text, spoken.audio_id, 'gpu',
           job.rank, 0,
           coalesce(job.finished_at, now()), 'succeeded', job.engines ->> 'tts'
    FROM jobs AS job CROSS JOIN LATERAL (VALUES
        ('reply', job.reply_text, job.reply_audio_id),
        ('explanation', coalesce(job.devanagari_explanation, job.hinglish_explanation),
         job.explanation_audio_id)
    ) AS spoken (part, text, audio_id)
    WHERE spoken.audio_id IS NOT NULL
    ON CONFLICT DO NOTHING
    """,
    # What an unfinished job waits for. Whoever was at it is stopped, and its hint is sent anew.
    """
    INSERT INTO steps (id, job_id, attempt, kind, part, position, number, text, queue, rank, ready_at,
                       deaths)
    SELECT gen_random_uuid(), job.id, 0, wanted.kind, wanted.part, 0, wanted.number, wanted.text,
           wanted.queue, job.rank,
           CASE WHEN job.cancel_requested_at IS NULL AND job.turn = (
               SELECT min(other.turn) FROM jobs AS other
               WHERE other.conversation_id = job.conversation_id AND other.finished_at IS NULL
           ) THEN job.stage_ready_at END,
           job.deaths
    FROM jobs AS job CROSS JOIN LATERAL (
        SELECT job.stage, 'gpu', NULL, NULL, 0 WHERE job.stage = 'transcribe'
        UNION ALL SELECT job.stage, 'llm', NULL, NULL, 0 WHERE job.stage = 'reply'
        UNION ALL SELECT 'speak', 'gpu', 'reply', job.reply_text, 0
            WHERE job.stage = 'synthesize' AND 'reply' = ANY (job.speak) AND job.reply_audio_id IS NULL
        UNION ALL SELECT 'speak', 'gpu', 'explanation',
                coalesce(job.devanagari_explanation, job.hinglish_explanation), 1
            WHERE job.stage = 'synthesize' AND 'explanation' = ANY (job.speak)
                AND job.explanation_audio_id IS NULL AND job.hinglish_explanation IS NOT NULL
    ) AS wanted (kind, queue, part, text, number)
    WHERE job.finished_at IS NULL
    """,
    """
    INSERT INTO job_events (job_id, seq, type, data, created_at)
    SELECT job_id, row_number() OVER (PARTITION BY job_id ORDER BY place), type, '{}', told_at FROM (
        SELECT id AS job_id, 1 AS place, 'job.queued' AS type, created_at AS told_at FROM jobs
        UNION ALL SELECT id, 2, 'job.started', started_at FROM jobs WHERE started_at IS NOT NULL
        UNION ALL SELECT id, 3, 'transcript.done', coalesce(finished_at, now()) FROM jobs
            WHERE transcript IS NOT NULL
        UNION ALL SELECT id, 4, 'reply.done', coalesce(finished_at, now()) FROM jobs
            WHERE status = 'succeeded'
        UNION ALL SELECT id, 5, 'job.' || status, finished_at FROM jobs WHERE finished_at IS NOT NULL
    ) AS told
    """,
    """
    UPDATE jobs SET last_event = told.count FROM (
        SELECT job_id, count(*) AS count FROM job_events GROUP BY job_id
    ) AS told WHERE told.job_id = jobs.id
    """,
)

_DOWN = (
    # The release before would write its messages and usage a second time.
    """
    UPDATE jobs SET status = 'succeeded', finished_at = now(), warnings = warnings ||
        '[{"code": "speech_skipped", "detail": "The rest of the answer was not spoken."}]'::jsonb
    WHERE finished_at IS NULL AND answered_at IS NOT NULL
    """,
    """
    UPDATE jobs SET stage = open.stage, stage_ready_at = open.ready_at, deaths = open.deaths FROM (
        SELECT DISTINCT ON (step.job_id) step.job_id, step.deaths,
               coalesce(step.ready_at, job.queued_at) AS ready_at,
               CASE step.kind WHEN 'speak' THEN 'synthesize' WHEN 'join' THEN 'synthesize' ELSE step.kind END
                   AS stage
        FROM steps AS step JOIN jobs AS job ON job.id = step.job_id
        WHERE step.finished_at IS NULL AND job.finished_at IS NULL
        ORDER BY step.job_id, array_position(ARRAY['transcribe', 'reply', 'speak', 'join'], step.kind::text)
    ) AS open WHERE open.job_id = jobs.id
    """,
    """
    INSERT INTO stage_runs (id, job_id, stage, worker, engine, outcome, started_at, finished_at)
    SELECT gen_random_uuid(), job_id, CASE kind WHEN 'speak' THEN 'synthesize' ELSE kind END,
           coalesce(max(worker), ''), max(engine), 'succeeded', min(started_at), max(finished_at)
    FROM steps WHERE outcome = 'succeeded' AND started_at IS NOT NULL AND kind <> 'join'
    GROUP BY job_id, kind
    """,
)


def _create_steps() -> None:
    op.create_table(
        "steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("kind", _known("kind", "transcribe", "reply", "speak", "join"), nullable=False),
        sa.Column("part", _known("part", "reply", "explanation"), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("audio_id", sa.Uuid(), nullable=True),
        sa.Column("queue", _known("queue", "gpu", "llm", "maintenance"), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("ready_at", _MOMENT, nullable=True),
        sa.Column("published_at", _MOMENT, nullable=True),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("lease_expires_at", _MOMENT, nullable=True),
        sa.Column("deadline_at", _MOMENT, nullable=True),
        sa.Column("worker", sa.String(length=255), nullable=True),
        sa.Column("deaths", sa.Integer(), nullable=False),
        sa.Column("started_at", _MOMENT, nullable=True),
        sa.Column("finished_at", _MOMENT, nullable=True),
        sa.Column("outcome", _known("outcome", *_OLD_OUTCOMES, "dropped"), nullable=True),
        sa.Column("error_code", sa.String(length=32), nullable=True),
        sa.Column("engine", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(
            ["audio_id"], ["audio_objects.id"], name=op.f("fk_steps_audio_id_audio_objects")
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_steps_job_id_jobs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_steps")),
    )
    op.create_index(
        "uq_steps_identity",
        "steps",
        ["job_id", "attempt", "kind", "part", "position"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(
        "ix_steps_ready",
        "steps",
        ["queue", "rank", "number", "ready_at", "id"],
        postgresql_where=sa.text("finished_at IS NULL AND lease_token IS NULL AND ready_at IS NOT NULL"),
    )
    op.create_index(
        "ix_steps_blocked",
        "steps",
        ["job_id"],
        postgresql_where=sa.text("finished_at IS NULL AND ready_at IS NULL"),
    )
    op.create_index(
        "ix_steps_unfinished", "steps", ["job_id"], postgresql_where=sa.text("finished_at IS NULL")
    )
    op.create_index(
        "uq_steps_lease",
        "steps",
        ["lease_token"],
        unique=True,
        postgresql_where=sa.text("lease_token IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_steps_kind"),
        "steps",
        ["kind", sa.literal_column("started_at DESC")],
        postgresql_where=sa.text("started_at IS NOT NULL"),
    )
    op.create_index(
        "ix_steps_audio_id", "steps", ["audio_id"], postgresql_where=sa.text("audio_id IS NOT NULL")
    )


def _create_events() -> None:
    types = (
        "job.queued",
        "job.started",
        "transcript.done",
        "reply.sentence",
        "reply.restarted",
        "reply.done",
        "speech.piece",
        "job.succeeded",
        "job.failed",
        "job.cancelled",
    )
    op.create_table(
        "job_events",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("type", _known("type", *types, length=32), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_job_events_job_id_jobs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "seq", name=op.f("pk_job_events")),
    )


def _create_stage_runs() -> None:
    op.create_table(
        "stage_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("stage", _known("stage", *_STAGES), nullable=False),
        sa.Column("worker", sa.String(length=255), nullable=False),
        sa.Column("engine", sa.String(length=255), nullable=True),
        sa.Column("outcome", _known("outcome", *_OLD_OUTCOMES), nullable=False),
        sa.Column("error_code", sa.String(length=32), nullable=True),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("finished_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_stage_runs_job_id_jobs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stage_runs")),
    )
    op.create_index(
        "uq_stage_runs_success",
        "stage_runs",
        ["job_id", "stage"],
        unique=True,
        postgresql_where=sa.text("outcome = 'succeeded'"),
    )
    op.create_index(op.f("ix_stage_runs_job_id"), "stage_runs", ["job_id"])
    op.create_index(
        op.f("ix_stage_runs_stage"), "stage_runs", ["stage", sa.literal_column("finished_at DESC")]
    )
