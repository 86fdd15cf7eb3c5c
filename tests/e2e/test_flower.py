"""Flower as an operator sees it: in a browser, behind its login, while the workers are busy."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from html import unescape
from pathlib import Path

import httpx
import pytest

from local.ports import free_port
from local.processes import kill_group
from local.programs import programs
from local.servers import EmbeddedRedis
from local.settings import LauncherSettings
from shared.models import QueueName
from shared.queue import TaskName
from tests.support.browser import chromium
from tests.support.gated_engines import Gate
from tests.support.stack import WORKERS, Stack, eventually, running_stack

LOGIN = ("asha", "a,long.password")
SCRIPT_MILLISECONDS = 5_000
ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)
CELL = re.compile(r"<td\b.*?</td>", re.DOTALL)
TAG = re.compile(r"<[^>]*>")


@pytest.fixture(scope="module")
def watched_stack(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str], gate: Gate
) -> Iterator[Stack]:
    # Steps are held at their gates while a browser starts, several times.
    held = {"LLM_TIMEOUT_SECONDS": "1200", "TTS_TIMEOUT_SECONDS": "1200"}
    extra = gate.settings() | held | {"FLOWER_BASIC_AUTH": ":".join(LOGIN)}
    directory = tmp_path_factory.mktemp("watched")
    with running_stack(
        directory, create_migrated_database(), "api", *WORKERS, "flower", extra=extra
    ) as stack:
        eventually(lambda: answers(stack), what="Flower answering")
        yield stack


class Browser:
    """A headless browser that is logged in to Flower."""

    def __init__(self, executable: str, profile: Path, address: str) -> None:
        self._command = [
            executable,
            "--headless",
            "--no-sandbox",  # we may be root, and visit only our own page
            "--disable-gpu",
            "--disable-dev-shm-usage",
            f"--user-data-dir={profile}",
            f"--virtual-time-budget={SCRIPT_MILLISECONDS}",
            "--dump-dom",
        ]
        self._address = address

    def rows(self, path: str) -> list[list[str]]:
        """Return the texts of each table row's cells on the page, after its scripts have run."""
        done = subprocess.run(
            [*self._command, f"{self._address}{path}"],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return [
            [unescape(TAG.sub("", cell)).strip() for cell in CELL.findall(row)]
            for row in ROW.findall(done.stdout)
        ]

    def shows_worker(self, name: str, *, tasks: int) -> bool:
        """Tell whether Flower shows this worker online with so many tasks at work."""
        rows = self.rows("/")
        return any(
            row[0].startswith(f"{name}@") and row[1:3] == ["Online", str(tasks)] for row in rows if row
        )

    def shows(self, path: str, *words: str) -> bool:
        """Tell whether one row of the page has all these words, a cell each."""
        return any(set(words) <= set(row) for row in self.rows(path))


@pytest.fixture
def browser(watched_stack: Stack, tmp_path: Path) -> Browser:
    return Browser(chromium(), tmp_path, f"http://{':'.join(LOGIN)}@{address(watched_stack)}")


def address(stack: Stack) -> str:
    return f"127.0.0.1:{stack.settings.flower_port}"


def status(stack: Stack, path: str, login: tuple[str, str] | None) -> int:
    return httpx.get(f"http://{address(stack)}{path}", auth=login).status_code


def text_of(url: str) -> str | None:
    try:
        return httpx.get(url, auth=LOGIN).text
    except httpx.TransportError:
        return None


def answers(stack: Stack) -> bool:
    try:
        return status(stack, "/healthcheck", None) == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("path", ["/", "/tasks", "/broker", "/api/workers"])
def test_flower_lets_in_who_knows_its_login_and_nobody_else(watched_stack: Stack, path: str) -> None:
    assert status(watched_stack, path, LOGIN) == 200
    assert status(watched_stack, path, None) == 401
    assert status(watched_stack, path, (LOGIN[0], "another")) == 401


def test_the_login_is_on_no_command_line_and_in_no_other_program(watched_stack: Stack) -> None:
    assert LOGIN[1] not in " ".join(watched_stack.process("flower").cmdline())
    assert "FLOWER_BASIC_AUTH" in watched_stack.process("flower").environ()
    for other in ("api", *WORKERS):
        assert "FLOWER_BASIC_AUTH" not in watched_stack.process(other).environ()


def test_a_browser_shows_both_workers_busy_and_then_the_finished_tasks(
    watched_stack: Stack, gate: Gate, browser: Browser
) -> None:
    gate.shut()
    job = watched_stack.text_chat("asha", "I am go to market")
    for kind, busy, idle in (("llm", "llm", "gpu"), ("tts", "gpu", "llm")):
        eventually(partial(gate.busy, kind), what=f"{kind} at its gate")
        eventually(partial(browser.shows_worker, busy, tasks=1), what=f"{busy} shown busy")
        eventually(partial(browser.shows_worker, idle, tasks=0), what=f"{idle} shown online")
        gate.open(kind)

    watched_stack.finished(job["id"])
    # A task takes whatever its queue has first; its result says what that was.
    for task, kind in ((TaskName.LLM_STEP, "reply"), (TaskName.GPU_STEP, "speak")):
        result = f"'{kind} of {job['id']}'"
        shown = partial(browser.shows, f"/tasks?name={task}", task, "SUCCESS", result)
        eventually(shown, what=f"{task} shown")


def test_a_browser_shows_every_queue_once_flower_has_asked_the_workers(browser: Browser) -> None:
    def all_shown() -> bool:
        browser.rows("/workers?refresh=1")
        return {row[0] for row in browser.rows("/broker") if row} >= set(QueueName)

    eventually(all_shown, what="the queues")


def test_flower_names_the_queues_before_any_worker_is_up(redis_server: EmbeddedRedis) -> None:
    port = free_port()
    settings = LauncherSettings(_env_file=None, flower_port=port)
    environment = os.environ | {"REDIS_URL": redis_server.url, "FLOWER_BASIC_AUTH": ":".join(LOGIN)}
    [flower] = [each for each in programs(settings, environment) if each.name == "flower"]
    process = flower.start()
    try:
        page = eventually(lambda: text_of(f"http://127.0.0.1:{port}/broker"), what="Flower's answer")
    finally:
        kill_group(process)
    for queue in QueueName:
        assert f"<td>{queue}</td>" in page


@pytest.mark.parametrize("login", ["", "user:password"])
def test_in_prod_flower_does_not_start_without_a_login_of_its_own(login: str) -> None:
    environment = {"APP_ENV": "prod", "FLOWER_BASIC_AUTH": login}
    [flower] = [each for each in programs(LauncherSettings(), environment) if each.name == "flower"]

    done = subprocess.run(
        flower.command, env=flower.environment, capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 1
    assert (
        done.stderr.strip()
        .splitlines()[-1]
        .endswith("FLOWER_BASIC_AUTH, not the development one, is required when APP_ENV=prod")
    )
