"""A headless browser that visits a page of the test's own and reports what its script found."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from local.ports import free_port
from local.processes import kill_group

_REPORT_SECONDS = 120


def chromium() -> str:
    """Return the browser's command; the test that needs it is skipped where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium on this machine")
    return found


def reported(site: Path, profile: Path) -> bytes:
    """Return what `index.html` of the folder `site` posts to `/report` when a browser has run its script.

    Raises `queue.Empty` where nothing comes.
    """
    reports: Queue[bytes] = Queue()

    async def report(request: Request) -> Response:
        reports.put(await request.body())
        return Response()

    routes = [Route("/report", report, methods=["POST"]), Mount("/", StaticFiles(directory=site, html=True))]
    with _serving(Starlette(routes=routes)) as address, _visiting(address, profile):
        return reports.get(timeout=_REPORT_SECONDS)


@contextmanager
def _serving(app: Starlette) -> Iterator[str]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = Thread(target=server.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join()


@contextmanager
def _visiting(address: str, profile: Path) -> Iterator[None]:
    command = [
        chromium(),
        "--headless",
        "--no-sandbox",  # we may be root, and visit only our own page
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--remote-debugging-port=0",  # with it, the browser stays until it is ended
        f"--user-data-dir={profile}",
        address,
    ]
    with (profile / "browser.log").open("wb") as log:
        browser = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            yield
        finally:
            kill_group(browser)
