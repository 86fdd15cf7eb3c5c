"""A ledger of learners' mistakes, and one closed list of their categories.

The categories of earlier corrections are mapped as those of tutors are; on the way down they stay as they
are. What was corrected before is not put into the ledger.
"""

import re
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_CATEGORIES = (
    "verb_form",
    "verb_tense",
    "subject_verb_agreement",
    "determiner",
    "preposition",
    "noun_number",
    "noun_possessive",
    "pronoun",
    "comparison",
    "word_form",
    "word_order",
    "word_choice",
    "conjunction",
    "negation",
    "other",
)
# What tutors called kinds of mistakes when this was written.
_CALLED = {
    "verb_form": "verb form, verb pattern, modal verb, helping verb, auxiliary verb, auxiliary, modal,"
    " missing verb, stative verb, gerund, infinitive, participle, passive voice, question form,"
    " telling your age, verb inflection",
    "verb_tense": "verb tense, tense, past tense, present tense, future tense, present continuous, present"
    " perfect, past perfect, reported speech, conditional",
    "subject_verb_agreement": "subject verb agreement, agreement, verb agreement, verb sva",
    "determiner": "determiner, article, articles, det, much and many, quantifier",
    "preposition": "preposition, prepositions, prep, particle, phrasal verb",
    "noun_number": "noun number, noun num, number, singular and plural, plural, singular, uncountable noun, "
    "countable noun, plural noun, noun form, noun inflection",
    "noun_possessive": "noun possessive, possessive, noun poss",
    "pronoun": "pronoun, pronouns, pron, introducing yourself, relative pronoun, reflexive pronoun",
    "comparison": "comparison, comparative, superlative, adjective form, adj form",
    "word_form": "word form, morphology, morph, adjective, adverb, part of speech",
    "word_order": "word order, question order, wo, question",
    "word_choice": "word choice, confused words, vocabulary, wrong word, repeated meaning, redundancy, idiom,"
    " collocation, expression, spelling, noun, verb",
    "conjunction": "conjunction, conj, linking word, connector",
    "negation": "negation, negative sentence, negative, double negative",
    "other": "other, grammar, sentence structure, punctuation",
}
# What is in a longer name, most telling first.
_TELLING = (
    ("subject_verb_agreement", "agreement"),
    ("verb_tense", "tense"),
    ("determiner", "article determiner"),
    ("preposition", "preposition"),
    ("word_order", "order"),
    ("noun_number", "plural singular countable uncountable"),
    ("noun_possessive", "possessive"),
    ("pronoun", "pronoun"),
    ("comparison", "comparative superlative"),
    ("negation", "negative negation"),
    ("conjunction", "conjunction"),
    ("verb_form", "gerund infinitive participle auxiliary modal verb"),
    ("word_choice", "choice vocabulary spelling"),
    ("word_form", "form adjective adverb"),
)
_COUNTS: dict[str, sa.types.TypeEngine[Any]] = {
    "reviews": sa.BigInteger(),
    "articulation_rate_sum": sa.Float(),
    "articulation_rate_count": sa.BigInteger(),
    "pauses_per_minute_sum": sa.Float(),
    "pauses_per_minute_count": sa.BigInteger(),
}
_KINDS = {"upgrade": ("text", "voice", "review"), "downgrade": ("text", "voice")}


def upgrade() -> None:
    _create_mistakes()
    _create_uses()
    _create_daily_mistakes()
    for table in ("jobs", "messages"):
        _map_categories(table)
        op.alter_column(table, "mistake_category", type_=sa.String(length=32), existing_type=sa.String())
        op.create_check_constraint(
            op.f(f"ck_{table}_mistake_category_known"), table, sa.column("mistake_category").in_(_CATEGORIES)
        )
    op.add_column("jobs", sa.Column("mistake_edit", sa.String(length=200), nullable=True))
    op.add_column("jobs", sa.Column("mistake_id", sa.Uuid(), nullable=True))
    op.add_column("jobs", sa.Column("review_of", sa.Uuid(), nullable=True))
    op.add_column("jobs", sa.Column("uses", postgresql.JSONB(), nullable=True))
    op.add_column("jobs", sa.Column("review", postgresql.JSONB(), nullable=True))
    op.add_column("jobs", sa.Column("invited", postgresql.ARRAY(sa.Uuid()), nullable=True))
    for column in ("mistake_id", "review_of"):
        op.create_foreign_key(
            f"fk_jobs_{column}_mistakes", "jobs", "mistakes", [column], ["id"], ondelete="SET NULL"
        )
        op.create_index(
            f"ix_jobs_{column}", "jobs", [column], postgresql_where=sa.text(f"{column} IS NOT NULL")
        )
    _know_kinds(_KINDS["upgrade"])
    for column, kind in _COUNTS.items():
        op.add_column("daily_usage", sa.Column(column, kind, server_default="0", nullable=False))


def downgrade() -> None:
    op.execute("DELETE FROM jobs WHERE kind = 'review'")
    _know_kinds(_KINDS["downgrade"])
    for column in _COUNTS:
        op.drop_column("daily_usage", column)
    for column in ("invited", "review", "uses", "review_of", "mistake_id", "mistake_edit"):
        op.drop_column("jobs", column)
    for table in ("jobs", "messages"):
        op.drop_constraint(op.f(f"ck_{table}_mistake_category_known"), table)
        op.alter_column(table, "mistake_category", type_=sa.String(), existing_type=sa.String(length=32))
    for table in ("daily_mistakes", "mistake_uses", "mistakes"):
        op.drop_table(table)


def _create_mistakes() -> None:
    op.create_table(
        "mistakes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        _category(),
        sa.Column("edit", sa.String(length=200), nullable=False),
        sa.Column("wrong", sa.String(), nullable=False),
        sa.Column("right", sa.String(), nullable=False),
        sa.Column("hinglish_explanation", sa.String(), nullable=True),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("wrong_form", sa.String(), nullable=False),
        sa.Column("cue", sa.String(length=64), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("used_rightly", sa.Integer(), nullable=False),
        sa.Column("passed_in_a_row", sa.SmallInteger(), nullable=False),
        _known("state", ("open", "repaired")),
        sa.Column("first_seen_at", _MOMENT, nullable=False),
        sa.Column("last_seen_at", _MOMENT, nullable=False),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("card", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mistakes"),
        sa.ForeignKeyConstraint(["learner_id"], ["learners.id"], name="fk_mistakes_learner_id_learners"),
        sa.UniqueConstraint("learner_id", "category", "edit", name="uq_mistakes_learner_id_category_edit"),
    )
    op.create_index(
        "ix_mistakes_due", "mistakes", ["learner_id", "due_at"], postgresql_where=sa.text("state = 'open'")
    )
    op.create_index(
        "ix_mistakes_latest", "mistakes", ["learner_id", sa.text("last_seen_at DESC"), sa.text("id DESC")]
    )
    op.create_index("ix_mistakes_cue", "mistakes", ["learner_id", "cue"])
    op.create_index("ix_mistakes_state", "mistakes", ["learner_id", "category", "state"])


def _create_uses() -> None:
    op.create_table(
        "mistake_uses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mistake_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        _known("kind", ("corrected", "prompted", "unprompted", "review")),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("rating", sa.SmallInteger(), nullable=False),
        sa.Column("wrong", sa.String(), nullable=True),
        sa.Column("right", sa.String(), nullable=True),
        sa.Column("hinglish_explanation", sa.String(), nullable=True),
        sa.Column("used_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mistake_uses"),
        sa.ForeignKeyConstraint(
            ["mistake_id"], ["mistakes.id"], name="fk_mistake_uses_mistake_id_mistakes", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name="fk_mistake_uses_conversation_id_conversations",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_mistake_uses_job_id_jobs", ondelete="SET NULL"
        ),
        sa.UniqueConstraint(
            "mistake_id", "conversation_id", "turn", name="uq_mistake_uses_mistake_id_conversation_id_turn"
        ),
    )
    op.create_index("ix_mistake_uses_conversation_id", "mistake_uses", ["conversation_id"])
    op.create_index(
        "ix_mistake_uses_job_id",
        "mistake_uses",
        ["job_id"],
        postgresql_where=sa.text("job_id IS NOT NULL"),
    )


def _create_daily_mistakes() -> None:
    op.create_table(
        "daily_mistakes",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        _category(),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.Column("new", sa.BigInteger(), nullable=False),
        sa.Column("repaired", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "day", "category", name="pk_daily_mistakes"),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learners.id"], name="fk_daily_mistakes_learner_id_learners"
        ),
    )


def _category() -> sa.Column[str]:
    return _known("category", _CATEGORIES, length=32)


def _known(name: str, values: tuple[str, ...], *, length: int = 16) -> sa.Column[str]:
    known = sa.Enum(*values, name=f"{name}_known", native_enum=False, create_constraint=True, length=length)
    return sa.Column(name, known, nullable=False)


def _map_categories(table: str) -> None:
    rows = sa.table(table, sa.column("mistake_category", sa.String()))
    column, connection = rows.c.mistake_category, op.get_bind()
    for (called,) in connection.execute(sa.select(column).distinct().where(column.is_not(None))).all():
        mapped = sa.update(rows).where(column == called).values(mistake_category=_category_of(called))
        connection.execute(mapped)


def _category_of(called: str) -> str:
    name = re.sub("[^a-z]+", " ", called.lower()).strip()
    if name.replace(" ", "_") in _CATEGORIES:
        return name.replace(" ", "_")
    for category, names in _CALLED.items():
        if name in names.split(", "):
            return category
    words = {word.removesuffix("s") for word in name.split()}
    return next((category for category, telling in _TELLING if words & set(telling.split())), "other")


def _know_kinds(kinds: tuple[str, ...]) -> None:
    op.drop_constraint(op.f("ck_jobs_kind_known"), "jobs")
    op.create_check_constraint(op.f("ck_jobs_kind_known"), "jobs", sa.column("kind").in_(kinds))
