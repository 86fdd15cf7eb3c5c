"""What it costs to look at a learner of years: `python -m benchmarks.learning`.

A real PostgreSQL with a learner who has 10,000 mistakes, 100,000 turns on 1,000 days and 70,000 uses of
forms, and 99 others with 1,000 mistakes each. Measured are the queries, and what a client waits for.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import httpx
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from api.learning import counts
from api.learning.progress import WEEKS
from benchmarks.product import Speeds, empty_database, running_product
from benchmarks.table import Row, print_table
from shared import learners
from shared.learners import LearnerRef
from shared.learning import due
from shared.models import BUILT_IN_APP_ID, Job
from shared.settings import SharedSettings
from worker.settings import WorkerSettings

MISTAKES, TURNS, DAYS, OTHERS = 10_000, 100_000, 1_000, 99
PASSES, MOST_MILLISECONDS = 200, 20.0
_GOALS = {"progress", "a teacher's view of one", "the next review", "what a tutor is told"}
VETERAN = LearnerRef(BUILT_IN_APP_ID, "user-0")
SAID = ("yesterday", "i", "went", "to", "the", "word7", "and", "saw", "word8", "there")

_FILL = (
    f"""INSERT INTO learners (id, app_id, user_id)
    SELECT md5(n::text)::uuid, '{BUILT_IN_APP_ID}', 'user-' || n FROM generate_series(0, :others) n""",
    """INSERT INTO conversations (id, learner_id, public_id, last_turn)
    SELECT md5('c' || n)::uuid, md5('0')::uuid, 'talk-' || n, 100
    FROM generate_series(0, :turns / 100 - 1) n""",
    f"""INSERT INTO jobs (id, app_id, learner_id, kind, conversation_id, turn, speak, request_fingerprint,
        request_id, status, tokens_in, tokens_out, warnings, engines, message, reply_text, created_at,
        queued_at, started_at, answered_at, finished_at)
    SELECT md5('j' || n)::uuid, '{BUILT_IN_APP_ID}', md5('0')::uuid, 'text', md5('c' || n / 100)::uuid,
        1 + n % 100, '{{reply}}', repeat('f', 64), 'request', 'succeeded', 100, 40, '[]', '{{}}',
        repeat('word ', 20), repeat('word ', 30), at, at, at, at, at
    FROM generate_series(0, :turns - 1) n, LATERAL (SELECT now() - n * interval '15 minutes' AS at) AS t""",
    """INSERT INTO mistakes (id, learner_id, category, edit, wrong, "right", form, wrong_form, cue, times,
        used_rightly, passed_in_a_row, state, first_seen_at, last_seen_at, due_at, card)
    SELECT md5('m' || who || '-' || n)::uuid, md5(who::text)::uuid,
        (ARRAY['verb_form', 'verb_tense', 'determiner', 'preposition', 'noun_number', 'pronoun'])[n % 6 + 1],
        'edit ' || n, 'I am go to word', 'I am going to the word', 'going to', 'go to', 'word' || n % 3000,
        3, 4, 0, CASE WHEN n % 3 = 0 THEN 'repaired' ELSE 'open' END, now() - n * interval '2 hours',
        now() - n * interval '1 hour', now() + (n - 5000) * interval '1 hour', '{}'
    FROM generate_series(0, :others) who, generate_series(1, :mistakes) n WHERE who = 0 OR n <= 1000""",
    """INSERT INTO mistake_uses (id, mistake_id, conversation_id, turn, job_id, kind, passed, rating, wrong,
        "right", used_at)
    SELECT gen_random_uuid(), md5('m0-' || 1 + n % :mistakes)::uuid, md5('c' || n / 100)::uuid, 1 + n % 100,
        md5('j' || n)::uuid, CASE WHEN n % 7 < 3 THEN 'corrected' ELSE 'unprompted' END, n % 7 >= 3,
        CASE WHEN n % 7 < 3 THEN 1 ELSE 4 END, CASE WHEN n % 7 < 3 THEN 'I am go' END,
        CASE WHEN n % 7 < 3 THEN 'I am going' END, now() - n * interval '15 minutes'
    FROM generate_series(0, :mistakes * 7 - 1) n""",
    """INSERT INTO daily_usage (learner_id, day, text_turns, voice_turns, voice_seconds, speech_seconds,
        corrections, score_sum, score_count, tokens_in, tokens_out, articulation_rate_sum,
        articulation_rate_count, pauses_per_minute_sum, pauses_per_minute_count)
    SELECT md5(who::text)::uuid, current_date - n, 90, 10, 60, 60, 30, 700, 10, 9, 9, 40, 10, 200, 10
    FROM generate_series(0, :others) who, generate_series(0, :days - 1) n""",
    """INSERT INTO daily_mistakes (learner_id, day, category, times, new, repaired)
    SELECT md5(who::text)::uuid, current_date - n, category, 8, 2, 1
    FROM generate_series(0, :others) who, generate_series(0, :days - 1) n,
        unnest(ARRAY['verb_form', 'verb_tense', 'determiner', 'preposition', 'pronoun']) AS category""",
)


def _fill(sessions: sessionmaker[Session]) -> None:
    counted = {"others": OTHERS, "turns": TURNS, "mistakes": MISTAKES, "days": DAYS}
    with sessions.begin() as session:
        session.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in _FILL:
            session.execute(
                text(statement), {name: n for name, n in counted.items() if f":{name}" in statement}
            )
    with sessions() as session:
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"}).execute(
            text("VACUUM ANALYZE")
        )


def _milliseconds(work: Callable[[], object]) -> tuple[float, float]:
    """Return the median of what the work takes, and its best time."""
    took = []
    for _ in range(PASSES):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took), min(took)


def measure() -> list[Row]:
    """Return a row for each look; those with a goal are the queries alone."""
    with (
        empty_database() as (folder, database_url),
        running_product(folder, database_url, Speeds(0, 0, 0), "api") as product,
    ):
        engine = create_engine(SharedSettings(database_url=database_url).database_url)
        sessions = sessionmaker(engine, expire_on_commit=False)
        _fill(sessions)
        today = datetime.now(WorkerSettings(_env_file=None).usage_timezone).date()
        first = today - timedelta(weeks=WEEKS - 1, days=today.weekday())
        fifty = [f"user-{number}" for number in range(50)]
        with sessions() as session:
            last = session.get_one(Job, UUID(hex=_hex_of(session, "j0")))
        queries: dict[str, Callable[[Session], object]] = {
            "progress": lambda session: counts.of_learner(session, VETERAN, first, today),
            "a teacher's view of one": lambda session: counts.of_learners(
                session, BUILT_IN_APP_ID, [VETERAN.user_id], first
            ),
            "a teacher's view of 50": lambda session: counts.of_learners(
                session, BUILT_IN_APP_ID, fifty, first
            ),
            "the next review": lambda session: due.next_due(session, learners.id_of(VETERAN)),
            "what a tutor is told": lambda session: due.known_for(session, last, SAID),
        }
        rows = [_of_query(name, sessions, query) for name, query in queries.items()]
        base = f"http://127.0.0.1:{product.settings.port}/api/v1"
        with httpx.Client(base_url=base) as client:
            for path in ("/users/user-0/progress", "/users/user-0/mistakes?limit=100&state=open"):
                took = _milliseconds(partial(client.get, path))
                rows.append(Row(f"GET {path}", _shown(*took)))
        engine.dispose()
    return rows


def _hex_of(session: Session, name: str) -> str:
    return str(session.scalar(text("SELECT md5(:name)"), {"name": name}))


def _of_query(name: str, sessions: sessionmaker[Session], query: Callable[[Session], object]) -> Row:
    def once() -> None:
        with sessions() as session:
            query(session)

    median, best = _milliseconds(once)
    row = Row(f"queries of {name}", _shown(median, best))
    if name not in _GOALS:
        return row
    return replace(row, goal=f"{MOST_MILLISECONDS:.0f} ms at p50", met=median < MOST_MILLISECONDS)


def _shown(median: float, best: float) -> str:
    return f"{median:.1f} ms p50, {best:.1f} best"


if __name__ == "__main__":
    print_table(measure())
