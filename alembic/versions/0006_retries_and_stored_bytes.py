"""Adds a job's number of retries, a recording's user, and indexes to count and remove recordings."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("retries", sa.Integer(), server_default="0", nullable=False))
    op.create_index(
        "ix_jobs_recordings_without_use",
        "jobs",
        ["finished_at"],
        postgresql_where=sa.text("upload_id IS NOT NULL AND status IN ('failed', 'cancelled')"),
    )
    # Earlier recordings have no user: they count towards no quota and expire with their jobs.
    op.add_column("audio_objects", sa.Column("user_id", sa.String(length=128), nullable=True))
    op.create_index(
        "ix_audio_objects_user",
        "audio_objects",
        ["user_id"],
        postgresql_include=["size_bytes"],
        postgresql_where=sa.text("user_id IS NOT NULL AND stored_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_audio_objects_user", table_name="audio_objects")
    op.drop_column("audio_objects", "user_id")
    op.drop_index("ix_jobs_recordings_without_use", table_name="jobs")
    op.drop_column("jobs", "retries")
