"""The sweep comes back when only the process that starts it has died."""

from collections.abc import Callable
from pathlib import Path

from tests.support.stack import eventually, running_stack


def test_a_worker_whose_beat_has_died_ends_so_that_another_can_start(
    tmp_path: Path, create_migrated_database: Callable[[], str]
) -> None:
    with running_stack(tmp_path, create_migrated_database(), "api", "maintenance") as stack:
        worker = stack.process("maintenance")
        [beat] = worker.children()
        beat.kill()
        eventually(lambda: worker.status() == "zombie", what="the worker's end")
        assert "beat has died" in stack.logs()
