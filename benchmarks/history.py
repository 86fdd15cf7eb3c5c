"""The past of a service that has run for long, written by SQL: what ended turns leave in every table.

Each was a text turn answered in one spoken sentence, as the benchmarks' own turns are. Ids are random, as
real ones are, so that indexes are as large. The learners are `user-0`, `user-1` and so on.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine, text

LEARNERS, TURNS_A_CONVERSATION = 5_000, 20

# One row a turn, from which all others are made: one turn each second, until a day ago.
_PAST = """CREATE UNLOGGED TABLE past AS
    SELECT n, md5('learner' || n / :turns % :learners)::uuid AS learner_id,
        md5('conversation' || n / :turns)::uuid AS conversation_id, 1 + n % :turns AS turn,
        gen_random_uuid() AS job_id, gen_random_uuid() AS sound_id,
        now() - interval '1 day' - (:ended - n) * interval '1 second' AS at,
        'I am go to market ' || n AS said, 'Say: I am going to the market. Is it far?' AS answer
    FROM generate_series(0, :ended - 1) n"""
_FILL = (
    """INSERT INTO learners (id, app_id, user_id)
    SELECT md5('learner' || n)::uuid, (SELECT id FROM apps), 'user-' || n
    FROM generate_series(0, :learners - 1) n""",
    """INSERT INTO conversations (id, learner_id, public_id, last_turn, created_at, updated_at)
    SELECT conversation_id, learner_id, 'talk-' || n, :turns, at, at FROM past WHERE turn = 1""",
    """INSERT INTO daily_usage (learner_id, day, text_turns, voice_turns, voice_seconds, speech_seconds,
        corrections, score_sum, score_count, tokens_in, tokens_out, articulation_rate_sum,
        articulation_rate_count, pauses_per_minute_sum, pauses_per_minute_count)
    SELECT learner_id, at::date, count(*), 0, 0, 3 * count(*), 0, 90 * count(*), count(*), 100 * count(*),
        40 * count(*), 0, 0, 0, 0
    FROM past GROUP BY learner_id, at::date""",
    """INSERT INTO audio_objects (id, name, backend, host, content_type, learner_id, size_bytes, seconds,
        created_at, stored_at)
    SELECT sound_id, md5(n::text) || '.mp3', 'local', 'here', 'audio/mpeg', learner_id, 20000, 3, at, at
    FROM past""",
    """INSERT INTO jobs (id, app_id, learner_id, kind, conversation_id, turn, speak, request_fingerprint,
        request_id, status, rank, last_event, tokens_in, tokens_out, warnings, engines, message, reply_text,
        score, reply_audio_id, created_at, queued_at, started_at, first_sound_at, answered_at, finished_at)
    SELECT job_id, (SELECT id FROM apps), learner_id, 'text', conversation_id, turn, '{reply}',
        md5('a' || n) || md5('b' || n), md5('request' || n), 'succeeded', 1 + n / :learners, 6, 100, 40, '[]',
        '{"llm": "gemini", "tts": "indicf5"}', said, answer, 90, sound_id, at, at, at, at, at, at
    FROM past""",
    """INSERT INTO steps (id, job_id, attempt, kind, part, position, number, text, audio_id, queue, rank,
        deaths, published_at, worker, started_at, finished_at, outcome, engine)
    SELECT gen_random_uuid(), job_id, 0, 'reply', NULL, 0, 0, NULL, NULL::uuid, 'llm', 1 + n / :learners,
        0, at, 'llm@here', at, at + interval '1 second', 'succeeded', 'gemini' FROM past
    UNION ALL
    SELECT gen_random_uuid(), job_id, 0, 'speak', 'reply', 0, 0, answer, sound_id, 'gpu', 1 + n / :learners,
        0, at, 'gpu@here', at, at + interval '1 second', 'succeeded', 'indicf5' FROM past""",
    """INSERT INTO job_events (job_id, seq, type, data, created_at)
    SELECT job_id, seq, type, CASE type
            WHEN 'reply.sentence' THEN jsonb_build_object('index', 0, 'text', answer)
            WHEN 'speech.piece' THEN jsonb_build_object('part', 'reply', 'index', 0, 'text', answer,
                'seconds', 3, 'audio_id', sound_id)
            ELSE '{}' END, at
    FROM past, (VALUES (1, 'job.queued'), (2, 'job.started'), (3, 'reply.sentence'), (4, 'reply.done'),
        (5, 'speech.piece'), (6, 'job.succeeded')) e (seq, type)""",
    """INSERT INTO messages (id, conversation_id, job_id, turn, role, text, score, created_at)
    SELECT gen_random_uuid(), conversation_id, job_id, turn, 'learner', said, NULL, at FROM past
    UNION ALL
    SELECT gen_random_uuid(), conversation_id, job_id, turn, 'tutor', answer, 90, at FROM past""",
)


def fill_history(engine: Engine, ended: int) -> None:
    """Let so many jobs have ended in an empty database, and have it analysed, as autovacuum would."""
    _administer(
        engine, "ALTER SYSTEM SET full_page_writes = off", "SELECT pg_reload_conf()"
    )  # half of the time
    counts = {"ended": ended, "learners": LEARNERS, "turns": TURNS_A_CONVERSATION}
    execute(engine, [_PAST], counts)
    with ThreadPoolExecutor(2) as connections:
        list(connections.map(lambda statement: execute(engine, [statement], counts), reversed(_FILL)))
    execute(engine, ["DROP TABLE past"], counts)
    _administer(
        engine,
        "ALTER SYSTEM RESET full_page_writes",
        "SELECT pg_reload_conf()",
        "VACUUM ANALYZE",
        "CHECKPOINT",
    )


def _administer(engine: Engine, *commands: str) -> None:
    """Execute what PostgreSQL takes in no transaction."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for command in ("SET statement_timeout = 0", *commands, "RESET statement_timeout"):
            connection.execute(text(command))


def execute(engine: Engine, statements: Iterable[str], counts: dict[str, int]) -> None:
    """Execute statements in one transaction, giving each the counts that it names."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        # References are not checked: what they name is written at the same time, by others.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            named = {name: count for name, count in counts.items() if f":{name}" in statement}
            connection.execute(text(statement), named)
