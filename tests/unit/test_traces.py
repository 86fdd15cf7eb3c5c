"""Traces: off unless asked for, bounded where the collector is away, and without what exceptions say."""

import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest

from local.ports import free_port
from shared import traces
from tests.conftest import ROOT
from tests.support.collector import Collector

WITHOUT_THE_EXTRA = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == "opentelemetry.exporter":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Missing())
from shared.settings import SharedSettings, read_settings
print(SharedSettings(_env_file=None, traces_endpoint=None).traces_url)
read_settings(SharedSettings)
"""


@pytest.fixture(autouse=True)
def off_again() -> Iterator[None]:
    yield
    traces.stop()


def python(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PATH": "", "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_where_traces_are_off_no_library_of_theirs_is_imported() -> None:
    done = python(
        "import sys, api.main, worker.main, worker.tasks, worker.celery_app.children\n"
        "from uuid import uuid4\n"
        "from shared import traces\n"
        "traces.start(None, 'api'); traces.accepted(uuid4(), 0, kind='text')\n"
        "with traces.step(uuid4(), 'reply', 'llm@here') as told: told['outcome'] = 'succeeded'\n"
        "traces.stop()\n"
        # FastAPI imports OpenTelemetry's API and redis-py the SDK's metrics, which do nothing by themselves.
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk.trace', "
        "'opentelemetry.exporter', 'opentelemetry.proto', 'google.protobuf', 'shared.spans'))])"
    )

    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_without_the_extra_a_program_that_is_to_trace_refuses_to_start_in_a_sentence() -> None:
    done = python(WITHOUT_THE_EXTRA, TRACES_ENDPOINT="http://localhost:4318")

    assert done.stdout.strip() == "None"
    assert done.returncode == 1
    assert "TRACES_ENDPOINT is set, but the extra `traces` is not installed" in done.stderr
    assert "Traceback" not in done.stderr


def test_of_an_exception_only_its_class_is_told() -> None:
    with Collector() as collector:
        traces.start(collector.url, "worker")
        with pytest.raises(ValueError, match="secret"), traces.step(uuid4(), "reply", "llm@here"):
            raise ValueError("secret words")
        with traces.step(uuid4(), "speak", "gpu@here") as told:
            told["outcome"] = "speech_failed"
        with traces.step(uuid4(), "join", "llm@here"):
            pass
        traces.stop()
        received = collector.received

    broken, failed, dropped = received.spans
    assert broken.attributes == {"worker": "llm@here", "error.type": "ValueError"}
    assert failed.attributes == {"worker": "gpu@here", "outcome": "speech_failed"}
    assert (broken.failed, failed.failed, dropped.failed) == (True, True, False)
    assert b"secret" not in b"".join(received.bodies)


def test_the_root_lasts_as_long_as_its_request_did() -> None:
    job_id, ago = uuid4(), 1_500_000_000
    with Collector() as collector:
        traces.start(collector.url, "api")
        traces.accepted(job_id, time.time_ns() - ago, kind="text")
        with traces.step(job_id, "reply", "llm@here"):
            pass
        traces.stop()
        root, child = collector.received.spans

    assert (root.trace_id, child.trace_id, root.parent_id) == (job_id.hex, job_id.hex, "")
    assert child.parent_id == root.span_id != child.span_id
    assert root.nanoseconds >= ago


def test_a_collector_that_is_away_is_logged_once_and_holds_nothing_up(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1")
    traces.start(f"http://127.0.0.1:{free_port()}", "worker")
    for _ in range(3):
        with traces.step(uuid4(), "reply", "llm@here"):
            pass

    with caplog.at_level(logging.WARNING):
        traces.stop()

    assert {record.name for record in caplog.records} <= {"shared.spans"}
    assert len(caplog.messages) <= 1
