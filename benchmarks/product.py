"""The product as it is deployed, with its own settings and engines of a known speed, for benchmarks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import timed_engines
from local.servers import EmbeddedPostgres
from tests.conftest import migrate
from tests.support.recordings import write_tone
from tests.support.stack import Stack, running_stack

# What tests shorten is here as it is in the product.
_AS_DEPLOYED = {
    "LEASE_SECONDS": "30",
    "HEARTBEAT_SECONDS": "10",
    "SWEEP_SECONDS": "2",
    "REPUBLISH_AFTER_SECONDS": "30",
    "DECODE_TIMEOUT_SECONDS": "10",
}
_ENGINES = {
    f"{kind}_ENGINE": f"{timed_engines.__name__}:Timed{name}"
    for kind, name in (("STT", "Transcriber"), ("LLM", "Tutor"), ("TTS", "Synthesizer"))
}


@dataclass(frozen=True, slots=True)
class Speeds:
    """How long each engine takes, in seconds, give or take `spread` of it."""

    stt: float
    llm: float
    tts: float
    spread: float = 0.0

    def environment(self) -> dict[str, str]:
        """Return what tells the engines."""
        names = (timed_engines.STT, timed_engines.LLM, timed_engines.TTS, timed_engines.SPREAD)
        return {
            name: str(value)
            for name, value in zip(names, (self.stt, self.llm, self.tts, self.spread), strict=True)
        }


@contextmanager
def empty_database() -> Iterator[tuple[Path, str]]:
    """Run a PostgreSQL with our schema; give a folder for whatever else there is, and its URL."""
    with TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "postgres") as postgres:
        migrate(postgres.url, "head")
        yield Path(folder), postgres.url


@contextmanager
def running_product(
    directory: Path, database_url: str, speeds: Speeds, *programs: str, extra: dict[str, str] | None = None
) -> Iterator[Stack]:
    """Run the product, or the named programs of it."""
    environment = _ENGINES | _AS_DEPLOYED | speeds.environment() | (extra or {})
    with running_stack(directory / "product", database_url, *programs, extra=environment) as stack:
        yield stack


def warm_up(stack: Stack, directory: Path, jobs: int = 3) -> Path:
    """Let every engine load and every stage have a pace; return a recording of 2 s to go on with."""
    tone = write_tone(directory / "tone.wav", seconds=2.0)
    for number in range(jobs):
        stack.finished(stack.voice_chat(f"first-{number}", tone).json()["id"])
    return tone
