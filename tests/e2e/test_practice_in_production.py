"""The practice page in production: learners' tokens, sounds in a bucket, an API that is restarted."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from shared.models import Scope
from tests.support.practice import Visit
from tests.support.s3_servers import S3Server
from tests.support.stack import Stack, eventually, running_stack


@pytest.fixture(scope="module")
def product(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str]
) -> Iterator[Stack]:
    """A product that knows its learners by their apps, and keeps sounds in a bucket."""
    directory = tmp_path_factory.mktemp("keys")
    with (
        S3Server(directory / "s3") as bucket,
        running_stack(
            directory, create_migrated_database(), extra={"ACCESS": "keys", **bucket.environment()}
        ) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def key(product: Stack) -> str:
    return product.make_key("school", Scope.CHAT)[1]


def token(product: Stack, key: str, user_id: str, **more: int) -> str:
    """Return a learner's token, as the app's server asks for it."""
    response = httpx.post(
        f"{product.settings.local_url}/api/v1/learner-tokens",
        json={"user_id": user_id, **more},
        headers={"Authorization": f"Bearer {key}"},
        timeout=60,
    )
    made: str = response.raise_for_status().json()["token"]
    return made


def test_a_token_lets_its_learner_in_to_hear_the_buckets_sounds_and_is_kept_nowhere(
    product: Stack, key: str, visit: Visit
) -> None:
    secret = token(product, key, "asha")
    visitor = visit(fragment=f"#token={secret}")
    visitor.write("I like mangoes")
    visitor.turn().spoken()
    visitor.turn().press("Again")
    expect(visitor.turn().button("Pause")).to_be_visible()

    heard = visitor.heard()
    assert heard["pieces"]
    assert heard["wholes"]
    assert secret not in visitor.page.url
    assert secret not in visitor.page.evaluate("JSON.stringify({ ...localStorage, ...sessionStorage })")
    assert secret not in product.logs()
    assert visitor.context.cookies() == []


def test_without_a_token_the_page_says_where_to_get_one(visit: Visit) -> None:
    visitor = visit()

    expect(visitor.page.locator("#banner")).to_contain_text("open this page from your learning app")
    expect(visitor.page.locator("#name-form")).to_be_hidden()


def test_an_expired_token_is_named_and_a_new_link_in_the_same_tab_goes_on(
    product: Stack, key: str, visit: Visit
) -> None:
    secret = token(product, key, "ravi")
    visitor = visit(fragment=f"#token={secret[:-4]}AAAA")
    page = visitor.page
    visitor.write("I like mangoes")
    expect(page.locator("#banner")).to_contain_text("Your link has expired")

    page.evaluate(f"location.hash = '#token={secret}'")
    expect(page.locator("#banner")).to_be_hidden()
    visitor.turn().press("Try again")
    visitor.turn().spoken()

    expect(visitor.turn().said).to_have_text("I like mangoes")


def test_a_learner_takes_their_data_along_and_deletes_it(
    product: Stack, key: str, visit: Visit, tmp_path: Path
) -> None:
    visitor = visit(fragment=f"#token={token(product, key, 'meera')}")
    page = visitor.page
    visitor.write("I like mangoes")
    visitor.turn().spoken()
    page.get_by_role("button", name="Settings").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download all my data").click()
    download.value.save_as(tmp_path / "export.zip")

    page.get_by_role("button", name="Delete all my data").click()
    page.locator(".confirmation").get_by_role("button", name="Delete").click()
    expect(page.locator("#data-status")).to_have_text("All your data is deleted.")

    assert (tmp_path / "export.zip").read_bytes().startswith(b"PK")
    left = product.client.get(
        "/api/v1/conversations",
        params={"user_id": "meera"},
        headers={"Authorization": f"Bearer {key}"},
    )
    assert left.json()["items"] == []


def test_a_turn_is_followed_through_a_restart_of_the_api(product: Stack, key: str, visit: Visit) -> None:
    visitor = visit(fragment=f"#token={token(product, key, 'kabir')}")
    product.end("llm")
    visitor.write("I like mangoes")
    turn = visitor.turn()
    expect(turn.status).to_have_text(re.compile("number 1 in line"))

    product.kill("api")
    expect(turn.status).to_have_text(re.compile("connection was lost"))
    product.start("api", "llm")
    product.wait_until_ready()

    turn.spoken()
    expect(turn.status).to_be_hidden()
    eventually(lambda: visitor.heard()["pieces"], what="the voice, decoded")
