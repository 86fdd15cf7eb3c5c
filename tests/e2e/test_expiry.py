"""Finished jobs and their audio are removed when they have expired; what was said is not."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.contract import assert_problem, post_audio, silence, succeeded
from tests.support.stack import Stack, eventually, running_stack

DAYS = 2


@pytest.fixture(scope="module")
def forgetful(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str]
) -> Iterator[Stack]:
    extra = {"JOB_RETENTION_DAYS": str(DAYS), "RETENTION_SECONDS": "1"}
    with running_stack(
        tmp_path_factory.mktemp("forgetful"), create_migrated_database(), extra=extra
    ) as running:
        yield running


def age(stack: Stack, job_id: str, **ago: float) -> None:
    """Let the job have ended so long ago."""
    stack.sql(
        "UPDATE jobs SET finished_at = now() - make_interval(secs => :ago) WHERE id = :id",
        ago=timedelta(**ago).total_seconds(),
        id=job_id,
    )


def spoken(stack: Stack) -> dict[str, Any]:
    return succeeded(stack, stack.text_chat("asha", "I am go to market", conversation_id="kept")["id"])


def files(stack: Stack) -> int:
    return sum(path.is_file() for path in (stack.directory / "data" / "audio").rglob("*"))


def test_an_ended_job_says_when_it_expires_and_an_unfinished_one_does_not(forgetful: Stack) -> None:
    job = spoken(forgetful)

    expiry = datetime.fromisoformat(job["expires_at"]) - datetime.fromisoformat(job["finished_at"])
    assert expiry == timedelta(days=DAYS)
    fresh = forgetful.text_chat("asha", "I am go to market")
    assert fresh["expires_at"] is None
    succeeded(forgetful, fresh["id"])


def test_no_link_outlives_its_job(forgetful: Stack) -> None:
    job = spoken(forgetful)
    age(forgetful, job["id"], days=DAYS, seconds=-600)

    aged = forgetful.job(job["id"])

    link_expiry = datetime.fromisoformat(aged["result"]["audio_url_expires_at"])
    assert link_expiry == datetime.fromisoformat(aged["expires_at"]).replace(microsecond=0)
    assert f"expires={int(link_expiry.timestamp())}&" in aged["result"]["audio_url"]
    assert forgetful.client.get(aged["result"]["audio_url"]).status_code == 200


def test_an_expired_job_is_gone_with_its_audio_and_its_conversation_goes_on(forgetful: Stack) -> None:
    job = spoken(forgetful)
    url, before = job["result"]["audio_url"], files(forgetful)
    sounds = {url.split("?")[0], *(piece["audio_url"].split("?")[0] for piece in job["result"]["speech"])}
    age(forgetful, job["id"], days=DAYS, seconds=1)
    assert_problem(forgetful.client.get(f"/jobs/{job['id']}"), 404, "not_found")
    assert_problem(forgetful.client.get(f"/jobs/{job['id']}/wait"), 404, "not_found")

    eventually(lambda: not forgetful.sql("SELECT 1 FROM jobs WHERE id = :id", id=job["id"]), what="it gone")
    forgetful.sql("UPDATE audio_objects SET created_at = now() - interval '2 hours'")
    eventually(lambda: files(forgetful) == before - len(sounds), what="its speech gone")

    assert_problem(forgetful.client.get(url), 404, "not_found")
    said = forgetful.sql("SELECT text FROM messages WHERE role = 'learner' AND job_id IS NULL")
    assert ("I am go to market",) in [tuple(row) for row in said]
    assert spoken(forgetful)["conversation_id"] == "kept"


def test_an_upload_that_got_no_job_is_removed(forgetful: Stack) -> None:
    [waiting] = [post_audio(forgetful.client, silence(0.5), user_id="kept").json()]
    forgetful.finished(waiting["id"])
    forgetful.sql("UPDATE jobs SET upload_id = NULL WHERE id = :id", id=waiting["id"])  # as if never accepted
    forgetful.sql("UPDATE audio_objects SET created_at = now() - interval '2 hours'")

    eventually(
        lambda: not forgetful.sql("SELECT 1 FROM audio_objects WHERE content_type = 'audio/flac'"),
        what="the upload gone",
    )

    assert list((forgetful.directory / "data" / "audio").rglob("*.flac")) == []
