"""The language in which a recording was spoken."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("transcript_language", sa.String(length=16), nullable=True))


def downgrade() -> None:
    op.drop_column("jobs", "transcript_language")
