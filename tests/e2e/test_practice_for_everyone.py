"""The practice page for everyone: by keyboard, to a screen reader, on a small screen and a slow network."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import ROOT
from tests.support.practice import Visit, Visitor
from tests.support.stack import Stack

AXE = ROOT / "tests" / "clients" / "axe"
WRONG = "I am go to market"
_NO_REGISTRY = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ERR_SOCKET_TIMEOUT")
SMALLEST = {"width": 320, "height": 568}
VIEWS = ("Learn", "History", "Settings")


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core, as npm has it."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed (apt-get install npm)")
    folder = tmp_path_factory.mktemp("axe")
    shutil.copytree(AXE, folder, dirs_exist_ok=True)
    installed = subprocess.run(
        ("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    if any(word in installed.stderr for word in _NO_REGISTRY):
        pytest.skip("npm's registry cannot be reached")
    assert installed.returncode == 0, installed.stderr
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text()


def violations(page: Page, axe: str) -> list[Any]:
    """Return what axe finds against the page as it is, each with the elements that it is about."""
    page.evaluate(axe)
    found: list[Any] = page.evaluate(
        "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map(n => n.html)]))"
    )
    return found


def corrected(visitor: Visitor) -> None:
    """Have a mistake corrected, and the whole voice there."""
    visitor.write(WRONG)
    expect(visitor.turn().card).to_be_visible()
    visitor.turn().spoken()


@pytest.mark.parametrize(("colours", "language"), [("light", "en"), ("dark", "hi")])
def test_axe_finds_nothing_in_any_view(visit: Visit, axe: str, colours: str, language: str) -> None:
    visitor = visit(color_scheme=colours, viewport=SMALLEST)
    page = visitor.page
    expect(page.locator("#name-form")).to_be_visible()
    assert violations(page, axe) == []
    visitor.sign_in()
    corrected(visitor)
    page.locator("#language").select_option(language)
    for view in ("talk", "learn", "conversations", "settings"):
        page.locator(f"#show-{view}").click()
        expect(page.locator(f"#{view}")).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert violations(page, axe) == [], view


def test_nothing_is_wider_than_the_smallest_screen_and_what_is_touched_is_large(visit: Visit) -> None:
    visitor = visit(viewport=SMALLEST)
    page = visitor.page
    visitor.sign_in()
    corrected(visitor)
    for view in ("Talk", *VIEWS):
        page.get_by_role("button", name=view, exact=True).click()
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= SMALLEST["width"], view
        small = page.evaluate(
            "[...document.querySelectorAll('button, select, summary, .choice')]"
            ".map(each => [each.textContent, each.getBoundingClientRect().height])"
            ".filter(([_, height]) => height > 0 && height < 44)"
        )
        assert small == [], view


def test_the_space_key_speaks_and_the_same_turn_is_read_out_once(visit: Visit, data: Path) -> None:
    visitor = visit(data / "audio" / "good" / "ms_weather_16k.wav")
    page = visitor.page
    visitor.sign_in()
    page.evaluate(
        "window.announced = [];"
        "const region = document.querySelector('#announcer');"
        "new MutationObserver(() => window.announced.push(region.textContent))"
        ".observe(region, { childList: true })"
    )
    page.keyboard.press("Space")
    page.get_by_text("2 of 60 seconds").wait_for()
    page.keyboard.press("Space")
    turn = visitor.turn()
    turn.spoken()

    announced = [said for said in page.evaluate("window.announced") if said]
    reply = turn.reply.inner_text()
    assert announced == ["Recording. Speak now.", f"Tutor: {reply}"]


def test_before_the_first_turn_little_is_loaded(product: Stack, browsers: Callable[..., Browser]) -> None:
    context = browsers(None, allowed=True, flags=()).new_context()
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    loaded: list[float] = []
    session.on("Network.loadingFinished", lambda event: loaded.append(event["encodedDataLength"]))
    page.goto(f"{product.settings.local_url}/practice")
    page.locator("#name-form").wait_for()
    page.wait_for_load_state("networkidle")
    context.close()

    assert len(loaded) > 20
    assert sum(loaded) < 100_000


def test_labels_change_with_the_language_and_stay_so(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    visitor.sign_in()
    corrected(visitor)
    page.locator("#language").select_option("hi")

    expect(page.locator("html")).to_have_attribute("lang", "hi")
    expect(page.locator("#show-learn")).to_have_text("सीखें")
    expect(visitor.turn().card.locator("h3")).to_have_text("एक बात सुधारें")
    page.reload()
    expect(page.locator("#show-learn")).to_have_text("सीखें")


WORDS = {
    "the same": ("I am here", "I am here", False, "same same same"),
    "a word in place of another": ("I am go", "I am going", False, "same same removed added"),
    "one more": ("to market", "to the market", False, "same added same"),
    "heard alike": ("i am, going!", "I am going.", True, "same same same"),
    "punctuation alone": ("yes - no", "yes no", True, "same same"),
    "nothing said": ("", "Yes", True, "added"),
}


def test_sentences_are_compared_word_by_word(visit: Visit) -> None:
    calls = {
        case: f"difference({json.dumps(said)}, {json.dumps(wanted)}, {{ aloud: {json.dumps(aloud)} }})"
        for case, (said, wanted, aloud, _) in WORDS.items()
    }
    body = ", ".join(f"{json.dumps(case)}: {call}" for case, call in calls.items())
    found = visit().page.evaluate(f"import('/practice/words.js').then(({{ difference }}) => ({{ {body} }}))")

    changes = {case: " ".join(step["change"] for step in steps) for case, steps in found.items()}
    assert changes == {case: expected for case, (*_, expected) in WORDS.items()}


def test_unsure_words_are_found_by_their_time(visit: Visit) -> None:
    words = [{"word": word, "start": start} for start, word in enumerate(("the", "cat", "the", "cat."))]
    call = f"withUnsure('the cat, the cat.', {json.dumps(words)}, [{json.dumps(words[2])}])"
    parts = visit().page.evaluate(f"import('/practice/words.js').then(({{ withUnsure }}) => {call})")

    assert [(part["text"], part["unsure"]) for part in parts] == [
        ("the cat, ", False),
        ("the", True),
        (" cat.", False),
    ]
