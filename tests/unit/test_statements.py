"""Statements that threads share: built once, and whole before a second thread has them."""

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Select, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import aliased

from shared.models import Job
from shared.statements import built_once

THREADS = 8
ROUNDS = 50


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Threads that take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    with ThreadPoolExecutor(THREADS) as pool:
        yield pool
    sys.setswitchinterval(interval)


def changed_jobs() -> Select[Any]:
    changed = update(Job).values(attempt=1).returning(Job.__table__).cte("changed")  # type: ignore[attr-defined]
    return select(aliased(Job, changed))


def test_threads_that_run_a_statement_for_the_first_time_run_the_same_one(
    threads: ThreadPoolExecutor,
) -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for _ in range(ROUNDS):
        statement, start = built_once(changed_jobs), threading.Barrier(THREADS)

        def text(statement: Any = statement, start: threading.Barrier = start) -> str:
            start.wait()
            return str(statement().compile(dialect=dialect))

        texts = {each.result() for each in [threads.submit(text) for _ in range(THREADS)]}

        assert len(texts) == 1
        assert texts.pop().endswith("FROM changed")


def test_a_statement_is_built_once_for_each_choice_of_arguments() -> None:
    built: list[str] = []

    @built_once
    def named(name: str) -> Select[Any]:
        built.append(name)
        return select(Job).where(getattr(Job, name).is_(None))

    assert named("message") is named("message")
    assert named("upload_id") is not named("message")
    assert built == ["message", "upload_id"]
