"""How long a newcomer waits behind others, and what a claim costs: `python -m benchmarks.fairness`.

Three learners have sent 300 turns; then one turn of somebody else comes. The floor is what the GPU alone
would take. A claim is timed with 10,000 steps that are ready, one transaction each, as a worker does it; and
once more while a transaction stays open that keeps PostgreSQL from tidying up behind the claims.
"""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.product import Speeds, empty_database, migrate, running_product, until
from benchmarks.table import Row, print_table
from local.servers import EmbeddedPostgres
from shared import steps
from shared.database import single_statements, transactions
from shared.models import QueueName, StepKind
from shared.settings import SharedSettings

LEARNERS, TURNS_EACH, VOICE_SECONDS = 3, 100, 0.1
READY, CLAIMS, MOST_MILLISECONDS = 10_000, 1_000, 2.0

_FILL = (
    """INSERT INTO learners (id, app_id, user_id)
    SELECT gen_random_uuid(), (SELECT id FROM apps), 'user-' || n FROM generate_series(0, 499) n""",
    """INSERT INTO conversations (id, learner_id, public_id, last_turn)
    SELECT gen_random_uuid(), l.id, 'talk-' || n, 1 FROM generate_series(1, :ready) n
    JOIN learners l ON l.user_id = 'user-' || n % 500""",
    """INSERT INTO jobs (id, app_id, learner_id, kind, conversation_id, turn, speak, request_fingerprint,
        request_id, status, tokens_in, tokens_out, warnings, engines, message)
    SELECT gen_random_uuid(), (SELECT id FROM apps), learner_id, 'text', id, 1, '{reply}', repeat('f', 64),
        'request', 'queued', 0, 0, '[]', '{}', 'word' FROM conversations""",
    """INSERT INTO steps (id, job_id, attempt, kind, position, number, queue, rank, deaths, ready_at)
    SELECT gen_random_uuid(), id, 0, 'reply', 0, 0, 'llm',
        row_number() OVER (PARTITION BY learner_id), 0, now()
    FROM jobs""",
)


def newcomers_wait() -> tuple[float, float]:
    """Return the seconds until a newcomer's answer had ended, and until those of the crowd had."""
    speeds = Speeds(stt=0, llm=0, tts=VOICE_SECONDS)
    with (
        empty_database() as (folder, database_url),
        running_product(folder, database_url, speeds) as product,
        ThreadPoolExecutor(8) as clients,
    ):
        product.wait_for(product.text_chat("warm-up", "Hello")["id"])
        began = time.perf_counter()
        crowd = [(f"crowd-{n % LEARNERS}", f"turn {n}") for n in range(LEARNERS * TURNS_EACH)]
        jobs = list(clients.map(lambda each: product.text_chat(each[0], each[1]), crowd))
        spoken = "SELECT count(*) FROM steps WHERE kind = 'speak' AND finished_at IS NULL"
        until(lambda: product.sql(spoken)[0][0] > LEARNERS * TURNS_EACH / 2)
        posted = time.perf_counter()
        product.wait_for(product.text_chat("newcomer", "Hello")["id"])
        waited = time.perf_counter() - posted
        for job in jobs:
            product.wait_for(job["id"], seconds=300)
        return waited, time.perf_counter() - began


def claim_milliseconds(*, old_transaction: bool) -> list[float]:
    """Return what each claim took."""
    with TemporaryDirectory() as directory, EmbeddedPostgres(Path(directory) / "postgres") as postgres:
        migrate(postgres.url)
        engine = create_engine(SharedSettings(_env_file=None, database_url=postgres.url).database_url)
        sessions = transactions(engine)
        with sessions.begin() as session:
            for statement in _FILL:
                session.execute(text(statement), {"ready": READY} if ":ready" in statement else {})
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
        with engine.connect() if old_transaction else nullcontext() as old:
            if old is not None:
                old.execution_options(isolation_level="REPEATABLE READ").execute(
                    text("SELECT FROM jobs LIMIT 1")
                )
            claiming = single_statements(sessions)
            took = [claim_once(claiming) for _ in range(CLAIMS)]
        engine.dispose()
        return took


def claim_once(sessions: sessionmaker[Session]) -> float:
    """Claim the best step of the tutor's queue, as a worker does; return the milliseconds that it took."""
    limits = dict.fromkeys(StepKind, timedelta(seconds=60))
    began = time.perf_counter()
    with sessions.begin() as session:
        claimed = steps.claim(
            session,
            QueueName.LLM,
            token=uuid4(),
            worker="llm@here",
            lease=timedelta(seconds=30),
            limits=limits,
        )
    took = (time.perf_counter() - began) * 1000
    assert claimed is not None
    return took


def measure() -> list[Row]:
    """Return the rows."""
    waited, crowd = newcomers_wait()
    bound = VOICE_SECONDS * (LEARNERS + 2)  # the step at work, one of each who waits, and its own
    rows = [
        Row(
            f"a newcomer behind {LEARNERS * TURNS_EACH} turns of {LEARNERS} learners",
            f"{waited:.2f} s; the others' last ends after {crowd:.1f} s",
            f"{LEARNERS * TURNS_EACH * VOICE_SECONDS:.0f} s of voice before it",
            f"{LEARNERS + 2} turns' voice and 0.3 s: {bound + 0.3:.1f} s",
            waited <= bound + 0.3,
        )
    ]
    for old_transaction in (False, True):
        took = claim_milliseconds(old_transaction=old_transaction)
        median, tail = statistics.median(took), statistics.quantiles(took, n=100)[98]
        rows.append(
            Row(
                f"a claim among {READY:,} ready steps"
                + (", a transaction left open" if old_transaction else ""),
                f"{median:.2f} ms p50, {tail:.2f} p99",
                goal=f"{MOST_MILLISECONDS:.0f} ms p50",
                met=median < MOST_MILLISECONDS,
            )
        )
    return rows


if __name__ == "__main__":
    print_table(measure())
