"""A turn is one trace, across the API and the workers, with no word of the learner's in it."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest

from tests.support.collector import Collector, Span
from tests.support.recordings import write_speech
from tests.support.stack import WORKERS, Stack, running_stack

PROGRAMS = ("api", *WORKERS)
LEARNER = "asha-the-learner"
SAID = "Yesterday I am go to the market"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


@pytest.fixture(scope="module")
def traced_stack(
    tmp_path_factory: pytest.TempPathFactory,
    create_migrated_database: Callable[[], str],
    collector: Collector,
) -> Iterator[Stack]:
    extra = {
        "TRACES_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "600000",  # what is sent is what a program sends at its end
        # What would let FastAPI send paths, queries and exceptions as well.
        "FASTAPI_OTEL_AUTO_CONFIGURE": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
    }
    directory, url = tmp_path_factory.mktemp("traced"), create_migrated_database()
    with running_stack(directory, url, *PROGRAMS, extra=extra) as running:
        yield running


def spans_of(collector: Collector, job_id: str) -> list[Span]:
    trace_id = UUID(job_id).hex
    return [span for span in collector.received.spans if span.trace_id == trace_id]


def test_a_turn_is_one_trace_of_the_api_and_both_workers_without_a_word(
    traced_stack: Stack, collector: Collector, tmp_path: Path
) -> None:
    recording = write_speech(tmp_path / "speech.wav", SAID)
    job = traced_stack.finished(traced_stack.voice_chat(LEARNER, recording).json()["id"])
    steps = traced_stack.sql(
        "SELECT kind, count(*) FROM steps WHERE outcome = 'succeeded' GROUP BY kind ORDER BY kind"
    )

    for program in PROGRAMS:
        traced_stack.end(program)
    spans = spans_of(collector, job["id"])

    assert sorted(span.name for span in spans) == sorted(
        ["accept", *(kind for kind, count in steps for _ in range(count))]
    )
    assert {kind for kind, _ in steps} >= {"transcribe", "reply", "speak"}
    [root] = [span for span in spans if not span.parent_id]
    assert (root.name, root.service, root.attributes) == (
        "accept",
        "english-practice-api",
        {"kind": "voice"},
    )
    children = [span for span in spans if span is not root]
    assert {span.parent_id for span in children} == {root.span_id}
    assert {span.service for span in children} == {"english-practice-worker"}
    assert {span.attributes["worker"].split("@")[0] for span in children} >= {"gpu", "llm"}
    assert {span.attributes["outcome"] for span in children} == {"succeeded"}
    [reply] = [span for span in children if span.name == "reply"]
    assert reply.attributes["engine"] == job["engines"]["llm"]
    assert all(span.nanoseconds > 0 and not span.failed for span in spans)

    received = collector.received
    assert received.paths == {"/v1/traces"}
    assert {span.trace_id for span in received.spans} == {UUID(job["id"]).hex}
    sent = b"".join(received.bodies).lower()
    texts = [SAID, job["result"]["transcript"], job["result"]["reply_text"]]
    words = [text.lower().split() for text in texts]
    pairs = [" ".join(pair) for each in words for pair in pairwise(each)]
    assert len(pairs) > 9
    assert [part for part in [*pairs, *words[0][-1:], LEARNER] if part.encode() in sent] == []
