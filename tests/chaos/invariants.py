"""What must hold when the chaos is over, as SQL: each query has zero rows.

What the clients and the engines saw lies beside the product's tables, in a schema `chaos` of the harness.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from tests.chaos.ledger import Ledger
from tests.chaos.plan import Plan

_TABLES: dict[LiteralString, LiteralString] = {
    "turns": "number int, key text, speak bool, conduct text, cancelled bool",
    "answers": "key text, job uuid",
    "exchanges": '"limit" float, seconds float, status int, code text, expected int[], route text',
    "calls": "stage text, number int",
    "files": "name text",
}

INVARIANTS: dict[str, LiteralString] = {
    "accepted, but unknown": "SELECT key, job FROM chaos.answers WHERE job NOT IN (SELECT id FROM jobs)",
    "made, but nobody was told": "SELECT id FROM jobs WHERE id NOT IN (SELECT job FROM chaos.answers)",
    "stuck": """
        SELECT id, status, stage, published_at, lease_expires_at FROM jobs WHERE finished_at IS NULL""",
    "ended, but still at a stage or owned": """
        SELECT id, status, stage, lease_token FROM jobs
        WHERE (finished_at IS NOT NULL) <> (status IN ('succeeded', 'failed', 'cancelled'))
            OR finished_at IS NOT NULL AND (stage IS NOT NULL OR lease_token IS NOT NULL)""",
    "heard, but its recording is gone": """
        SELECT id FROM jobs WHERE kind = 'voice' AND status = 'succeeded' AND upload_id IS NULL""",
    "retried too often, or stored too much": """
        SELECT id::text FROM jobs WHERE retries > 3
        UNION ALL
        SELECT user_id FROM audio_objects WHERE stored_at IS NOT NULL
        GROUP BY user_id HAVING user_id IS NOT NULL AND sum(size_bytes) > 1000000000""",
    "accepted twice for one key": """
        SELECT key FROM chaos.answers GROUP BY key HAVING count(DISTINCT job) > 1
        UNION ALL
        SELECT idempotency_key FROM jobs GROUP BY user_id, idempotency_key HAVING count(*) > 1""",
    "succeeded without exactly one message of each side": """
        SELECT jobs.id FROM jobs LEFT JOIN messages ON messages.job_id = jobs.id
        WHERE status = 'succeeded' GROUP BY jobs.id
        HAVING count(*) FILTER (WHERE role = 'tutor') <> 1
            OR count(*) FILTER (WHERE role = 'learner') <> 1""",
    "messages without a success": """
        SELECT job_id FROM messages
        WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE id = job_id AND status = 'succeeded')""",
    "succeeded without its audio or the warning that says why not": """
        SELECT number, jobs.id, seconds, warnings
        FROM jobs JOIN chaos.turns ON key = idempotency_key
        LEFT JOIN audio_objects ON audio_objects.id = reply_audio_id
        WHERE status = 'succeeded' AND CASE
            WHEN NOT turns.speak THEN reply_audio_id IS NOT NULL
            WHEN reply_audio_id IS NULL THEN jsonb_array_length(warnings) <> 1
            ELSE stored_at IS NULL OR name NOT IN (SELECT name FROM chaos.files)
                OR abs(seconds - (0.2 + number / 1000.0)) > 0.001
        END""",
    "an answer that is not the turn's own, or remembers another past": """
        SELECT number, reply_text FROM jobs JOIN chaos.turns ON key = idempotency_key
        WHERE status = 'succeeded' AND (
            coalesce(transcript, message) <> format('Turn %s of the chaos.', number)
            OR reply_text IS DISTINCT FROM format('Answer %s. Before it: %s.', number, coalesce((
                SELECT string_agg(past.number::text, ' ' ORDER BY earlier.turn)
                FROM jobs earlier JOIN chaos.turns past ON past.key = earlier.idempotency_key
                WHERE earlier.conversation_id = jobs.conversation_id AND earlier.turn < jobs.turn
                    AND earlier.status = 'succeeded'), 'nothing')))""",
    "one stage recorded twice": """
        SELECT job_id, stage FROM stage_runs WHERE outcome = 'succeeded'
        GROUP BY job_id, stage HAVING count(*) > 1""",
    "an engine's call that no run accounts for": """
        SELECT number, made.stage, called, count(stage_runs.id) AS runs
        FROM (SELECT stage, number, count(*) AS called FROM chaos.calls GROUP BY stage, number) AS made
        JOIN chaos.turns USING (number) JOIN jobs ON idempotency_key = key
        LEFT JOIN stage_runs ON job_id = jobs.id AND stage_runs.stage = made.stage
        GROUP BY number, made.stage, called HAVING called > count(stage_runs.id)""",
    "a conversation out of order": """
        SELECT later.id FROM jobs earlier JOIN jobs later USING (conversation_id)
        JOIN stage_runs ON job_id = later.id
        WHERE earlier.turn < later.turn
            AND (earlier.finished_at IS NULL OR stage_runs.started_at < earlier.finished_at)
        UNION
        SELECT later.id FROM jobs earlier JOIN jobs later USING (conversation_id)
        JOIN chaos.turns first ON first.key = earlier.idempotency_key
        JOIN chaos.turns second ON second.key = later.idempotency_key
        WHERE earlier.turn < later.turn AND first.number > second.number""",
    "poison not quarantined, or a hang not cut": """
        SELECT number, conduct, status, error_code, warnings
        FROM jobs JOIN chaos.turns ON key = idempotency_key
        WHERE CASE conduct
            WHEN 'poisons transcribe' THEN (status, error_code) IS DISTINCT FROM ('failed', 'poisoned')
            WHEN 'hangs transcribe' THEN (status, error_code) IS DISTINCT FROM ('failed', 'stt_timeout')
            WHEN 'poisons synthesize' THEN NOT (
                status = 'succeeded' AND warnings @> '[{"code": "speech_poisoned"}]')
            WHEN 'hangs synthesize' THEN NOT (
                status = 'succeeded' AND warnings @> '[{"code": "speech_timeout"}]')
        END""",
    "healthy, but quarantined or failed": """
        SELECT number, conduct, status, error_code, warnings
        FROM jobs JOIN chaos.turns ON key = idempotency_key
        WHERE conduct IN ('healthy', 'slow') AND finished_at IS NOT NULL
            AND NOT (status = 'succeeded' AND warnings = '[]')
            AND NOT (status = 'cancelled' AND cancelled)""",
    "usage that does not equal its events": """
        WITH events AS (
            SELECT jobs.user_id, count(*) FILTER (WHERE succeeded AND kind = 'text') AS text_turns,
                count(*) FILTER (WHERE succeeded AND kind = 'voice') AS voice_turns,
                coalesce(sum(heard.seconds) FILTER (WHERE succeeded), 0) AS voice_seconds,
                coalesce(sum(spoken.seconds) FILTER (WHERE succeeded), 0) AS speech_seconds,
                count(mistake_wrong) FILTER (WHERE succeeded) AS corrections,
                coalesce(sum(score) FILTER (WHERE succeeded), 0) AS score_sum,
                count(score) FILTER (WHERE succeeded) AS score_count,
                sum(CASE WHEN succeeded THEN number ELSE tokens_in END) AS tokens_in,
                sum(CASE WHEN succeeded THEN number + 1 ELSE tokens_out END) AS tokens_out
            FROM jobs JOIN chaos.turns ON key = idempotency_key
            CROSS JOIN LATERAL (SELECT status = 'succeeded' AS succeeded) AS ended
            LEFT JOIN audio_objects heard ON heard.id = upload_id
            LEFT JOIN audio_objects spoken ON spoken.id = reply_audio_id
            WHERE succeeded OR tokens_in + tokens_out > 0 GROUP BY jobs.user_id
        ), counted AS (
            SELECT user_id, sum(text_turns) AS text_turns, sum(voice_turns) AS voice_turns,
                sum(voice_seconds) AS voice_seconds, sum(speech_seconds) AS speech_seconds,
                sum(corrections) AS corrections, sum(score_sum) AS score_sum,
                sum(score_count) AS score_count, sum(tokens_in) AS tokens_in, sum(tokens_out) AS tokens_out
            FROM daily_usage GROUP BY user_id
        )
        SELECT user_id, e.text_turns, c.text_turns, e.voice_turns, c.voice_turns, e.tokens_in, c.tokens_in
        FROM events e FULL JOIN counted c USING (user_id)
        WHERE (e.text_turns, e.voice_turns, e.corrections) IS DISTINCT FROM
                (c.text_turns, c.voice_turns, c.corrections)
            OR (e.score_sum, e.score_count) IS DISTINCT FROM (c.score_sum, c.score_count)
            OR (e.tokens_in, e.tokens_out) IS DISTINCT FROM (c.tokens_in, c.tokens_out)
            OR abs(e.voice_seconds - c.voice_seconds) > 0.001
            OR abs(e.speech_seconds - c.speech_seconds) > 0.001""",
    "a 5xx beyond those that docs/api.md names": """
        SELECT route, status, code FROM chaos.exchanges WHERE status >= 500 AND status <> 503
            AND (status, code) NOT IN (VALUES
                (504, 'wait_timeout'), (504, 'stt_timeout'), (504, 'llm_timeout'), (504, 'queue_deadline'),
                (504, 'run_deadline'), (502, 'tutor_unavailable'), (502, 'tutor_invalid_reply'),
                (500, 'poisoned'), (500, 'out_of_memory'))""",
    "another answer than docs/api.md says": """
        SELECT route, status, code FROM chaos.exchanges
        WHERE status < 500 AND status <> 429 AND status <> ALL (expected)""",
    "a request past its time limit": """
        SELECT route, status, seconds, "limit" FROM chaos.exchanges WHERE seconds > "limit" """,
}


def note(connection: psycopg.Connection[Any], plan: Plan, ledger: Ledger, calls: Path, audio: Path) -> None:
    """Put what was planned and seen beside the product's tables.

    `calls` is the engines' log, `audio` the folder of the stored sounds.
    """
    connection.execute("DROP SCHEMA IF EXISTS chaos CASCADE")
    connection.execute("CREATE SCHEMA chaos")
    of = plan.conducts.of
    rows: dict[str, Iterable[tuple[object, ...]]] = {
        "turns": (
            (
                turn.number,
                turn.key,
                turn.speak,
                str(of(turn.number)),
                turn.cancel_after is not None,
            )
            for turn in plan.turns()
        ),
        "answers": ledger.jobs,
        "exchanges": (
            (seen.limit, seen.seconds, seen.status, seen.code, seen.expected, seen.route)
            for seen in ledger.exchanges
        ),
        "calls": (tuple(line.split()[:2]) for line in calls.read_text().splitlines()),
        "files": ((path.name,) for path in audio.rglob("*.*")),
    }
    for name, columns in _TABLES.items():
        table = sql.Identifier("chaos", name)
        connection.execute(sql.SQL("CREATE TABLE {} ({})").format(table, sql.SQL(columns)))
        with connection.cursor() as cursor, cursor.copy(sql.SQL("COPY {} FROM STDIN").format(table)) as copy:
            for row in rows[name]:
                copy.write_row(row)


def violations(connection: psycopg.Connection[Any]) -> dict[str, list[Any]]:
    """Return the rows of every invariant."""
    return {name: connection.execute(query).fetchall() for name, query in INVARIANTS.items()}
