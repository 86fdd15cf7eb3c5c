"""How fluently a learner spoke in a turn."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("articulation_rate", sa.Float(), nullable=True))
    op.add_column("jobs", sa.Column("pauses_per_minute", sa.Float(), nullable=True))


def downgrade() -> None:
    op.drop_column("jobs", "pauses_per_minute")
    op.drop_column("jobs", "articulation_rate")
