"""A user's jobs, page by page."""

from base64 import urlsafe_b64encode
from uuid import uuid4

import pytest

from shared import conversations, jobs, learners
from shared.failures import TIMED_OUT
from shared.learners import LearnerRef
from shared.models import BUILT_IN_APP_ID, Stage
from shared.storage import MP3
from tests.e2e.conftest import Counter
from tests.support.contract import JOB_FIELDS, assert_problem, walk, without_signed_links
from tests.support.factories import TEXT_TURN

BAD_CURSORS = ["", "x", "%00", "é", "WzEsMl0", "a" * 201, "bnVsbA", "[]"]


def encoded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode()


def walked(counter: Counter, user_id: str, **query: str | int) -> list[list[str]]:
    return [[job["id"] for job in page] for page in walk(counter.client, "/jobs", user_id=user_id, **query)]


def several(counter: Counter, user_id: str, count: int) -> list[str]:
    """Accept jobs of conversations of their own, and return their ids, newest first."""
    ids = [counter.bench.text(user_id=user_id, conversation=None) for _ in range(count)]
    return [str(job_id) for job_id in reversed(ids)]


def test_all_jobs_of_the_user_come_newest_first_and_nobody_elses(counter: Counter) -> None:
    ids = several(counter, "lister", 45)
    several(counter, "somebody-else", 3)

    assert walked(counter, "lister") == [ids[:20], ids[20:40], ids[40:]]
    assert walked(counter, "lister", limit=100) == [ids]
    assert walked(counter, "lister", limit=45) == [ids]
    assert walked(counter, "lister", limit=1) == [[job_id] for job_id in ids]


def test_a_user_without_jobs_has_an_empty_list(counter: Counter) -> None:
    response = counter.client.get("/jobs", params={"user_id": "newcomer"})
    assert (response.status_code, response.json()) == (200, {"items": [], "next_cursor": None})


def test_a_job_in_a_list_is_shown_as_it_is_by_itself(counter: Counter) -> None:
    done = counter.bench.at_stage(Stage.SYNTHESIZE)
    counter.bench.speak(done, counter.sound(b"reply", MP3))

    (job,) = counter.client.get("/jobs", params={"user_id": "asha"}).json()["items"]

    assert job.keys() == JOB_FIELDS
    alone = counter.client.get(f"/jobs/{job['id']}").json()
    for shown in (job, alone):
        assert "/audio/" in shown["result"]["audio_url"]
        assert shown["result"]["audio_url_expires_at"]
    assert without_signed_links(job) == without_signed_links(alone)
    assert {job["timings"][f"{stage}_ms"] is None for stage in Stage} == {False}


def test_jobs_that_come_while_the_pages_are_walked_change_nothing(counter: Counter) -> None:
    ids = several(counter, "busy", 12)
    seen: list[str] = []
    for page in walk(counter.client, "/jobs", user_id="busy", limit=5):
        seen += [job["id"] for job in page]
        several(counter, "busy", 7)

    assert seen == ids
    assert len(walked(counter, "busy", limit=100)[0]) == 12 + 3 * 7


def test_jobs_that_go_while_the_pages_are_walked_let_no_other_be_left_out(counter: Counter) -> None:
    ids = several(counter, "leaving", 10)
    pages = walk(counter.client, "/jobs", user_id="leaving", limit=4)
    seen = [job["id"] for job in next(pages)]
    counter.bench.sql("DELETE FROM jobs WHERE id = ANY(CAST(:ids AS uuid[]))", ids=[ids[0], ids[3], ids[5]])

    seen += [job["id"] for page in pages for job in page]

    assert seen == [job_id for job_id in ids if job_id != ids[5]]


def test_jobs_of_one_moment_are_neither_skipped_nor_doubled(counter: Counter) -> None:
    with counter.bench.sessions.begin() as session:
        ids = set()
        for number in range(9):
            learner = learners.lock(session, LearnerRef(BUILT_IN_APP_ID, "twins"))
            turn = conversations.take_turn(session, learner.id, f"c{number}")
            ids.add(str(jobs.accept(session, TEXT_TURN, learner, turn, None).job.id))

    pages = walked(counter, "twins", limit=2)

    assert [len(page) for page in pages] == [2, 2, 2, 2, 1]
    assert {job_id for page in pages for job_id in page} == ids


def test_an_expired_job_is_not_listed_even_before_it_is_removed(counter: Counter) -> None:
    fresh, expired = (counter.bench.text(user_id="old", conversation=name, speak=[]) for name in "ab")
    for job_id in (fresh, expired):
        counter.bench.finish(job_id)
    counter.bench.sql("UPDATE jobs SET finished_at = now() - interval '31 days' WHERE id = :job", job=expired)

    assert walked(counter, "old", limit=1) == [[str(fresh)]]
    assert_problem(counter.client.get(f"/jobs/{expired}"), 404, "not_found")


def test_a_status_filters(counter: Counter) -> None:
    bench = counter.bench
    queued = bench.text(user_id="sorted", conversation="a")
    running = bench.claimed(bench.text(user_id="sorted", conversation="b")).job_id
    failed = bench.text(user_id="sorted", conversation="c")
    bench.fail(bench.claimed(failed), TIMED_OUT[Stage.REPLY])
    succeeded = [bench.text(user_id="sorted", conversation="d", speak=[]) for _ in range(3)]
    for job_id in succeeded:
        bench.finish(job_id)
    cancelled = bench.text(user_id="sorted", conversation="e")
    counter.client.post(f"/jobs/{cancelled}/cancel")

    for status, expected in {
        "queued": [queued],
        "running": [running],
        "failed": [failed],
        "succeeded": succeeded,
        "cancelled": [cancelled],
    }.items():
        pages = walked(counter, "sorted", status=status, limit=1)
        assert pages == [[str(job_id)] for job_id in reversed(expected)], status


@pytest.mark.parametrize("cursor", BAD_CURSORS, ids=lambda cursor: repr(cursor[:12]))
def test_a_cursor_that_no_page_named_is_refused(counter: Counter, cursor: str) -> None:
    response = counter.client.get("/jobs", params={"user_id": "asha", "cursor": cursor})
    assert assert_problem(response, 422, "invalid_request").startswith("cursor: ")


@pytest.mark.parametrize(
    "moment", ["2026-01-01T00:00:00", "yesterday", "2026-13-01T00:00:00Z", "99999-01-01T00:00:00Z"]
)
def test_a_cursor_with_an_impossible_place_is_refused(counter: Counter, moment: str) -> None:
    cursor = encoded(f'["{moment}", "{uuid4()}"]')
    response = counter.client.get("/jobs", params={"user_id": "asha", "cursor": cursor})
    assert assert_problem(response, 422, "invalid_request").startswith("cursor: ")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_cursor_at_the_end_of_time_is_only_a_place(counter: Counter, moment: str) -> None:
    cursor = encoded(f'["{moment}", "{uuid4()}"]')
    response = counter.client.get("/jobs", params={"user_id": "nobody", "cursor": cursor})
    assert (response.status_code, response.json()["items"]) == (200, [])


def test_another_users_cursor_leads_to_ones_own_jobs_only(counter: Counter) -> None:
    several(counter, "first", 4)
    own = several(counter, "second", 1)
    several(counter, "first", 4)
    cursor = counter.client.get("/jobs", params={"user_id": "first", "limit": 3}).json()["next_cursor"]

    response = counter.client.get("/jobs", params={"user_id": "second", "cursor": cursor})

    assert [job["id"] for job in response.json()["items"]] == own


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("limit", value) for value in ("0", "-1", "101", "ten", "", "1.5", "9" * 30)),
        *(("status", value) for value in ("done", "", "QUEUED", "queued,running")),
        *(("user_id", value) for value in ("", "asha rao", "a" * 129, "asha\n", "आशा", "\0")),
        ("state", "failed"),
    ],
)
def test_a_bad_parameter_is_named(counter: Counter, field: str, value: str) -> None:
    response = counter.client.get("/jobs", params={"user_id": "asha", field: value})
    assert assert_problem(response, 422, "invalid_request").startswith(f"{field}: ")


def test_a_user_is_required(counter: Counter) -> None:
    response = counter.client.get("/jobs")
    assert assert_problem(response, 422, "invalid_request").startswith("user_id: ")
