"""How learners get on, over HTTP: by category and week, fluency, streaks, and a teacher's view."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from api.learning import counts
from shared import learners
from shared.learners import LearnerRef
from shared.learning import due
from shared.models import BUILT_IN_APP_ID, JobKind
from tests.e2e.conftest import Counter
from tests.support.contract import walk
from tests.support.learning import AM_GO, NO_THE, add_day, corrected, repair_articles
from tests.support.zone import ZONE

VETERAN = "(SELECT id FROM learners WHERE user_id = 'veteran')"
MANY = f"""
    INSERT INTO mistakes (id, learner_id, category, edit, wrong, "right", form, wrong_form, cue, times,
        used_rightly, passed_in_a_row, state, first_seen_at, last_seen_at, due_at, card)
    SELECT gen_random_uuid(), {VETERAN},
        (ARRAY['verb_form', 'verb_tense', 'determiner', 'preposition'])[n % 4 + 1],
        'edit ' || n, 'wrong', 'right', 'right', 'wrong', 'word' || n % 2000, 3, 0, 0,
        CASE WHEN n % 3 = 0 THEN 'repaired' ELSE 'open' END, now(), now() - n * interval '1 hour',
        now() + n * interval '1 minute' - interval '1 day', '{{}}'
    FROM generate_series(1, 10000) AS n
"""  # noqa: S608
DAYS = f"""
    INSERT INTO daily_usage (learner_id, day, text_turns, voice_turns, voice_seconds, speech_seconds,
        corrections, score_sum, score_count, tokens_in, tokens_out)
    SELECT {VETERAN}, current_date - n, 90, 10, 0, 0, 30, 0, 0, 0, 0 FROM generate_series(0, 999) AS n
"""  # noqa: S608
COUNTED = f"""
    INSERT INTO daily_mistakes (learner_id, day, category, times, new, repaired)
    SELECT {VETERAN}, current_date - n, category, 8, 2, 1 FROM generate_series(0, 999) AS n,
        unnest(ARRAY['verb_form', 'verb_tense', 'determiner', 'preposition']) AS category
"""  # noqa: S608


def test_progress_is_counted_by_category_and_week(counter: Counter) -> None:
    today = datetime.now(UTC).astimezone(ZONE).date()
    monday = today - timedelta(days=today.weekday())
    for mistake in (AM_GO, AM_GO, NO_THE, None):
        corrected(counter.bench, "learner", mistake)
    review = counter.bench.text(user_id="learner", kind=JobKind.REVIEW, speak=[])
    counter.bench.reply(counter.bench.claimed(review), mistake=None)
    repair_articles(counter.bench, "learner")
    for ago, turns in ((1, 2), (2, 3), (4, 1)):
        add_day(counter.bench, "learner", today - timedelta(days=ago), turns)

    report = counter.client.get("/api/v1/users/learner/progress").json()

    assert report.keys() == {"user_id", "timezone", "streak_days", "categories", "fluency"}
    assert report["streak_days"] == 3
    verbs, articles = report["categories"]
    assert (verbs["category"], verbs["mistakes"], verbs["repaired"]) == ("verb_form", 1, 0)
    assert (articles["category"], articles["mistakes"], articles["repaired"]) == ("determiner", 1, 1)
    assert len(verbs["weeks"]) == 12
    assert (verbs["weeks"][-1]["week"], verbs["weeks"][-1]["times"]) == (monday.isoformat(), 2)
    turns_this_week = 4 + sum(
        turns for ago, turns in ((1, 2), (2, 3), (4, 1)) if today - timedelta(days=ago) >= monday
    )
    assert verbs["weeks"][-1]["share_without"] == round((turns_this_week - 2) / turns_this_week, 3)
    assert verbs["weeks"][0] == {
        "week": (monday - timedelta(weeks=11)).isoformat(),
        "times": 0,
        "new": 0,
        "repaired": 0,
        "share_without": None,
    }


def test_a_streak_ends_with_a_day_without_a_turn(counter: Counter) -> None:
    today = datetime.now(UTC).astimezone(ZONE).date()
    for ago in (1, 2, 3, 5):
        add_day(counter.bench, "streaker", today - timedelta(days=ago), 1)

    def streak() -> int:
        days: int = counter.client.get("/api/v1/users/streaker/progress").json()["streak_days"]
        return days

    assert streak() == 3
    counter.bench.sql(
        "DELETE FROM daily_usage WHERE learner_id = :learner AND day = :day",
        learner=counter.bench.learner("streaker").id,
        day=today - timedelta(days=1),
    )
    assert streak() == 0


def test_a_teacher_sees_several_learners(counter: Counter) -> None:
    for mistake in (AM_GO, AM_GO, NO_THE):
        corrected(counter.bench, "pupil", mistake)
    repair_articles(counter.bench, "pupil")

    view = counter.client.get("/api/v1/progress", params={"user_ids": "pupil,stranger,pupil"}).json()

    pupil, stranger = view["learners"]
    assert pupil == {
        "user_id": "pupil",
        "commonest": [{"category": "verb_form", "times": 2}, {"category": "determiner", "times": 1}],
        "mistakes": 2,
        "repaired": 1,
        "active_days": 1,
    }
    assert (stranger["user_id"], stranger["commonest"], stranger["active_days"]) == ("stranger", [], 0)


@pytest.mark.parametrize("kind", [JobKind.VOICE, JobKind.REVIEW])
def test_fluency_is_that_of_voice_turns_by_week(counter: Counter, kind: JobKind) -> None:
    user_id = f"fluent-{kind}"
    for rate, pauses in ((4.0, 10.0), (3.0, 20.0), (None, 30.0)):
        claim = counter.bench.claimed(counter.bench.voice(user_id=user_id, kind=kind, speak=[]))
        counter.bench.transcribe(claim)
        counter.bench.sql(
            "UPDATE jobs SET articulation_rate = :rate, pauses_per_minute = :pauses WHERE id = :id",
            rate=rate,
            pauses=pauses,
            id=claim.job_id,
        )
        counter.bench.reply(counter.bench.claimed(claim.job_id), mistake=None)

    fluency = counter.client.get(f"/api/v1/users/{user_id}/progress").json()["fluency"]

    measured = kind is JobKind.VOICE
    means = {
        "articulation_rate": 3.5 if measured else None,
        "pauses_per_minute": 20.0 if measured else None,
    }
    assert fluency["usual"] == means
    assert len(fluency["weeks"]) == 12
    this_week = fluency["weeks"][-1]
    assert this_week == means | {"week": this_week["week"], "turns": 3 if measured else 0}
    assert fluency["weeks"][0]["turns"] == 0


def test_a_learner_of_years_is_found_by_indexes_alone(counter: Counter) -> None:
    """Ten thousand mistakes, a hundred thousand turns on a thousand days, and others who have as many."""
    for user_id in ("veteran", *(f"user-{number}" for number in range(20))):
        counter.bench.learner(user_id)
        for statement in (MANY.replace("10000", "10000" if user_id == "veteran" else "2000"), DAYS, COUNTED):
            counter.bench.sql(statement.replace("'veteran'", f"'{user_id}'"))
    for table in ("mistakes", "daily_usage", "daily_mistakes"):
        counter.bench.sql(f"ANALYZE {table}")

    report = counter.client.get("/api/v1/users/veteran/progress").json()
    assert report["streak_days"] == 1000
    assert sum(category["mistakes"] for category in report["categories"]) == 10_000
    assert (
        len(next(walk(counter.client, "/api/v1/users/veteran/mistakes", limit=100, state="repaired"))) == 100
    )

    a_job = counter.bench.job(counter.bench.text(user_id="veteran", speak=[]))
    today = datetime.now(UTC).astimezone(ZONE).date()
    whose = LearnerRef(BUILT_IN_APP_ID, "veteran")
    first = today - timedelta(weeks=11, days=today.weekday())
    readings: list[Callable[[Session], object]] = [
        lambda session: counts.of_learner(session, whose, first, today),
        lambda session: counts.of_learners(session, BUILT_IN_APP_ID, ["veteran", "user-1"], first),
        lambda session: due.next_due(session, learners.id_of(whose)),
        lambda session: due.known_for(session, a_job, ["word1", "hello"]),
    ]
    for read in readings:
        for plan in explained(counter, read):
            assert "Seq Scan on mistakes" not in plan, plan
            assert "Seq Scan on daily" not in plan, plan


def explained(counter: Counter, read: Callable[[Session], object]) -> list[str]:
    """Return PostgreSQL's plan of each statement that `read` runs."""
    plans: list[str] = []

    def explain(connection: Connection, _: object, statement: str, values: Any, *__: object) -> None:
        if not statement.startswith("EXPLAIN"):
            rows = connection.exec_driver_sql(f"EXPLAIN {statement}", values)
            plans.append("\n".join(row[0] for row in rows))

    engine = counter.bench.sessions.kw["bind"]
    event.listen(engine, "before_cursor_execute", explain)
    try:
        with counter.bench.sessions() as session:
            read(session)
    finally:
        event.remove(engine, "before_cursor_execute", explain)
    assert plans
    return plans
