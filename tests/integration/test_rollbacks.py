"""A worker's reads end by COMMIT: at a ROLLBACK psycopg forgets all prepared statements of the connection."""

from sqlalchemy import Connection, Engine, event

from tests.support.workbench import Build


def test_no_step_of_a_good_turn_rolls_back(build: Build) -> None:
    workbench = build()
    rolled_back: list[Connection] = []

    def note(connection: Connection) -> None:
        rolled_back.append(connection)

    ran: list[str | None] = []
    for job_id in (workbench.bench.text(), workbench.voice()):
        while workbench.bench.job(job_id).finished_at is None:
            queue = workbench.bench.steps(job_id)[-1].queue
            event.listen(Engine, "rollback", note)
            try:
                ran.append(workbench.take(queue))
            finally:
                event.remove(Engine, "rollback", note)

    assert len(ran) >= 5
    assert rolled_back == []
