"""Adds indexes for unfinished jobs, wait estimates and unreferenced audio, and the workers' concurrency."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_AUDIO_COLUMNS = ("upload_id", "reply_audio_id", "explanation_audio_id")


def upgrade() -> None:
    op.add_column("workers", sa.Column("concurrency", sa.Integer(), server_default="1", nullable=False))
    op.create_index(
        "ix_jobs_unfinished_users", "jobs", ["user_id"], postgresql_where=sa.text("finished_at IS NULL")
    )
    for column in _AUDIO_COLUMNS:
        op.create_index(
            f"ix_jobs_{column}", "jobs", [column], postgresql_where=sa.text(f"{column} IS NOT NULL")
        )


def downgrade() -> None:
    for column in _AUDIO_COLUMNS:
        op.drop_index(f"ix_jobs_{column}", table_name="jobs")
    op.drop_index("ix_jobs_unfinished_users", table_name="jobs")
    op.drop_column("workers", "concurrency")
