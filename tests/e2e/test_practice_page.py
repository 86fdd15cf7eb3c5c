"""What the API answers for the practice page."""

import gzip
import re
from collections.abc import Callable, Iterator

import pytest

from api.web.files import read_files
from tests.support.stack import Stack, running_stack

PRACTICE = "/practice"
PUBLIC = "https://practice.example/english"


@pytest.fixture(scope="module")
def behind(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str]
) -> Iterator[Stack]:
    """An API that a proxy shows under a path."""
    directory, database = tmp_path_factory.mktemp("behind"), create_migrated_database()
    with running_stack(directory, database, "api", extra={"PUBLIC_BASE_URL": PUBLIC}) as running:
        yield running


@pytest.fixture(scope="module")
def without(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str]
) -> Iterator[Stack]:
    """An API that offers no page."""
    directory, database = tmp_path_factory.mktemp("without"), create_migrated_database()
    with running_stack(directory, database, "api", extra={"PRACTICE_PAGE": "false"}) as running:
        yield running


@pytest.mark.parametrize("name", sorted(read_files()))
def test_every_file_is_served_under_the_policy_and_asked_for_again_each_time(stack: Stack, name: str) -> None:
    path = PRACTICE if name == "index.html" else f"{PRACTICE}/{name}"
    first = stack.client.get(path)
    again = stack.client.get(path, headers={"If-None-Match": first.headers["etag"]})
    plain = stack.client.get(path, headers={"Accept-Encoding": "identity"})

    assert (first.status_code, again.status_code, plain.status_code) == (200, 304, 200)
    assert first.content == plain.content == read_files()[name].content
    assert first.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert again.content == b""
    for answer in (first, again, plain):
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_head_is_answered_as_get_without_the_body(stack: Stack) -> None:
    answer = stack.client.head(PRACTICE)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.content == b""


@pytest.mark.parametrize(
    "name", ["", "nothing.js", "..%2f__init__.py", "%2e%2e/files.py", "..%5cfiles.py", "a%00.js", "practice"]
)
def test_nothing_but_its_files_is_served(stack: Stack, name: str) -> None:
    assert stack.client.get(f"{PRACTICE}/{name}").status_code == 404


def test_the_page_takes_no_parameters(stack: Stack) -> None:
    assert stack.client.get(PRACTICE, params={"q": "1"}).status_code == 422


def test_behind_a_proxy_all_that_the_page_names_leads_through_its_path(behind: Stack) -> None:
    page = behind.client.get(PRACTICE).text
    named = re.findall(r"(?:href|src)=\"(?!#)(.+?)\"", page)

    assert named
    assert all(re.fullmatch(r"practice/[a-z0-9]+\.[a-z]+", name) for name in named)
    assert behind.client.get(f"{PRACTICE}/config.json").json() == {"public_base_url": PUBLIC}


@pytest.mark.parametrize("path", ["", "/config.json", "/app.js"])
def test_where_it_is_off_there_is_no_page(without: Stack, path: str) -> None:
    answer = without.client.get(f"{PRACTICE}{path}")

    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_the_compressed_form_is_the_same_at_every_start() -> None:
    first, again = read_files(), read_files()

    assert first == again
    assert all(gzip.decompress(file.compressed) == file.content for file in first.values())
