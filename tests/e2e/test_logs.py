"""A day of use and trouble in prod: every line is JSON and can be followed, and none has words or secrets."""

import json
import signal
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import httpx
import psutil
import pytest

from local.servers import EmbeddedPostgres
from tests.conftest import migrate
from tests.support.contract import CONVERSATIONS, TEXT, VOICE, post_audio, silence, succeeded
from tests.support.engines_for_tests import engine
from tests.support.gated_engines import Gate
from tests.support.gemini_server import GOOD_FORM, GeminiServer, Step, failed, filled, page, said
from tests.support.s3_servers import KEY_ID, S3Server
from tests.support.stack import WORKERS, Stack, eventually, running_stack
from tests.support.talking_engines import HEARD, RAISED, WARNED, TalkingTranscriber

OURS = ("api", *WORKERS)
FIELDS = {"time", "level", "logger", "message", "request_id", "job_id"}
KEY = "AIza-a-secret-key"
SIGNING_KEY = "a-secret-signing-key"
ACCESS_SECRET = "a-secret-behind-keys-and-pseudonyms"  # noqa: S105 - of no deployment
PASSWORD = "a-secret-password"  # noqa: S105 - Flower's, in this test alone
USER = "mangosteen-user"
FORM = {
    "reply_text": "What will you buy, dragonfruit-reply?",
    "mistake": {"wrong": "am go", "right": "am going lychee-right", "category": "tense"},
    "hinglish_explanation": "Yahan guava-explained aayega.",
    "explanation_devanagari": "यहाँ शरीफा आएगा।",
}
SAID = "I am go to jackfruit-message"
WORDS = (
    *(
        "jackfruit-message",
        "pomegranate-heard",
        WARNED,
        RAISED,
        "mangosteen",
        "dragonfruit-reply",
        "lychee-right",
    ),
    *("guava-explained", "शरीफा", r"\u0936\u0930\u0940\u092b\u093e", "durian", "am go"),
)


@dataclass
class Day:
    """What was asked, by the id of each request, and what every program had written at the end."""

    stack: Stack
    secrets: list[str] = field(default_factory=list)
    jobs: dict[str, str] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)

    def lines(self, *programs: str) -> list[dict[str, Any]]:
        return [json.loads(line) for program in programs for line in self.logs[program].splitlines()]

    def text(self, request_id: str, message: str = SAID, **more: object) -> str:
        """Post a message under this request id, which its job keeps; return the job's id."""
        body = {"user_id": USER, "message": message, **more}
        return self._accepted(request_id, self.stack.client.post(TEXT, json=body, headers=named(request_id)))

    def voice(self, request_id: str, seconds: float) -> str:
        sent = post_audio(self.stack.client, silence(seconds), user_id=USER, X_Request_ID=request_id)
        return self._accepted(request_id, sent)

    def _accepted(self, request_id: str, response: httpx.Response) -> str:
        assert response.status_code == HTTPStatus.ACCEPTED, response.text
        self.jobs[request_id] = response.json()["id"]
        return self.jobs[request_id]


def named(request_id: str) -> dict[str, str]:
    return {"X-Request-ID": request_id}


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory, gate: Gate) -> Iterator[Day]:
    """Live the day through, and end it."""
    folder = tmp_path_factory.mktemp("logs")
    with (
        EmbeddedPostgres(folder / "postgres") as postgres,
        S3Server(folder / "s3") as s3,
        GeminiServer() as gemini,
    ):
        migrate(postgres.url, "head")
        extra = {
            "APP_ENV": "prod",
            "WEB_CONCURRENCY": "2",
            "STT_ENGINE": engine(TalkingTranscriber),
            "LLM_ENGINE": "gemini",
            "GEMINI_API_KEY": KEY,
            "GEMINI_BASE_URL": gemini.url,
            "ACCESS": "open",
            "ACCESS_SECRETS": ACCESS_SECRET,
            "AUDIO_SIGNING_KEY": SIGNING_KEY,
            "FLOWER_BASIC_AUTH": f"operator:{PASSWORD}",
            "LLM_TIMEOUT_SECONDS": "3",
            "MOVE_AUDIO_SECONDS": "1",
        }
        extra |= gate.settings("tts") | s3.environment()
        gate.open()
        with running_stack(folder, postgres.url, *OURS, "flower", extra=extra) as stack:
            lived = Day(stack)
            passwords = [str(httpx.URL(url).password) for url in (postgres.url, stack.redis.url)]
            lived.secrets += [KEY, SIGNING_KEY, ACCESS_SECRET, PASSWORD, KEY_ID, s3.secret, *passwords]
            learn(lived, gemini)
            trouble_the_tutor(lived, gemini)
            send_nonsense(lived)
            let_rows_be_refused(lived)
            take_servers_away(lived, gemini, s3, postgres)
            trouble_a_voice(lived, gemini, gate)
            kill_an_api_process(stack)
        lived.logs = {name: stack.log(name) for name in (*OURS, "flower")}
        yield lived


def learn(day: Day, gemini: GeminiServer) -> None:
    gemini.script(filled(**FORM), filled(**FORM))
    spoken = ["reply", "explanation"]
    result = succeeded(day.stack, day.text("r-text", conversation_id="c", speak=spoken))["result"]
    assert result["correction"] == "am go → am going lychee-right"
    assert "X-Amz-Signature" in result["audio_url"]
    succeeded(day.stack, day.voice("r-voice", 1.5))
    day.stack.client.head("/jobs", params={"user_id": USER}, headers=named("r-head"))
    day.stack.client.get(f"{CONVERSATIONS}/c", params={"user_id": USER})
    day.stack.client.delete(f"{CONVERSATIONS}/c", params={"user_id": USER}, headers=named("r-delete"))


def trouble_the_tutor(day: Day, gemini: GeminiServer) -> None:
    quoting = f"Invalid value: {SAID} {KEY}"
    troubles = {
        "r-invalid": [said(f'{{"score": "{SAID}"}}'), said(f"{SAID} durian")],
        "r-400": [failed(400, "INVALID_ARGUMENT", quoting)],
        "r-500": [failed(500, "INTERNAL", quoting), page(502, quoting), *[failed(503, SAID, quoting)] * 2],
        "r-slow": [Step(wait=10)],
    }
    for request_id, steps in troubles.items():
        gemini.forget()
        gemini.script(*steps)
        # Each another message: what has been answered before is in the cache.
        assert day.stack.finished(day.text(request_id, f"{SAID} {request_id}"))["status"] == "failed"
    gemini.forget()
    failed_job = day.voice("r-broken", 0.5)
    assert day.stack.finished(failed_job)["error"]["code"] == "engine_unavailable"
    day.stack.client.post(f"/jobs/{failed_job}/retry", headers=named("r-retry"))
    day.stack.finished(failed_job)


def send_nonsense(day: Day) -> None:
    client = day.stack.client
    json_type = {"Content-Type": "application/json"}
    body = {"user_id": USER, "message": SAID}
    refused = [
        client.post(TEXT, json=body | {"durian-field": SAID}),
        client.post(TEXT, json=body | {"message": f"{SAID}\0"}),
        client.post(TEXT, json=body | {"message": SAID * 500}),
        client.post(TEXT, json=body | {"user_id": f"{SAID} {USER}"}),
        client.post(TEXT, content=f'{{"message": "{SAID}'.encode(), headers=json_type),
        client.post(TEXT, content=f'{{"message": "{SAID}\\ud800"}}'.encode(), headers=json_type),
        client.post(TEXT, json=body, headers={"X-Request-ID": f"{SAID}", "Idempotency-Key": "durian key"}),
        client.post(
            VOICE, data={"user_id": USER, "durian": SAID}, files={"audio_file": (SAID, SAID.encode())}
        ),
        client.post(
            VOICE,
            content=f'--x\r\nContent-Disposition: durian; "{SAID}\r\n{SAID}'.encode(),
            headers={"Content-Type": "multipart/form-data; boundary=x"},
        ),
        client.get(f"/durian/{SAID}", params={"message": SAID}),
        client.get(f"/jobs/{SAID}"),
        client.get("/audio/durian.mp3", params={"expires": "1", "signature": "durian-signature"}),
        client.request("DURIAN", "/jobs", headers=named("r-method")),
    ]
    assert {response.status_code for response in refused} <= {403, 404, 405, 413, 415, 422}


def let_rows_be_refused(day: Day) -> None:
    """Have PostgreSQL refuse what API and workers write: its errors quote the whole row."""
    refused = f"{USER}-refused"
    day.stack.sql("ALTER TABLE jobs ADD CONSTRAINT odd CHECK (request_id <> 'r-unexpected') NOT VALID")
    day.stack.sql("ALTER TABLE steps ADD CONSTRAINT odd CHECK (lease_token IS NULL) NOT VALID")
    body = {"user_id": refused, "message": SAID}
    answer = day.stack.client.post(TEXT, json=body, headers=named("r-unexpected"))
    assert answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    unclaimed = day.text("r-unclaimed", f"{SAID} unclaimed")
    eventually(lambda: "llm_step broke" in day.stack.log("llm"), what="a claim refused")
    for table in ("jobs", "steps"):
        day.stack.sql(f"ALTER TABLE {table} DROP CONSTRAINT odd")
    succeeded(day.stack, unclaimed)


def trouble_a_voice(day: Day, gemini: GeminiServer, gate: Gate) -> None:
    gemini.script(filled(reply_text="Not spoken before either, dragonfruit-reply."))
    gate.shut()
    killed = day.text("r-killed", f"{SAID} killed")
    (child,) = eventually(lambda: gate.busy("tts"), what="the voice at its gate")
    gate.forget()
    psutil.Process(child).kill()
    eventually(lambda: gate.busy("tts"), what="the voice at its gate again")
    day.stack.client.post(f"/jobs/{killed}/cancel", headers=named("r-cancel"))
    with pytest.raises(httpx.ReadTimeout):
        day.stack.client.get(f"/jobs/{killed}/wait", headers=named("r-left"), timeout=0.5)
    gate.open()
    day.stack.finished(killed)
    eventually(lambda: "r-left" in day.stack.log("api"), what="the answer to the client that left")


def take_servers_away(day: Day, gemini: GeminiServer, s3: S3Server, postgres: EmbeddedPostgres) -> None:
    stack = day.stack
    gemini.script(filled(reply_text="Never spoken before, dragonfruit-reply."))
    s3.kill()
    url = httpx.URL(succeeded(stack, day.text("r-no-s3", f"{SAID} no S3"))["result"]["audio_url"])
    assert "signature" in url.params
    assert stack.client.get(url, headers=named("r-listen")).status_code == HTTPStatus.OK
    s3.start()
    stack.redis.kill()
    waiting = day.text("r-no-redis", f"{SAID} no Redis")
    stack.redis.start()
    succeeded(stack, waiting)
    postgres.kill()
    answer = stack.client.post(TEXT, json={"user_id": USER, "message": SAID}, headers=named("r-no-database"))
    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    postgres.start()
    eventually(lambda: stack.client.get("/health/ready").status_code == HTTPStatus.OK, what="ready")
    succeeded(stack, day.text("r-after", f"{SAID} after"))


def kill_an_api_process(stack: Stack) -> None:
    """The process with the most memory is one that serves; another is multiprocessing's helper."""
    servers = stack.process("api").children()
    max(servers, key=lambda each: each.memory_info().rss).send_signal(signal.SIGKILL)
    eventually(lambda: "died" in stack.log("api"), what="the death noticed")


@pytest.mark.parametrize("program", [*OURS, "flower"])
def test_every_line_is_a_json_object_with_all_fields(day: Day, program: str) -> None:
    lines = day.logs[program].splitlines()

    assert lines
    for text in lines:
        with suppress(ValueError):
            line = json.loads(text)
            assert line.keys() - {"exception"} == FIELDS, text
            assert all(isinstance(value, str) and value for value in line.values()), text
            assert datetime.fromisoformat(line["time"]).tzinfo == UTC
            continue
        pytest.fail(f"no JSON: {text}")


@pytest.mark.parametrize("program", [*OURS, "flower"])
def test_no_line_has_words_keys_signatures_or_passwords(day: Day, program: str) -> None:
    text = day.logs[program].casefold()
    never = [*WORDS, *day.secrets, "X-Amz-Signature", "signature=", HEARD, GOOD_FORM["reply_text"]]

    assert [word for word in never if word.casefold() in text] == []


def test_a_request_is_followed_by_its_id_to_its_job_and_into_the_workers(day: Day) -> None:
    access = {
        line["request_id"]: line for line in day.lines("api") if line["logger"] == "api.http.access_log"
    }
    told = defaultdict(set)
    for line in day.lines(*WORKERS):
        told[line["request_id"]].add(line["job_id"])

    for request_id, job_id in day.jobs.items():
        assert access[request_id]["job_id"] == job_id
        assert told[request_id] == {job_id}


@pytest.mark.parametrize(
    ("request_id", "said", "of"),
    [
        ("r-text", "POST /api/v1/ai/text-chat: 202 in ", "r-text"),
        ("r-voice", "POST /api/v1/ai/voice-chat: 202 in ", "r-voice"),
        ("r-head", "HEAD /jobs: 200 in ", None),
        ("r-method", "other /jobs: 405 method_not_allowed in ", None),
        ("r-delete", "DELETE /api/v1/conversations/{conversation_id}: 204 in ", None),
        ("r-retry", "POST /jobs/{job_id}/retry: 202 in ", "r-broken"),
        ("r-cancel", "POST /jobs/{job_id}/cancel: 200 in ", "r-killed"),
        ("r-listen", "GET /audio/{name}: 200 in ", None),
        ("r-unexpected", "POST /api/v1/ai/text-chat: 500 internal_error in ", None),
        ("r-no-database", "POST /api/v1/ai/text-chat: 503 database_unavailable in ", None),
    ],
)
def test_a_request_has_one_access_line_with_its_route_and_job(
    day: Day, request_id: str, said: str, of: str | None
) -> None:
    [line] = [each for each in day.lines("api") if is_access(each, request_id)]

    assert line["message"].startswith(said)
    assert line["job_id"] == (day.jobs[of] if of else "-")


def test_a_client_that_left_is_said(day: Day) -> None:
    [line] = [each for each in day.lines("api") if is_access(each, "r-left")]

    assert line["message"].startswith("GET /jobs/{job_id}/wait: 200 in ")
    assert line["message"].endswith(", the client had left")


def test_probes_leave_no_access_line(day: Day) -> None:
    assert not any("/health" in line["message"] for line in day.lines("api"))


@pytest.mark.parametrize(
    ("program", "request_id", "said"),
    [
        ("api", "r-no-redis", "the broker is away ("),
        ("api", "r-no-s3", None),
        ("gpu", "r-no-s3", "a sound is kept on this host's disk"),
        ("gpu", "r-broken", "transcribe broke: builtins.LookupError at "),
        ("gpu", "r-killed", "speak died"),
        ("llm", "r-400", "the provider did not answer: HTTP 400 INVALID_ARGUMENT"),
        ("llm", "r-slow", "reply failed: llm_timeout"),
    ],
)
def test_trouble_is_said_with_the_job_it_happened_to(
    day: Day, program: str, request_id: str, said: str | None
) -> None:
    messages = [line["message"] for line in day.lines(program) if line["job_id"] == day.jobs[request_id]]

    assert any((said or "") in message for message in messages), messages


def test_a_claim_that_postgresql_refused_is_said_without_words(day: Day) -> None:
    broke = "llm_step broke: sqlalchemy.exc.IntegrityError at "
    assert any(line["message"].startswith(broke) for line in day.lines("llm"))


def test_what_the_api_did_not_expect_is_a_line_with_its_class_and_places(day: Day) -> None:
    [line] = [each for each in day.lines("api") if each["message"] == "unexpected error"]

    assert line["request_id"] == "r-unexpected"
    assert line["exception"].startswith("sqlalchemy.exc.IntegrityError at ")
    assert "api/turns/accept.py:" in line["exception"]
    assert ", from psycopg.errors.CheckViolation at " in line["exception"]


def test_what_nobody_catches_is_a_line_with_its_class_and_place(day: Day) -> None:
    lines = day.lines("gpu")

    [thread, *_] = [line for line in lines if line["message"] == "the thread helper ends by an exception"]
    assert thread["exception"].startswith("builtins.ValueError at ")
    assert "tests/support/talking_engines.py:" in thread["exception"]
    assert any(line["logger"] == "py.warnings" and "UserWarning at " in line["message"] for line in lines)


def is_access(line: dict[str, Any], request_id: str) -> bool:
    return bool(line["logger"] == "api.http.access_log" and line["request_id"] == request_id)
