"""Behind a proxy that shows the API under a path: whatever leads to the API leads through that path."""

import re
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.support.contract import TEXT
from tests.support.stack import Stack, running_stack

BASE = "https://practice.example/english"
PATH = "/english"


@pytest.fixture(scope="module")
def behind(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str]
) -> Iterator[Stack]:
    directory, database = tmp_path_factory.mktemp("behind"), create_migrated_database()
    with running_stack(directory, database, "api", extra={"PUBLIC_BASE_URL": f"{BASE}/"}) as running:
        yield running


def through_the_proxy(stack: Stack, url: str) -> httpx.Response:
    """Get what a browser would for a link on a page of ours, as the proxy asks for it."""
    public = httpx.URL(f"{BASE}/docs").join(url)
    assert str(public).startswith(f"{BASE}/"), url
    return stack.client.get(public.raw_path.decode().removeprefix(PATH))


def test_a_jobs_links_and_location_lead_through_the_path(behind: Stack) -> None:
    response = behind.client.post(TEXT, json={"user_id": "asha", "message": "Hello"})
    job = response.json()

    assert response.headers["location"] == job["links"]["self"] == f"{PATH}/jobs/{job['id']}"
    assert all(link.startswith(f"{PATH}/jobs/{job['id']}") for link in job["links"].values())
    assert through_the_proxy(behind, response.headers["location"]).json()["id"] == job["id"]


def test_the_documentation_works_behind_the_proxy_and_asks_nobody_else(behind: Stack) -> None:
    page = behind.client.get("/docs")
    needed = re.findall(r"(?:src|href)=\"([^\"]+)\"|url: '([^']+)'", page.text)
    urls = [first or second for first, second in needed]

    assert page.headers["content-type"].startswith("text/html")
    assert len(urls) == 4  # style, icon, script, document
    answers = {url: through_the_proxy(behind, url) for url in urls}
    assert {answer.status_code for answer in answers.values()} == {200}
    assert not re.findall(r"https?://", page.text)
    assert '"validatorUrl": null' in page.text
    [document] = [answer for url, answer in answers.items() if url.endswith(".json")]
    assert document.json()["servers"] == [{"url": PATH}]


def test_only_swagger_uis_own_files_are_served(behind: Stack) -> None:
    for name in ("nothing.js", "..%2f__init__.py", "%2e%2e/core.py", ""):
        assert behind.client.get(f"/docs/assets/{name}").status_code == 404
    assert behind.client.get("/redoc").status_code == 404
