"""A process that is no pool's child stays when it runs out of memory: nothing would replace it."""

import logging
from pathlib import Path

import pytest

from shared.queue import create_celery
from worker.celery_app.retiring import retire
from worker.runtime import build_runtime
from worker.settings import WorkerSettings


def test_a_process_that_no_pool_would_replace_stays(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = WorkerSettings(_env_file=None, data_dir=tmp_path)
    app = create_celery(settings.redis_url, socket_timeout_seconds=1)

    retire(build_runtime(settings, app), "llm@here")

    [record] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "no pool can replace this process" in record.getMessage()
