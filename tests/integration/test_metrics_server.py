"""A worker's metrics, as its main process serves them."""

import socket

import httpx
import pytest
from sqlalchemy import Engine

from local.ports import free_port
from shared.models import QueueName
from tests.support import figures
from tests.support.figures import Figures
from worker.metrics_server import serve_metrics
from worker.settings import WorkerSettings


def served(database_url: str, *queues: str) -> Figures:
    settings = WorkerSettings(_env_file=None, database_url=database_url, metrics_port=free_port())
    serve_metrics(settings, queues)
    response = httpx.get(f"http://127.0.0.1:{settings.metrics_port}/metrics", timeout=30)
    return figures.read(response.raise_for_status().text)


def test_who_serves_maintenance_shows_the_backlog_and_what_is_stored(database: Engine) -> None:
    url = database.url.render_as_string(hide_password=False)

    both, gpu = served(url, "gpu", "maintenance"), served(url, "gpu")

    assert (both.of("database_up"), both.shown("audio_orphans")) == (1, {frozenset(): 0})
    assert (gpu.shown("database_up"), gpu.shown("audio_orphans")) == ({}, {})


def test_a_database_that_is_away_fails_no_scrape() -> None:
    nobody = f"postgresql://user:password@127.0.0.1:{free_port()}/none"

    shown = served(nobody, "maintenance")

    assert shown.shown("database_up") == {frozenset(): 0}
    assert shown.shown("jobs_finished_total")


def test_a_worker_shows_only_what_it_counts() -> None:
    nobody = f"postgresql://user:password@127.0.0.1:{free_port()}/none"
    shown = {queue: served(nobody, queue) for queue in QueueName}

    def showing(metric: str) -> set[QueueName]:
        return {queue for queue, figures in shown.items() if figures.shown(metric)}

    assert showing("sweep_seconds_count") == {QueueName.MAINTENANCE}
    assert showing("leases_expired_total") == {QueueName.MAINTENANCE}
    assert showing("audio_kept_on_disk_total") == {QueueName.GPU}
    assert showing("spoken_corrections_total") == {QueueName.LLM}
    assert showing("jobs_finished_total") == set(QueueName)


def test_without_a_port_nothing_is_served(caplog: pytest.LogCaptureFixture) -> None:
    serve_metrics(WorkerSettings(_env_file=None), ["gpu"])

    assert caplog.messages == []


def test_a_port_that_is_taken_is_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupant:
        port = occupant.getsockname()[1]
        serve_metrics(WorkerSettings(_env_file=None, metrics_port=port), ["gpu"])

    [message] = caplog.messages
    assert message.startswith(f"no metrics are served: 127.0.0.1:{port} cannot be listened on")
