"""Browsers on the practice page, a gate for engines, and an API whose jobs only the tests move."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright
from sqlalchemy import create_engine

from shared.models import SpokenPart
from shared.settings import SharedSettings
from shared.storage import FLAC, MP3, LocalAudioStore
from tests.support.factories import RECORDING_SECONDS, Bench
from tests.support.gated_engines import Gate
from tests.support.practice import Visit, Visitor, start_browser
from tests.support.stack import Stack, running_stack


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    return Gate(tmp_path_factory.mktemp("gate"))


@pytest.fixture
def shut_gate(gate: Gate) -> Iterator[None]:
    """Hold every engine, until the test lets it go or ends."""
    gate.shut()
    yield
    gate.open()


@pytest.fixture(scope="module")
def gated_stack(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str], gate: Gate
) -> Iterator[Stack]:
    directory = tmp_path_factory.mktemp("gated")
    with running_stack(directory, create_migrated_database(), extra=gate.settings()) as running:
        yield running


@dataclass(frozen=True, slots=True)
class Counter:
    """An API without workers, and the bench on which a test makes and moves its jobs."""

    stack: Stack
    bench: Bench
    store: LocalAudioStore

    @property
    def client(self) -> httpx.Client:
        return self.stack.client

    def sound(self, content: bytes, content_type: str, *, host: str = "here") -> UUID:
        """Store a sound, row and file, as if the host had written it, and return its id."""
        audio_id = self.bench.audio(RECORDING_SECONDS, content_type, host=host)
        self.store.write(self.bench.audio_row(audio_id).name, content)
        return audio_id

    def spoken_turn(self, user_id: str, conversation: str, sounds: Sequence[UUID] = ()) -> UUID:
        """Let a voice turn be answered with these sounds, or new ones: recording, reply, explanation."""
        upload_id, reply_id, explanation_id = sounds or (
            self.sound(content, kind)
            for content, kind in ((b"recording", FLAC), (b"reply", MP3), (b"explanation", MP3))
        )
        job_id = self.bench.voice(
            user_id=user_id, conversation=conversation, upload_id=upload_id, speak=list(SpokenPart)
        )
        self.bench.transcribe(self.bench.claimed(job_id))
        self.bench.reply(self.bench.claimed(job_id))
        for _ in SpokenPart:
            piece = self.bench.claimed(job_id)
            self.bench.speak(piece, reply_id if piece.part is SpokenPart.REPLY else explanation_id)
        return job_id

    def sounds(self, job_id: UUID) -> list[UUID]:
        """Return the ids of a job's sounds: recording, reply, explanation."""
        job = self.bench.job(job_id)
        named = (job.upload_id, job.reply_audio_id, job.explanation_audio_id)
        return [audio_id for audio_id in named if audio_id is not None]

    def file(self, audio_id: UUID) -> Path:
        """Return where the sound's file lies, or lay."""
        return self.store.path(self.bench.audio_row(audio_id).name)


@pytest.fixture(scope="module")
def counter(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str]
) -> Iterator[Counter]:
    directory, url = tmp_path_factory.mktemp("counter"), create_migrated_database()
    engine = create_engine(SharedSettings(database_url=url).database_url, pool_size=24)
    with running_stack(directory, url, "api") as running:
        yield Counter(running, Bench(engine), LocalAudioStore(directory / "data" / "audio"))
    engine.dispose()


@pytest.fixture(scope="module")
def product(stack: Stack) -> Stack:
    """The product whose practice page is visited."""
    return stack


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Playwright; while it runs, nothing else may run an event loop in this thread."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browsers(playwright: Playwright) -> Iterator[Callable[..., Browser]]:
    """Start a browser in the way that is asked for, and each way once."""
    started: dict[tuple[object, ...], Browser] = {}

    def browser(microphone: Path | None, *, allowed: bool, flags: tuple[str, ...]) -> Browser:
        how = (microphone, allowed, flags)
        if how not in started:
            started[how] = start_browser(playwright, microphone, allowed=allowed, flags=flags)
        return started[how]

    yield browser
    for each in started.values():
        each.close()


@pytest.fixture
def visit(product: Stack, browsers: Callable[..., Browser]) -> Iterator[Visit]:
    """Open the page; at the end nothing may have gone wrong in its scripts or against its policy."""
    visitors: list[Visitor] = []

    def opened(
        microphone: Path | None = None,
        *,
        allowed: bool = True,
        flags: tuple[str, ...] = (),
        address: str = product.settings.local_url,
        **options: Any,
    ) -> Visitor:
        started = browsers(microphone, allowed=allowed, flags=flags)
        visitors.append(Visitor(started, address, **options))
        return visitors[-1]

    yield opened
    complaints = [complaint for visitor in visitors for complaint in visitor.complaints]
    violations = [each for visitor in visitors for each in visitor.heard()["violations"]]
    for visitor in visitors:
        visitor.context.close()
    assert (complaints, violations) == ([], [])
