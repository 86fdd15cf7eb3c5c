"""What it costs to know who asks, and how many queries that takes: `python -m benchmarks.asking`.

With the count of requests in Redis, which a token costs, and an app's key only if it is limited.
"""

import asyncio
import statistics
import time
from contextlib import closing
from datetime import timedelta

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from api.access import repository
from api.access.authentication import Authentication
from api.access.keyring import Keyring
from api.access.keys import KeyKind
from api.access.rates import RequestRates
from api.access.settings import Access
from api.database import Sessions
from api.settings import ApiSettings
from benchmarks.product import empty_database
from benchmarks.table import Row, print_table
from local.servers import EmbeddedRedis
from shared.database import create_sync_engine
from shared.learners import LearnerRef
from shared.models import Scope

REQUESTS, MOST_MILLISECONDS = 2_000, 1.0


def measure() -> list[Row]:
    """Return the costs of a key and of a token."""
    with empty_database() as (folder, database_url), EmbeddedRedis(folder / "redis") as redis:
        settings = ApiSettings(
            _env_file=None,
            access=Access.KEYS,
            database_url=database_url,
            redis_url=redis.url,
            data_dir=folder,
            max_requests_per_minute_per_learner=10 * REQUESTS,
            max_requests_per_minute_per_address=10 * REQUESTS,
        )
        engine = create_sync_engine(settings.database_url, application_name="bench", pool_size=1)
        try:
            return asyncio.run(_measure(settings, engine))
        finally:
            engine.dispose()


async def _measure(settings: ApiSettings, engine: Engine) -> list[Row]:
    queries: list[str] = []
    with Session(engine, expire_on_commit=False) as session, session.begin():
        app = repository.app_named(session, "bench")
        row, key = repository.create_key(
            session, settings.secrets(), app_id=app.id, label="", kind=KeyKind.LIVE, scopes=[Scope.CHAT]
        )
    with closing(Sessions(engine, at_once=1)) as sessions:
        keyring = Keyring(sessions)
        rates = RequestRates(settings.redis_url, of_address=settings.max_requests_per_minute_per_address)
        asked = Authentication(
            is_open=False,
            takes_test_keys=True,
            secrets=settings.secrets(),
            keyring=keyring,
            rates=rates,
            quotas=settings.quotas,
        )
        token, _ = asked.tokens.make(LearnerRef(row.app_id, "asha"), row.id, timedelta(hours=1))
        rows = []
        for name, credential in (("an app's key", key), ("a learner's token", token)):
            await asked.principal(f"Bearer {credential}", "127.0.0.1")
            event.listen(engine, "before_cursor_execute", lambda *asked: queries.append(asked[2]))
            milliseconds = [await _timed(asked, credential) for _ in range(REQUESTS)]
            p50, p99 = statistics.median(milliseconds), statistics.quantiles(milliseconds, n=100)[98]
            rows.append(
                Row(
                    f"to know who asks with {name}",
                    f"{p50:.3f} ms p50, {p99:.3f} p99, {len(queries)} queries",
                    "",
                    f"{MOST_MILLISECONDS:g} ms p50, no query",
                    p50 <= MOST_MILLISECONDS and not queries,
                )
            )
        return rows


async def _timed(asked: Authentication, credential: str) -> float:
    began = time.perf_counter()
    await asked.principal(f"Bearer {credential}", "127.0.0.1")
    return 1000 * (time.perf_counter() - began)


if __name__ == "__main__":
    print_table(measure())
