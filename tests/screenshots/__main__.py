"""`python -m tests.screenshots`: runs the product and takes a picture of each state of the practice page.

The microphone plays a human recording, which lies beside the project (see the fixture `data` of the tests).
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from local.programs import child_environment, migration
from local.servers import EmbeddedPostgres
from local.settings import LauncherSettings
from tests.conftest import ROOT
from tests.support.practice import Visitor, start_browser
from tests.support.stack import running_stack

PICTURES = ROOT / "docs" / "practice"
RECORDING = ROOT.parent / "shared" / "data" / "audio" / "good" / "ms_weather_16k.wav"
PHONE = {"width": 360, "height": 640}
STILL: dict[str, Any] = {"reduced_motion": "reduce"}  # no picture of something that moves
DESK = {"width": 1000, "height": 640}


@contextmanager
def database(folder: Path) -> Iterator[str]:
    """Run PostgreSQL with the product's tables; yields its URL."""
    with EmbeddedPostgres(folder / "postgres") as postgres:
        environment = child_environment(LauncherSettings(_env_file=None), {"DATABASE_URL": postgres.url})
        subprocess.run(migration(environment).command, env=environment, cwd=ROOT, check=True)
        yield postgres.url


def take(page: Page, name: str) -> None:
    """Take a picture of what is on the screen."""
    page.wait_for_load_state("networkidle")
    page.screenshot(path=PICTURES / f"{name}.png", animations="disabled")


def views(started: Browser, address: str) -> None:
    """Take the pictures of a learner who writes, speaks and looks around."""
    visitor = Visitor(started, address, viewport=PHONE, color_scheme="light", **STILL)
    page = visitor.page
    page.locator("#name-form").wait_for()
    take(page, "welcome")
    visitor.sign_in()
    take(page, "talk")
    visitor.write("I am go to market")
    visitor.turn().spoken()
    take(page, "correction")
    page.get_by_role("button", name="Say it again").click()
    page.get_by_text("2 of 60 seconds").wait_for()
    page.screenshot(path=PICTURES / "recording.png")
    page.get_by_role("button", name="Finish and send").click()
    expect(visitor.turn().whole.locator(".verdict")).to_be_visible()
    visitor.turn().spoken()
    take(page, "said-again")
    for name, content in (
        ("Learn", "#mistakes"),
        ("History", "#conversation-list li"),
        ("Settings", "#export"),
    ):
        page.get_by_role("button", name=name, exact=True).click()
        page.locator(content).wait_for()
        take(page, name.lower())
    page.locator("#language").select_option("hi")
    page.locator("#show-talk").click()
    page.locator(".correction").scroll_into_view_if_needed()
    take(page, "hindi")
    page.locator("#language").select_option("en")
    visitor.context.set_offline(True)
    visitor.write("I like mangoes")
    expect(visitor.turn().status).to_contain_text("No connection")
    take(page, "no-connection")
    visitor.context.close()


def wide(started: Browser, address: str) -> None:
    """Take the picture of a wide screen."""
    visitor = Visitor(started, address, viewport=DESK, color_scheme="light", **STILL)
    visitor.sign_in()
    visitor.write("I am go to market")
    visitor.turn().spoken()
    take(visitor.page, "wide")
    visitor.context.close()


def denied(started: Browser, address: str) -> None:
    """Take the picture of a microphone that is not allowed, in the dark."""
    visitor = Visitor(started, address, viewport=PHONE, color_scheme="dark", permissions=[], **STILL)
    visitor.sign_in()
    visitor.page.get_by_role("button", name="Speak").click()
    expect(visitor.page.locator("#trouble")).to_be_visible()
    take(visitor.page, "denied-microphone-dark")
    visitor.context.close()


def expired(started: Browser, address: str) -> None:
    """Take the picture of a token that is not taken."""
    visitor = Visitor(
        started, address, viewport=PHONE, color_scheme="light", fragment="#token=e30.e30.e30", **STILL
    )
    visitor.write("I like mangoes")
    expect(visitor.page.locator("#banner")).to_be_visible()
    take(visitor.page, "expired-link")
    visitor.context.close()


def main() -> None:
    """Take every picture."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as name, database(Path(name)) as url, sync_playwright() as playwright:
        folder = Path(name)
        with_a_voice = start_browser(playwright, RECORDING)
        with running_stack(folder / "open", url) as product:
            views(with_a_voice, product.settings.local_url)
            wide(with_a_voice, product.settings.local_url)
            denied(start_browser(playwright, RECORDING, allowed=False), product.settings.local_url)
        with running_stack(folder / "keys", url, "api", extra={"ACCESS": "keys"}) as product:
            expired(with_a_voice, product.settings.local_url)


if __name__ == "__main__":
    main()
