"""A scripted Gemini for the tests that only read its answers."""

from collections.abc import Iterator

import pytest

from tests.support.gemini_server import GeminiServer


@pytest.fixture(scope="module")
def running() -> Iterator[GeminiServer]:
    with GeminiServer() as server:
        yield server


@pytest.fixture
def server(running: GeminiServer) -> GeminiServer:
    running.forget()
    return running
