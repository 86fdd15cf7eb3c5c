"""Sums of usage that no turn can overflow."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_SUMS = (
    "text_turns",
    "voice_turns",
    "corrections",
    "score_sum",
    "score_count",
    "tokens_in",
    "tokens_out",
)


def upgrade() -> None:
    _change(*(f"ALTER {column} TYPE bigint" for column in _SUMS))


def downgrade() -> None:
    # What the smaller column cannot hold becomes its largest value, for one user's day must not stop this.
    _change(*(f"ALTER {column} TYPE integer USING least({column}, 2147483647)::integer" for column in _SUMS))


def _change(*columns: str) -> None:
    # One statement rewrites the table once.
    op.execute(f"ALTER TABLE daily_usage {', '.join(columns)}")
