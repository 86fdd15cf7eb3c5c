"""Mistakes, reviews and progress over HTTP; then a learner's turns through the whole product."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from api.learning import counts
from shared import learners
from shared.learners import LearnerRef
from shared.learning import due
from shared.models import BUILT_IN_APP_ID, JobKind, MistakeCategory
from shared.results import Mistake as Corrected
from tests.e2e.conftest import Counter
from tests.support.contract import REPLY_FIELDS, assert_problem, post_audio, silence, succeeded, walk
from tests.support.factories import ZONE
from tests.support.stack import Stack

MISTAKE_FIELDS = {
    *("id", "category", "wrong", "right", "hinglish_explanation", "times", "first_seen", "last_seen"),
    *("used_rightly", "due_at", "state", "job_id"),
}
REVIEW_FIELDS = REPLY_FIELDS | {"passed", "differences", "due_at", "state"}
AM_GO = Corrected("I am go", "I am going", MistakeCategory.VERB_FORM, "go > go")
NO_THE = Corrected("to market", "to the market", MistakeCategory.DETERMINER, "market > the market")


def corrected(counter: Counter, user_id: str, mistake: Corrected | None = AM_GO) -> str:
    job_id = counter.bench.text(user_id=user_id, speak=[])
    counter.bench.reply(counter.bench.claimed(job_id), mistake=mistake)
    return str(job_id)


def mistakes_of(counter: Counter, user_id: str, **query: str | int) -> list[list[dict[str, Any]]]:
    return list(walk(counter.client, f"/api/v1/users/{user_id}/mistakes", **query))


def next_review(client: httpx.Client, user_id: str) -> httpx.Response:
    return client.get(f"/api/v1/users/{user_id}/reviews/next")


def make_due(counter: Counter, user_id: str) -> None:
    counter.bench.sql(
        "UPDATE mistakes SET due_at = due_at - interval '2 days'"
        " WHERE learner_id = (SELECT id FROM learners WHERE user_id = :user)",
        user=user_id,
    )


def repair_articles(counter: Counter, user_id: str) -> None:
    counter.bench.sql(
        "UPDATE mistakes SET state = 'repaired' WHERE category = 'determiner'"
        " AND learner_id = (SELECT id FROM learners WHERE user_id = :user)",
        user=user_id,
    )


def add_day(counter: Counter, user_id: str, day: date, turns: int) -> None:
    counter.bench.sql(
        "INSERT INTO daily_usage (learner_id, day, text_turns, voice_turns, voice_seconds, speech_seconds,"
        " corrections, score_sum, score_count, tokens_in, tokens_out)"
        " VALUES (:learner, :day, :turns, 0, 0, 0, 0, 0, 0, 0, 0)",
        learner=counter.bench.learner(user_id).id,
        day=day,
        turns=turns,
    )


def test_mistakes_are_listed_latest_first_with_all_that_is_known(counter: Counter) -> None:
    corrected(counter, "lister")
    corrected(counter, "lister", NO_THE)
    last = corrected(counter, "lister")
    corrected(counter, "another")

    [[first, second]] = mistakes_of(counter, "lister")

    assert first.keys() == MISTAKE_FIELDS
    assert (first["wrong"], first["right"], first["category"]) == ("I am go", "I am going", "verb_form")
    assert (first["times"], first["used_rightly"], first["state"], first["job_id"]) == (2, 0, "open", last)
    assert (second["category"], second["times"]) == ("determiner", 1)
    assert [len(page) for page in mistakes_of(counter, "lister", limit=1)] == [1, 1]
    assert mistakes_of(counter, "nobody") == [[]]
    reply = counter.client.get(f"/jobs/{last}").json()["result"]
    assert (reply["mistake_id"], reply["mistake_category"]) == (first["id"], "verb_form")


def test_a_list_can_be_of_one_state_or_category(counter: Counter) -> None:
    corrected(counter, "chooser")
    corrected(counter, "chooser", NO_THE)
    repair_articles(counter, "chooser")

    def chosen(**query: str) -> list[str]:
        return [
            mistake["category"] for [*page] in mistakes_of(counter, "chooser", **query) for mistake in page
        ]

    assert chosen(state="open") == ["verb_form"]
    assert chosen(state="repaired") == ["determiner"]
    assert chosen(category="verb_form") == ["verb_form"]
    assert chosen(category="verb_form", state="repaired") == []


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/api/v1/users/asha/mistakes?state=closed", "state"),
        ("/api/v1/users/asha/mistakes?category=verb", "category"),
        ("/api/v1/users/asha/mistakes?limit=0", "limit"),
        ("/api/v1/users/asha/mistakes?cursor=x", "cursor"),
        ("/api/v1/users/asha/mistakes?user_id=asha", "user_id"),
        ("/api/v1/users/a%20b/mistakes", "user_id"),
        ("/api/v1/users/asha/progress?weeks=3", "weeks"),
        ("/api/v1/progress", "user_ids"),
        ("/api/v1/progress?user_ids=asha,,ravi", "user_ids"),
        ("/api/v1/progress?user_ids=" + ",".join(["asha"] * 51), "user_ids"),
    ],
)
def test_a_bad_question_is_refused_by_name(counter: Counter, path: str, named: str) -> None:
    assert assert_problem(counter.client.get(path), 422, "invalid_request").startswith(named)


def test_the_mistake_that_is_due_longest_is_reviewed_next(counter: Counter) -> None:
    assert next_review(counter.client, "reviewer").status_code == 204
    corrected(counter, "reviewer")
    assert next_review(counter.client, "reviewer").status_code == 204

    make_due(counter, "reviewer")
    corrected(counter, "reviewer", NO_THE)
    response = next_review(counter.client, "reviewer")

    assert response.status_code == 200
    review = response.json()
    assert review.keys() == {"mistake", "prompt"}
    assert review["mistake"].keys() == MISTAKE_FIELDS
    assert review["mistake"]["category"] == "verb_form"
    assert review["prompt"] == 'You said: "I am go". Say it right.'
    assert next_review(counter.client, "another-reviewer").status_code == 204


def review_path(counter: Counter, user_id: str) -> str:
    [[mistake]] = mistakes_of(counter, user_id)
    return f"/api/v1/users/{user_id}/reviews/{mistake['id']}"


def test_a_written_review_is_a_job_of_its_own_kind(counter: Counter) -> None:
    corrected(counter, "writer")
    path = review_path(counter, "writer")

    key = {"Idempotency-Key": "review-1"}
    response = counter.client.post(path, json={"message": "I am going", "speak": []}, headers=key)
    again = counter.client.post(path, json={"message": "I am going", "speak": []}, headers=key)
    other = counter.client.post(path, json={"message": "I am go", "speak": []}, headers=key)

    assert response.status_code == 202, response.text
    job = response.json()
    assert response.headers["location"] == f"/jobs/{job['id']}"
    assert (job["kind"], job["conversation_id"], job["stage"]) == ("review", "reviews", "reply")
    assert again.json()["id"] == job["id"]
    assert_problem(other, 422, "idempotency_key_reused")


def test_a_spoken_review_is_heard_first(counter: Counter) -> None:
    corrected(counter, "speaker")
    path = review_path(counter, "speaker")

    response = counter.client.post(path, files={"audio_file": ("recording", silence(1.0))})

    assert response.status_code == 202, response.text
    assert (response.json()["kind"], response.json()["stage"]) == ("review", "transcribe")


def test_a_review_of_what_is_not_ones_own_is_not_found(counter: Counter) -> None:
    corrected(counter, "owner")
    path = review_path(counter, "owner").replace("owner", "thief")

    for unknown in (path, f"/api/v1/users/owner/reviews/{uuid4()}", "/api/v1/users/owner/reviews/x"):
        assert_problem(counter.client.post(unknown, json={"message": "I am going"}), 404, "not_found")
        recording = {"audio_file": ("recording", silence(0.5))}
        assert_problem(counter.client.post(unknown, files=recording), 404, "not_found")


def test_a_spoken_review_names_nobody_and_nothing_else(counter: Counter) -> None:
    corrected(counter, "mumbler")
    path = review_path(counter, "mumbler")

    response = post_audio(counter.client, silence(0.5), path=path, user_id="mumbler")

    assert assert_problem(response, 422, "invalid_request").startswith("user_id")
    for body in ({"content": b"hello", "headers": {"Content-Type": "text/plain"}}, {"content": b"{}"}):
        assert assert_problem(counter.client.post(path, **body), 422, "invalid_request").startswith("body")
    long = counter.client.post(path, json={"message": "a" * 70_000})
    assert_problem(long, 413, "request_too_large")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "message"),
        ({"message": " "}, "message"),
        ({"message": "Hello", "user_id": "asha"}, "user_id"),
        ({"message": "Hello", "conversation_id": "c"}, "conversation_id"),
        (["Hello"], "body"),
    ],
)
def test_a_bad_review_is_refused_by_name(counter: Counter, body: object, named: str) -> None:
    corrected(counter, "careless")
    path = f"/api/v1/users/careless/reviews/{mistakes_of(counter, 'careless')[0][0]['id']}"

    assert assert_problem(counter.client.post(path, json=body), 422, "invalid_request").startswith(named)


def test_progress_is_counted_by_category_and_week(counter: Counter) -> None:
    today = datetime.now(UTC).astimezone(ZONE).date()
    monday = today - timedelta(days=today.weekday())
    for mistake in (AM_GO, AM_GO, NO_THE, None):
        corrected(counter, "learner", mistake)
    review = counter.bench.text(user_id="learner", kind=JobKind.REVIEW, speak=[])
    counter.bench.reply(counter.bench.claimed(review), mistake=None)
    repair_articles(counter, "learner")
    for ago, turns in ((1, 2), (2, 3), (4, 1)):
        add_day(counter, "learner", today - timedelta(days=ago), turns)

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
        add_day(counter, "streaker", today - timedelta(days=ago), 1)

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
        corrected(counter, "pupil", mistake)
    repair_articles(counter, "pupil")

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
    assert len(mistakes_of(counter, "veteran", limit=100, state="repaired")[0]) == 100

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


def test_a_learners_mistake_comes_back_and_is_reviewed(stack: Stack) -> None:
    """Through the API, the workers and the offline tutor, by text."""
    job = succeeded(stack, stack.text_chat("returner", "Yesterday I go to my office", speak=[])["id"])
    assert job["result"]["mistake_category"] == "verb_tense"
    mistake_id = job["result"]["mistake_id"]
    stack.sql(
        "UPDATE mistakes SET due_at = now() - interval '1 hour'"
        " WHERE learner_id = (SELECT id FROM learners WHERE user_id = 'returner') RETURNING id"
    )

    review = next_review(stack.client, "returner").json()
    assert review["mistake"]["id"] == mistake_id
    path = f"/api/v1/users/returner/reviews/{mistake_id}"
    response = stack.client.post(
        path, json={"message": review["mistake"]["right"]}, headers={"Prefer": "wait=30"}
    )

    assert response.status_code == 200, response.text
    result = response.json()["result"]
    assert result.keys() == REVIEW_FIELDS
    assert (result["mistake_id"], result["passed"], result["differences"]) == (mistake_id, True, [])
    assert (result["state"], result["correction"], result["score"]) == ("open", None, None)
    assert datetime.fromisoformat(result["due_at"]) > datetime.now(UTC)
    assert result["audio_url"] is not None
    assert next_review(stack.client, "returner").status_code == 204
