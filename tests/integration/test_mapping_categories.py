"""The migration maps what earlier corrections were called to the closed list of categories."""

from collections.abc import Callable

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from shared.settings import SharedSettings
from tests.conftest import migrate
from tests.integration.test_migrations import alembic

CALLED = {
    "verb tense": "verb_tense",
    "missing article": "determiner",
    "Subject-Verb Agreement": "subject_verb_agreement",
    "nobody's name": "other",
    "x" * 60: "other",
}


def test_earlier_corrections_get_a_category_and_keep_it_on_the_way_down(
    create_database: Callable[[], str],
) -> None:
    url = create_database()
    migrate(url, "0008")
    engine = create_engine(SharedSettings(database_url=url).database_url)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO conversations (id, user_id, public_id, last_turn)"
                " VALUES (gen_random_uuid(), 'asha', 'c', 9)"
            )
        )
        for turn, called in enumerate([*CALLED, None]):
            connection.execute(
                text(
                    "INSERT INTO messages (id, conversation_id, turn, role, text, mistake_category)"
                    " SELECT gen_random_uuid(), id, :turn, 'tutor', 'Hello', :called FROM conversations"
                ),
                {"turn": turn, "called": called},
            )

    def categories() -> list[str | None]:
        with engine.connect() as connection:
            found = connection.execute(text("SELECT mistake_category FROM messages ORDER BY turn"))
            return [row[0] for row in found]

    migrate(url, "head")
    assert categories() == [*CALLED.values(), None]
    with pytest.raises(IntegrityError, match="mistake_category_known"), engine.begin() as connection:
        connection.execute(text("UPDATE messages SET mistake_category = 'verb tense'"))
    assert alembic(url, "downgrade", "0008").wait(60) == 0
    assert categories() == [*CALLED.values(), None]
    engine.dispose()
