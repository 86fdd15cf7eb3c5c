"""What Prometheus reads from the API and from each worker, while learners use the product."""

import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from shared.metrics import CONTENT_TYPE
from tests.support import figures
from tests.support.contract import TEXT, post_audio, silence
from tests.support.figures import Figures
from tests.support.gated_engines import Gate
from tests.support.recordings import write_speech
from tests.support.stack import WORKERS, Stack, eventually, running_stack

PROCESSES = 2


@pytest.fixture(scope="module")
def counted_stack(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str], gate: Gate
) -> Iterator[Stack]:
    """The product with two API processes, and a voice that can be held at a gate."""
    extra = gate.settings("tts") | {"WEB_CONCURRENCY": str(PROCESSES)}
    directory, url = tmp_path_factory.mktemp("counted"), create_migrated_database()
    with running_stack(directory, url, "api", *WORKERS, "flower", extra=extra) as running:
        yield running


@pytest.fixture(autouse=True)
def opened(gate: Gate) -> None:
    gate.open()


def shown(stack: Stack, program: str) -> Figures:
    return figures.read(stack.metrics(program))


def test_a_text_and_a_voice_job_are_counted_where_they_were_done(
    counted_stack: Stack, tmp_path: Path
) -> None:
    before = {program: shown(counted_stack, program) for program in ("api", *WORKERS)}
    text = counted_stack.finished(counted_stack.text_chat("asha", "I am go to market")["id"])
    spoken = counted_stack.voice_chat(
        "asha", write_speech(tmp_path / "speech.wav", "Where is the market?")
    ).json()
    voice = counted_stack.finished(spoken["id"])
    after = {program: shown(counted_stack, program) for program in ("api", *WORKERS)}
    pieces = len(text["result"]["speech"]) + len(voice["result"]["speech"])

    def grown(program: str, name: str, **labels: str) -> float:
        return after[program].of(name, **labels) - before[program].of(name, **labels)

    for kind in ("text", "voice"):
        assert grown("api", "jobs_accepted_total", kind=kind) == 1
        # An answer of one piece ends where it is spoken, one of several where they are joined.
        done = {"kind": kind, "status": "succeeded", "code": "none"}
        assert sum(grown(worker, "jobs_finished_total", **done) for worker in ("gpu", "llm")) == 1
        assert sum(grown(worker, "job_seconds_count", kind=kind) for worker in ("gpu", "llm")) == 1
    assert grown("gpu", "step_seconds_count", kind="transcribe", outcome="succeeded") == 1
    assert grown("llm", "step_seconds_count", kind="reply", outcome="succeeded") == 2
    assert grown("gpu", "step_seconds_count", kind="speak", outcome="succeeded") == pieces
    assert grown("maintenance", "step_seconds_count", kind="reply", outcome="succeeded") == 0
    eventually(lambda: shown(counted_stack, "maintenance").of("sweep_seconds_count") > 0, what="a sweep")


def test_each_program_shows_only_what_it_counts(counted_stack: Stack) -> None:
    programs = {program: shown(counted_stack, program) for program in ("api", *WORKERS)}

    def showing(metric: str) -> set[str]:
        return {program for program, figures in programs.items() if figures.shown(metric)}

    assert showing("jobs_accepted_total") == {"api"}
    assert showing("http_requests_total") == {"api"}
    assert showing("sweep_seconds_count") == {"maintenance"}
    assert showing("leases_expired_total") == {"maintenance"}
    assert showing("audio_kept_on_disk_total") == {"api", "gpu"}
    assert showing("jobs_finished_total") == {"api", *WORKERS}


def test_a_recording_without_speech_is_counted_as_that(counted_stack: Stack) -> None:
    labels = {"kind": "voice", "status": "failed", "code": "no_speech"}
    before = shown(counted_stack, "gpu")
    job = post_audio(counted_stack.client, silence(1.0)).json()

    assert counted_stack.finished(job["id"])["error"]["code"] == "no_speech"
    after = shown(counted_stack, "gpu")
    assert after.of("jobs_finished_total", **labels) == before.of("jobs_finished_total", **labels) + 1
    assert after.of("job_seconds_count", kind="voice") == before.of("job_seconds_count", kind="voice")


def test_a_repeated_request_is_accepted_once(counted_stack: Stack) -> None:
    before = shown(counted_stack, "api").of("jobs_accepted_total", kind="text")
    for _ in range(4):
        counted_stack.client.post(
            TEXT, json={"user_id": "asha", "message": "Hello"}, headers={"Idempotency-Key": "again"}
        ).raise_for_status()

    assert shown(counted_stack, "api").of("jobs_accepted_total", kind="text") == before + 1


def test_every_api_process_shows_what_all_of_them_count(counted_stack: Stack) -> None:
    labels = {"method": "GET", "route": "/health/ready", "status": "200"}
    before = shown(counted_stack, "api").of("http_requests_total", **labels)
    for _ in range(24):  # so many connections that one process alone hardly takes them all
        httpx.get(f"{counted_stack.settings.local_url}/health/ready").raise_for_status()

    url = f"{counted_stack.settings.local_url}/metrics"
    answers = [figures.read(httpx.get(url).text) for _ in range(8)]

    assert {answer.of("http_requests_total", **labels) for answer in answers} == {before + 24}
    folder = counted_stack.settings.data_dir / "metrics" / "api"
    assert len(list(folder.glob("counter_*.db"))) == PROCESSES


def test_what_a_killed_child_has_counted_stays(counted_stack: Stack, gate: Gate) -> None:
    counted_stack.finished(counted_stack.text_chat("ravi", "Hello, how are you?")["id"])
    labels = {"kind": "speak", "outcome": "succeeded"}
    lost = {"kind": "speak", "outcome": "lost"}
    before = shown(counted_stack, "gpu")
    gate.shut()
    job = counted_stack.text_chat("ravi", "Where is the market?")
    [child] = eventually(lambda: gate.busy("tts"), what="the voice at its gate")
    [process] = [each for each in counted_stack.process("gpu").children() if each.pid == child]
    process.send_signal(signal.SIGKILL)
    gate.open()
    pieces = len(counted_stack.finished(job["id"])["result"]["speech"])

    after = shown(counted_stack, "gpu")
    assert after.of("step_seconds_count", **labels) == before.of("step_seconds_count", **labels) + pieces
    assert after.of("step_seconds_count", **lost) == before.of("step_seconds_count", **lost) + 1


def test_the_backlog_is_shown_by_the_api_and_by_the_maintenance_worker_alone(
    counted_stack: Stack, gate: Gate
) -> None:
    gate.shut()
    jobs = [counted_stack.text_chat(f"waits-{number}", "Hello")["id"] for number in range(3)]
    eventually(lambda: gate.busy("tts"), what="the voice at its gate")

    def replied() -> bool:
        return all(counted_stack.job(job_id)["stage"] == "synthesize" for job_id in jobs)

    eventually(replied, what="all voices waiting")
    pieces = "SELECT count(*) FROM steps WHERE kind = 'speak' AND finished_at IS NULL"
    [(unspoken,)] = counted_stack.sql(pieces)
    assert unspoken >= 3
    for program in ("api", "maintenance"):
        seen = shown(counted_stack, program)
        assert (seen.of("database_up"), seen.of("queue_depth", queue="gpu")) == (1, unspoken - 1)
        assert seen.of("steps_running", queue="gpu") == 1
        assert seen.of("queue_oldest_seconds", queue="gpu") > 0
        assert {seen.of("workers_live", queue=queue) for queue in WORKERS} == {1}
    for program in ("gpu", "llm"):
        assert shown(counted_stack, program).shown("database_up") == {}
    gate.open()
    for job in jobs:
        counted_stack.finished(job)
    assert shown(counted_stack, "api").of("queue_depth", queue="gpu") == 0


def test_metrics_are_text_and_described_as_such(counted_stack: Stack) -> None:
    response = counted_stack.client.get("/metrics")
    described = counted_stack.client.get("/openapi.json").json()["paths"]["/metrics"]["get"]

    assert response.headers["content-type"] == CONTENT_TYPE
    assert list(described["responses"]["200"]["content"]) == ["text/plain"]


@pytest.mark.parametrize(
    ("method", "path", "labels"),
    [
        ("GET", "/jobs/0e9a3c?user_id=asha", {"method": "GET", "route": "/jobs/{job_id}", "status": "404"}),
        ("HEAD", "/health", {"method": "HEAD", "route": "/health", "status": "200"}),
        ("PUT", "/jobs", {"method": "PUT", "route": "/jobs", "status": "405"}),
        (
            "GET",
            "/api/v1/conversations/secret-talk",
            {"method": "GET", "route": "/api/v1/conversations/{conversation_id}", "status": "422"},
        ),
        ("POST", TEXT, {"method": "POST", "route": TEXT, "status": "422"}),
        ("GET", "/asha/said/this", {"method": "GET", "route": "unmatched", "status": "404"}),
        ("BREW", "/asha", {"method": "other", "route": "unmatched", "status": "404"}),
    ],
)
def test_a_request_is_counted_by_its_routes_template(
    counted_stack: Stack, method: str, path: str, labels: dict[str, str]
) -> None:
    before = shown(counted_stack, "api").of("http_requests_total", **labels)
    counted_stack.client.request(method, path)

    after = shown(counted_stack, "api")
    assert after.of("http_requests_total", **labels) == before + 1
    assert after.of("http_request_seconds_count", method=labels["method"], route=labels["route"]) > 0


def test_what_clients_invent_makes_no_new_series(counted_stack: Stack) -> None:
    for number in range(3):
        counted_stack.client.request(f"BREW{number}", f"/invented/{number}")
        counted_stack.client.get(f"/jobs/invented-{number}", headers={"X-Request-ID": f"invented-{number}"})
    text = counted_stack.metrics("api")

    assert "invented" not in text
    assert "BREW" not in text
    methods = figures.read(text).labels("http_requests_total", "method")
    assert methods <= {"GET", "HEAD", "POST", "PUT", "other"}


def test_a_client_that_leaves_before_any_answer_has_seen_no_status(counted_stack: Stack) -> None:
    labels = {"method": "POST", "route": TEXT, "status": "none"}
    before = shown(counted_stack, "api").of("http_requests_total", **labels)
    head = (
        f"POST {TEXT} HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", counted_stack.settings.port), timeout=20) as connection:
        connection.sendall(head.encode() + b'{"user_id"')

    def counted() -> bool:
        return shown(counted_stack, "api").of("http_requests_total", **labels) == before + 1

    eventually(counted, what="the request counted")


def test_flower_shows_its_own_metrics_and_none_of_ours(counted_stack: Stack) -> None:
    url = f"http://127.0.0.1:{counted_stack.settings.flower_port}/metrics"

    def flowers() -> str:
        try:
            return httpx.get(url).text
        except httpx.TransportError:
            return ""

    counted_stack.finished(counted_stack.text_chat("asha", "Hello")["id"])
    eventually(lambda: "flower_events_total{" in flowers(), what="Flower's metrics")

    assert "english_practice" not in flowers()
    # Nor does it count in files, which cannot forget a worker that is gone.
    files = (counted_stack.settings.data_dir / "metrics" / "flower").glob("*.db")
    assert [path for path in files if b"flower_" in path.read_bytes()] == []


def test_a_worker_whose_port_is_taken_says_so_and_works(
    tmp_path: Path, create_migrated_database: Callable[[], str]
) -> None:
    with running_stack(tmp_path, create_migrated_database(), "api", *WORKERS) as stack:
        stack.start_another("llm", "llm-2")
        eventually(lambda: "no metrics are served" in stack.log("llm-2"), what="the warning")
        stack.end("llm")
        stack.finished(stack.text_chat("asha", "Hello")["id"])

        assert stack.log("llm-2").count("no metrics are served") == 1
        assert "Traceback" not in stack.log("llm-2")
