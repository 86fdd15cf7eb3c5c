"""What must hold when the chaos is over, as SQL: each query has zero rows.

What the clients and the engines saw lies beside the product's tables, in a schema `chaos` of the harness.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from tests.chaos.conduct import RATE, later_sentences, piece_seconds
from tests.chaos.ledger import Ledger
from tests.chaos.plan import Plan
from tests.support.joined_speech import decoded

_TABLES: dict[LiteralString, LiteralString] = {
    "turns": "number int, key text, speak bool, conduct text, cancelled bool, rest text, piece float",
    "answers": "key text, job uuid",
    "exchanges": '"limit" float, seconds float, status int, code text, expected int[], route text',
    "calls": "stage text, number int",
    "files": "name text, seconds float",
    "told": "follower int, place int, job uuid, seq int, type text, data jsonb",
}

# What stands of each job's log: what comes after its reply was begun for the last time.
_STANDING: LiteralString = """
    CREATE VIEW chaos.standing AS SELECT * FROM job_events WHERE seq > (
        SELECT max(seq) FROM job_events began WHERE began.job_id = job_events.job_id
            AND type IN ('job.queued', 'reply.restarted'))"""

INVARIANTS: dict[str, LiteralString] = {
    "accepted, but unknown": "SELECT key, job FROM chaos.answers WHERE job NOT IN (SELECT id FROM jobs)",
    "made, but nobody was told": "SELECT id FROM jobs WHERE id NOT IN (SELECT job FROM chaos.answers)",
    "stuck": """
        SELECT jobs.id, status, open.kind, ready_at, published_at, lease_expires_at
        FROM jobs LEFT JOIN (SELECT job_id, kind, ready_at, published_at, lease_expires_at FROM steps
            WHERE finished_at IS NULL) AS open ON job_id = jobs.id
        WHERE jobs.finished_at IS NULL""",
    "ended, but its status or a step of it says otherwise": """
        SELECT id, status, NULL FROM jobs
        WHERE (finished_at IS NOT NULL) <> (status IN ('succeeded', 'failed', 'cancelled'))
        UNION ALL
        SELECT jobs.id, status, steps.kind FROM jobs JOIN steps ON job_id = jobs.id
        WHERE jobs.finished_at IS NOT NULL AND (steps.finished_at IS NULL OR outcome IS NULL
            OR ready_at IS NOT NULL OR lease_token IS NOT NULL)""",
    "a log with a gap": """
        SELECT id, last_event, count(seq), min(seq), max(seq)
        FROM jobs LEFT JOIN job_events ON job_id = id GROUP BY id
        HAVING count(seq) = 0 OR min(seq) <> 1 OR max(seq) <> count(seq) OR last_event <> count(seq)""",
    "an end that is not told exactly once": """
        SELECT id, status, array_agg(told.type) FROM jobs
        LEFT JOIN (SELECT job_id, type FROM job_events
            WHERE type IN ('job.succeeded', 'job.failed', 'job.cancelled') AND seq > (
                SELECT max(seq) FROM job_events began
                WHERE began.job_id = job_events.job_id AND type = 'job.queued')) AS told ON job_id = id
        WHERE finished_at IS NOT NULL GROUP BY id
        HAVING array_agg(told.type::text) <> ARRAY['job.' || status]
        UNION ALL
        SELECT id, status, array_agg(type) FROM jobs JOIN job_events ON job_id = id AND seq = last_event
        WHERE finished_at IS NOT NULL AND type <> 'job.' || status GROUP BY id""",
    "heard, but its recording is gone": """
        SELECT id FROM jobs WHERE kind = 'voice' AND status = 'succeeded' AND upload_id IS NULL""",
    "retried too often, or stored too much": """
        SELECT id::text FROM jobs WHERE retries > 3
        UNION ALL
        SELECT learner_id::text FROM audio_objects
        WHERE stored_at IS NOT NULL AND content_type = 'audio/flac'
        GROUP BY learner_id HAVING sum(size_bytes) > 1000000000""",
    "accepted twice for one key": """
        SELECT key FROM chaos.answers GROUP BY key HAVING count(DISTINCT job) > 1
        UNION ALL
        SELECT idempotency_key FROM jobs GROUP BY learner_id, idempotency_key HAVING count(*) > 1""",
    "answered without exactly one message of each side": """
        SELECT jobs.id FROM jobs LEFT JOIN messages ON messages.job_id = jobs.id
        WHERE answered_at IS NOT NULL GROUP BY jobs.id
        HAVING count(*) FILTER (WHERE role = 'tutor') <> 1
            OR count(*) FILTER (WHERE role = 'learner') <> 1""",
    "a correction that is not in the ledger exactly once": """
        SELECT jobs.id, jobs.mistake_id, count(mistake_uses.id) FROM jobs
        LEFT JOIN mistake_uses ON job_id = jobs.id AND wrong = mistake_wrong
            AND mistake_uses.mistake_id = jobs.mistake_id
        WHERE answered_at IS NOT NULL AND mistake_wrong IS NOT NULL
        GROUP BY jobs.id HAVING count(mistake_uses.id) <> 1
        UNION ALL
        SELECT mistakes.id, NULL, times FROM mistakes LEFT JOIN mistake_uses ON mistake_id = mistakes.id
            AND NOT passed AND kind <> 'review'
        GROUP BY mistakes.id HAVING count(mistake_uses.id) <> times
        UNION ALL
        SELECT NULL, NULL, made FROM (
            SELECT (SELECT sum(times) FROM daily_mistakes) AS counted, (
                SELECT count(*) FROM mistake_uses WHERE NOT passed AND kind <> 'review') AS made) AS sums
        WHERE coalesce(counted, 0) <> made""",
    "messages without an answer, or a success without one": """
        SELECT job_id FROM messages
        WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE id = job_id AND answered_at IS NOT NULL)
        UNION ALL
        SELECT id FROM jobs WHERE status = 'succeeded' AND answered_at IS NULL
            OR status = 'failed' AND answered_at IS NOT NULL""",
    "succeeded without its audio or the warning that says why not": """
        SELECT number, jobs.id, seconds, warnings
        FROM jobs JOIN chaos.turns ON key = idempotency_key
        LEFT JOIN audio_objects ON audio_objects.id = reply_audio_id
        WHERE status = 'succeeded' AND CASE
            WHEN NOT turns.speak THEN reply_audio_id IS NOT NULL
            WHEN reply_audio_id IS NULL THEN jsonb_array_length(warnings) <> 1
            ELSE stored_at IS NULL OR name NOT IN (SELECT name FROM chaos.files)
        END""",
    "a whole that is not as long as its pieces, or a piece that is not as long as its sentence": """
        SELECT number, jobs.id, sound.seconds, files.seconds, pieces, told
        FROM jobs JOIN chaos.turns ON key = idempotency_key
        JOIN audio_objects sound ON sound.id = reply_audio_id JOIN chaos.files USING (name)
        CROSS JOIN LATERAL (SELECT count(*) AS pieces, sum((data->>'seconds')::float) AS told
            FROM chaos.standing WHERE job_id = jobs.id AND type = 'speech.piece') AS spoken
        WHERE status = 'succeeded' AND (pieces <> 1 + number % 3 OR abs(files.seconds - told) > 0.1
            OR abs(sound.seconds - told) > 0.001)
        UNION ALL
        SELECT number, job_id, NULL, NULL, seq, (data->>'seconds')::float
        FROM job_events JOIN jobs ON jobs.id = job_id JOIN chaos.turns ON key = idempotency_key
        WHERE type = 'speech.piece' AND abs((data->>'seconds')::float - piece) > 0.001""",
    "a reply that is not its sentences": """
        SELECT id, reply_text, told.text FROM jobs LEFT JOIN (
            SELECT job_id, string_agg(data->>'text', ' ' ORDER BY seq) AS text,
                array_agg((data->>'index')::int ORDER BY seq) AS indexes
            FROM chaos.standing WHERE type = 'reply.sentence' GROUP BY job_id) AS told ON job_id = id
        WHERE answered_at IS NOT NULL AND (text IS DISTINCT FROM reply_text OR indexes IS DISTINCT FROM
            ARRAY(SELECT generate_series(0, array_length(indexes, 1) - 1)))""",
    "speech of an abandoned reply": """
        SELECT piece.job_id, piece.seq, piece.data->>'text' FROM job_events piece
        WHERE type = 'speech.piece' AND NOT EXISTS (
            SELECT 1 FROM job_events written
            WHERE written.job_id = piece.job_id AND written.type = 'reply.sentence'
                AND written.seq < piece.seq AND written.data->'text' = piece.data->'text'
                AND NOT EXISTS (SELECT 1 FROM job_events again WHERE again.job_id = piece.job_id
                    AND again.type = 'reply.restarted' AND again.seq BETWEEN written.seq AND piece.seq))
        UNION ALL
        SELECT jobs.id, steps.attempt, steps.text FROM jobs JOIN steps ON job_id = jobs.id
        WHERE steps.kind IN ('speak', 'join') AND steps.attempt < jobs.attempt
            AND (steps.finished_at IS NULL OR audio_id IS NOT NULL)""",
    "an answer that is not the turn's own, or remembers another past": """
        SELECT number, reply_text FROM jobs JOIN chaos.turns ON key = idempotency_key
        WHERE answered_at IS NOT NULL AND (
            coalesce(transcript, message) <> format('Turn %s of the chaos.', number)
            OR reply_text IS DISTINCT FROM format(
                'Answer %s remembers %s of what was before.%s', number, coalesce((
                SELECT string_agg(past.number::text, ' ' ORDER BY earlier.turn)
                FROM jobs earlier JOIN chaos.turns past ON past.key = earlier.idempotency_key
                WHERE earlier.conversation_id = jobs.conversation_id AND earlier.turn < jobs.turn
                    AND earlier.answered_at IS NOT NULL), 'nothing'), rest))""",
    "speech that is not whole, not told, or skipped for nothing": """
        SELECT jobs.id, steps.kind, outcome, warnings FROM jobs JOIN steps ON job_id = jobs.id
        WHERE status = 'succeeded' AND steps.attempt = jobs.attempt AND warnings = '[]'
            AND outcome <> 'succeeded'
        UNION ALL
        SELECT jobs.id, steps.kind, outcome, warnings FROM jobs JOIN steps ON job_id = jobs.id
        WHERE answered_at IS NOT NULL AND steps.attempt = jobs.attempt
            AND steps.kind = 'speak' AND outcome = 'succeeded'
            AND NOT EXISTS (SELECT 1 FROM job_events WHERE job_events.job_id = jobs.id
                AND type = 'speech.piece' AND data->>'audio_id' = steps.audio_id::text)
        UNION ALL
        SELECT id, NULL, NULL, warnings FROM jobs WHERE warnings @> '[{"code": "speech_skipped"}]'
            AND NOT EXISTS (SELECT 1 FROM jobs later
                WHERE later.conversation_id = jobs.conversation_id AND later.turn > jobs.turn)""",
    "one step told twice": """
        SELECT job_id, type, data->>'part', data->>'index' FROM chaos.standing
        WHERE type IN ('transcript.done', 'reply.sentence', 'reply.done', 'speech.piece')
        GROUP BY job_id, type, data->>'part', data->>'index' HAVING count(*) > 1""",
    "claimed while somebody held it": "SELECT step, job, kind, at FROM chaos.claims WHERE was_held",
    "an engine's call that no claim accounts for": """
        SELECT number, made.stage, called, count(claims.step) AS claimed
        FROM (SELECT stage, number, count(*) AS called FROM chaos.calls GROUP BY stage, number) AS made
        JOIN chaos.turns USING (number) JOIN jobs ON idempotency_key = key
        LEFT JOIN chaos.claims ON job = jobs.id AND claims.kind = made.stage
        GROUP BY number, made.stage, called HAVING called > count(claims.step)""",
    "a conversation out of order": """
        SELECT later.id FROM jobs earlier JOIN jobs later USING (conversation_id)
        JOIN chaos.claims ON job = later.id
        WHERE earlier.turn < later.turn
            AND at < coalesce(least(earlier.answered_at, earlier.finished_at), 'infinity')
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
            WHEN 'poisons speak' THEN NOT (
                status = 'succeeded' AND warnings @> '[{"code": "speech_poisoned"}]')
            WHEN 'hangs speak' THEN NOT (
                status = 'succeeded' AND warnings @> '[{"code": "speech_timeout"}]')
        END""",
    "healthy, but quarantined or failed": """
        SELECT number, conduct, status, error_code, warnings
        FROM jobs JOIN chaos.turns ON key = idempotency_key
        WHERE conduct IN ('healthy', 'slow') AND finished_at IS NOT NULL
            AND NOT (status = 'succeeded' AND (warnings = '[]'
                OR jsonb_array_length(warnings) = 1 AND warnings->0->>'code' = 'speech_skipped'))
            AND NOT (status = 'cancelled' AND cancelled)""",
    "usage that does not equal its events": """
        WITH answered AS (
            SELECT jobs.learner_id, count(*) FILTER (WHERE done AND kind = 'text') AS text_turns,
                count(*) FILTER (WHERE done AND kind = 'voice') AS voice_turns,
                coalesce(sum(heard.seconds) FILTER (WHERE done), 0) AS voice_seconds,
                coalesce(sum(spoken.seconds), 0) AS speech_seconds,
                count(mistake_wrong) FILTER (WHERE done) AS corrections,
                coalesce(sum(score) FILTER (WHERE done), 0) AS score_sum,
                count(score) FILTER (WHERE done) AS score_count,
                sum(CASE WHEN done THEN number ELSE tokens_in END) AS tokens_in,
                sum(CASE WHEN done THEN number + 1 ELSE tokens_out END) AS tokens_out
            FROM jobs JOIN chaos.turns ON key = idempotency_key
            CROSS JOIN LATERAL (SELECT answered_at IS NOT NULL AS done) AS ended
            LEFT JOIN audio_objects heard ON heard.id = upload_id
            CROSS JOIN LATERAL (SELECT sum((data->>'seconds')::float) AS seconds FROM job_events
                WHERE job_id = jobs.id AND type = 'speech.piece') AS spoken
            WHERE done OR tokens_in + tokens_out > 0 OR spoken.seconds > 0 GROUP BY jobs.learner_id
        ), counted AS (
            SELECT learner_id, sum(text_turns) AS text_turns, sum(voice_turns) AS voice_turns,
                sum(voice_seconds) AS voice_seconds, sum(speech_seconds) AS speech_seconds,
                sum(corrections) AS corrections, sum(score_sum) AS score_sum,
                sum(score_count) AS score_count, sum(tokens_in) AS tokens_in, sum(tokens_out) AS tokens_out
            FROM daily_usage GROUP BY learner_id
        )
        SELECT learner_id, e.text_turns, c.text_turns, e.voice_turns, c.voice_turns, e.tokens_in, c.tokens_in
        FROM answered e FULL JOIN counted c USING (learner_id)
        WHERE (e.text_turns, e.voice_turns, e.corrections) IS DISTINCT FROM
                (c.text_turns, c.voice_turns, c.corrections)
            OR (e.score_sum, e.score_count) IS DISTINCT FROM (c.score_sum, c.score_count)
            OR (e.tokens_in, e.tokens_out) IS DISTINCT FROM (c.tokens_in, c.tokens_out)
            OR abs(e.voice_seconds - c.voice_seconds) > 0.001
            OR abs(e.speech_seconds - c.speech_seconds) > 0.001""",
    "an event skipped, told twice or out of order": """
        SELECT follower, job, place, seq, type FROM chaos.told WHERE place <> seq""",
    "a client that was told another log than there is": """
        SELECT follower, job, coalesce(kept.seq, told.seq), kept.type, told.type
        FROM (SELECT DISTINCT follower, job FROM chaos.told) AS followed
        JOIN job_events kept ON kept.job_id = job
        FULL JOIN chaos.told USING (follower, job, seq)
        LEFT JOIN jobs ON jobs.id = job
        WHERE kept.seq IS NULL OR told.seq IS NULL OR kept.type <> told.type
            OR kept.created_at <> (told.data->>'at')::timestamptz
            OR (told.data->>'seq')::int <> kept.seq OR told.data->>'job_id' <> job::text
            OR kept.type IN ('reply.sentence', 'speech.piece') AND NOT told.data @> (kept.data - 'audio_id')
            OR kept.type = 'transcript.done' AND told.data->>'transcript' IS DISTINCT FROM transcript
            OR kept.type = 'reply.done' AND told.data->>'reply_text' IS DISTINCT FROM reply_text
            OR kept.type = 'speech.piece' AND told.data->>'audio_url' IS NULL AND EXISTS (
                SELECT 1 FROM chaos.standing WHERE job_id = job AND standing.seq = kept.seq)
        UNION ALL
        SELECT NULL, id, NULL, status, NULL FROM jobs WHERE id NOT IN (SELECT job FROM chaos.told)""",
    "a reply shown with other speech than was told": """
        SELECT follower, job, shown.texts, spoken.texts FROM chaos.told
        CROSS JOIN LATERAL (SELECT array_agg(piece->>'text' ORDER BY (piece->>'index')::int) AS texts
            FROM jsonb_array_elements(data->'result'->'speech') AS piece) AS shown
        CROSS JOIN LATERAL (SELECT array_agg(data->>'text' ORDER BY (data->>'index')::int) AS texts
            FROM chaos.standing WHERE job_id = job AND type = 'speech.piece') AS spoken
        WHERE type = 'job.succeeded' AND data->'result'->'warnings' = '[]'
            AND shown.texts IS DISTINCT FROM spoken.texts""",
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


def watch_claims(connection: psycopg.Connection[Any]) -> None:
    """Have PostgreSQL note every claim: a step's row tells only of its last one."""
    connection.execute("CREATE SCHEMA chaos")
    connection.execute(
        "CREATE TABLE chaos.claims"
        " (step uuid, job uuid, kind text, worker text, was_held bool, at timestamptz)"
    )
    connection.execute(
        "CREATE FUNCTION chaos.note_claim() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " INSERT INTO chaos.claims"
        " VALUES (NEW.id, NEW.job_id, NEW.kind, NEW.worker, OLD.lease_token IS NOT NULL, clock_timestamp());"
        " RETURN NULL; END $$"
    )
    connection.execute(
        "CREATE TRIGGER note_claim AFTER UPDATE OF lease_token ON steps FOR EACH ROW"
        " WHEN (NEW.lease_token IS NOT NULL AND NEW.lease_token IS DISTINCT FROM OLD.lease_token)"
        " EXECUTE FUNCTION chaos.note_claim()"
    )


def note(connection: psycopg.Connection[Any], plan: Plan, ledger: Ledger, calls: Path, audio: Path) -> None:
    """Put what was planned and seen beside the product's tables.

    `calls` is the engines' log, `audio` the folder of the stored sounds.
    """
    of = plan.conducts.of
    rows: dict[str, Iterable[tuple[object, ...]]] = {
        "turns": (
            (
                turn.number,
                turn.key,
                turn.speak,
                str(of(turn.number)),
                turn.cancel_after is not None,
                "".join(f" {sentence}" for sentence in later_sentences(turn.number)),
                piece_seconds(turn.number),
            )
            for turn in plan.turns()
        ),
        "answers": ledger.jobs,
        "exchanges": (
            (seen.limit, seen.seconds, seen.status, seen.code, seen.expected, seen.route)
            for seen in ledger.exchanges
        ),
        "calls": (tuple(line.split()[:2]) for line in calls.read_text().splitlines()),
        "files": ((path.name, _seconds(path)) for path in audio.rglob("*.*")),
        "told": ledger.told,
    }
    for name, columns in _TABLES.items():
        table = sql.Identifier("chaos", name)
        connection.execute(sql.SQL("CREATE TABLE {} ({})").format(table, sql.SQL(columns)))
        with connection.cursor() as cursor, cursor.copy(sql.SQL("COPY {} FROM STDIN").format(table)) as copy:
            for row in rows[name]:
                copy.write_row(row)
    connection.execute(_STANDING)


def _seconds(path: Path) -> float | None:
    """Return how long a sound plays once it is decoded; None for what is no answer."""
    return len(decoded(path.read_bytes())) / RATE if path.suffix == ".mp3" else None


def violations(connection: psycopg.Connection[Any]) -> dict[str, list[Any]]:
    """Return the rows of every invariant."""
    return {name: connection.execute(query).fetchall() for name, query in INVARIANTS.items()}
