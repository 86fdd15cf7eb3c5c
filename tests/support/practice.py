"""The practice page in a real Chromium, by Playwright: what it shows, plays and complains about."""

import math
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Playwright,
    expect,
)

from tests.support.browser import chromium
from tests.support.stack import eventually

LISTENING = (Path(__file__).parent / "listening.js").read_text()
WITHIN_MS = 90_000
SOUND = 0.005  # root mean square; digital silence is 0
# The browser's own note of an answer that is no success; the page has dealt with it.
_NOTED = "Failed to load resource"


def start_browser(
    playwright: Playwright, microphone: Path | None, *, allowed: bool = True, flags: tuple[str, ...] = ()
) -> Browser:
    """Start Chromium. Its microphone plays the WAV file `microphone`, once each time that it is opened.

    Without a file there is no microphone. Where it is not `allowed`, the browser refuses to open it.
    """
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", *flags]
    if microphone is not None:
        arguments += [
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-audio-capture={microphone}%noloop",
        ]
    if allowed:
        arguments.append("--use-fake-ui-for-media-stream")
    return playwright.chromium.launch(executable_path=chromium(), args=arguments)


# What is expected may take its time on a busy machine.
expect.set_options(timeout=WITHIN_MS)


class Visitor:
    """Somebody who has opened the page, and what their browser heard and complained about."""

    def __init__(self, started: Browser, address: str, *, fragment: str = "", **options: Any) -> None:
        self.context: BrowserContext = started.new_context(locale="en-IN", **options)
        self.context.add_init_script(LISTENING)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(WITHIN_MS)
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._note)
        self.page.goto(f"{address}/practice{fragment}")

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and _NOTED not in message.text:
            self.complaints.append(message.text)

    def sign_in(self, name: str = "Asha") -> None:
        """Give a name and begin."""
        self.page.get_by_label("Your name").fill(name)
        self.page.get_by_role("button", name="Start").click()

    def write(self, message: str) -> None:
        """Send a written message; return once its turn is shown."""
        self.page.get_by_label("Write in English").fill(message)
        self.page.get_by_role("button", name="Send", exact=True).click()
        expect(self.turn().said).to_have_text(message)

    def speak(self, button: str = "Speak", *, seconds: int = 2) -> None:
        """Record for so many seconds by the page's own clock; tap to begin and to end."""
        self.page.get_by_role("button", name=button).last.click()
        self.page.get_by_text(f"{seconds} of 60 seconds").wait_for()
        self.page.get_by_role("button", name="Finish and send").click()

    def hold(self, *, seconds: int = 2) -> None:
        """Record for so many seconds, holding the button down."""
        self.page.get_by_role("button", name="Speak").hover()
        self.page.mouse.down()
        self.page.get_by_text(f"{seconds} of 60 seconds").wait_for()
        self.page.mouse.up()

    def turn(self) -> "Turn":
        """Return the latest turn."""
        return Turn(self.page)

    @property
    def user_id(self) -> str:
        """The id under which the page asks."""
        found: str = self.page.evaluate("JSON.parse(localStorage.getItem('english-practice:user'))")
        return found

    def heard(self) -> dict[str, Any]:
        """Return what the page scheduled, and how loud its output was."""
        found: dict[str, Any] = self.page.evaluate("window.heard")
        return found

    def wait_for_sound(self) -> None:
        """Wait until the output is louder than digital silence."""
        # Not by Playwright's own waiting, which evaluates text: the page's policy forbids it.
        eventually(lambda: self.heard()["loudest"] > SOUND, what="a sound")


class Turn:
    """What the page shows of a turn."""

    def __init__(self, page: Page) -> None:
        self.whole = page.locator("#turns > .turn").last
        self.said = self.whole.locator(".learner p")
        self.reply = self.whole.locator(".reply")
        self.status = self.whole.locator(".status").first
        self.card = self.whole.locator(".correction")

    def button(self, name: str) -> Locator:
        """Return one of the turn's buttons."""
        return self.whole.get_by_role("button", name=name, exact=True)

    def press(self, name: str) -> None:
        """Press one of the turn's buttons."""
        self.button(name).click()

    def spoken(self) -> None:
        """Wait until the whole voice can be heard again: the turn has ended."""
        self.button("Again").wait_for()


Visit = Callable[..., Visitor]
"""Opens the page in a browser; closed at the test's end, when nothing may have gone wrong."""


def write_silence(path: Path, seconds: float = 3.0, rate: int = 16_000) -> Path:
    """Write a mono WAV in which nothing is to be heard and return its path."""
    return _write(path, np.zeros(math.ceil(seconds * rate), np.int16), rate)


def _write(path: Path, samples: "np.ndarray[Any, np.dtype[np.int16]]", rate: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return path
