"""Widens the sums of usage so that no turn can overflow them."""

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
    # Values too large for the smaller column become its maximum: one user's day must not stop the downgrade.
    _change(*(f"ALTER {column} TYPE integer USING least({column}, 2147483647)::integer" for column in _SUMS))


def _change(*columns: str) -> None:
    # One statement, so that the table is rewritten only once.
    op.execute(f"ALTER TABLE daily_usage {', '.join(columns)}")
