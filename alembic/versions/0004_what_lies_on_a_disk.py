"""Adds an index of the audio on a host's disk, which finds what must move to S3."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_audio_objects_on_disk",
        "audio_objects",
        ["created_at", "id"],
        postgresql_where=sa.text("host IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_audio_objects_on_disk", table_name="audio_objects")
