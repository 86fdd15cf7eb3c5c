"""The faults. Each waits for its moment, breaks something from outside, and lets it come back."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil
import psycopg
from psycopg import sql

from shared.models import QueueName, StepKind
from shared.queue import PublishError, publish
from tests.chaos.clients import Client
from tests.chaos.engines import CALLS
from tests.chaos.plan import FaultKind
from tests.chaos.recoveries import Killed
from tests.chaos.world import MissedError, World

_TRIES = 20
# How long a table stays locked, or Redis stopped, for a worker to come to it: clients wait meanwhile.
_FROZEN_WITHIN_SECONDS = 2.0
_POLL_SECONDS = 0.02


def kill_gpu_child(world: World) -> None:
    """SIGKILL the child in the middle of a step, and see the step run again."""
    child, held = world.caught("gpu")
    world.hit(held)
    killed = Killed(held.worker, held.step, time.time())
    child.kill()
    world.killed.append(killed)
    world.until(lambda: _ran_again(world, killed), what=f"{held.kind} of turn {held.number} again")


def _ran_again(world: World, killed: Killed) -> bool:
    """Tell whether the step was claimed again, or is not to be run any more."""
    rows = world.ask(
        "SELECT 1 FROM steps WHERE id = %(step)s"
        " AND (finished_at IS NOT NULL OR started_at > to_timestamp(%(at)s))",
        step=killed.step,
        at=killed.at,
    )
    return bool(rows)


def kill_gpu_worker(world: World) -> None:
    """SIGKILL parent and child in the middle of a step."""
    _, held = world.caught("gpu")
    world.hit(held)
    world.stack.kill("gpu")
    world.stack.start("gpu")


def kill_gpu_worker_speaking(world: World) -> None:
    """SIGKILL parent and child while they speak a piece."""
    _, held = world.caught("gpu", StepKind.SPEAK)
    world.hit(held)
    world.stack.kill("gpu")
    world.stack.start("gpu")


def kill_gpu_parent(world: World) -> None:
    """SIGKILL the parent in the middle of a step; its child finds itself alone."""
    child, held = world.caught("gpu")
    world.hit(held)
    world.stack.kill_main("gpu")
    with suppress(psutil.NoSuchProcess):
        child.resume()
    world.stack.start("gpu")


def kill_llm_worker(world: World) -> None:
    """SIGKILL the worker while it holds steps."""
    world.at_work("llm")
    world.stack.kill("llm")
    world.stack.start("llm")


def kill_llm_worker_streaming(world: World) -> None:
    """SIGKILL the worker between two sentences that it hands over; see the reply begin anew."""
    job = _posted_bait(world)
    world.until(lambda: _last_of_reply(world, job) == "reply.sentence", what="a sentence of the bait")
    world.stack.kill("llm")
    world.stack.start("llm")
    if _last_of_reply(world, job) != "reply.sentence":
        raise MissedError("the worker in the middle of a reply")
    world.until(lambda: _has_begun_anew(world, job), what="the reply begun anew")


def _last_of_reply(world: World, job: str) -> str | None:
    """Return the type of the last event that tells of the job's reply."""
    rows = world.ask(
        "SELECT type FROM job_events WHERE job_id = %(job)s AND type LIKE 'reply.%%'"
        " ORDER BY seq DESC LIMIT 1",
        job=job,
    )
    return str(rows[0][0]) if rows else None


def _has_begun_anew(world: World, job: str) -> bool:
    return bool(
        world.ask("SELECT 1 FROM job_events WHERE job_id = %(job)s AND type = 'reply.restarted'", job=job)
    )


def _posted_bait(world: World) -> str:
    """Post a slow turn and follow it in a thread; return its job."""
    bait = world.next_bait()
    client = Client(world.stack.client.base_url, world.ledger, world.stopping)
    job = client.post(bait)
    world.following.append((client, client.follow(bait, job)))
    return job


def kill_gpu_child_recording_at(table: str) -> Callable[[World], None]:
    """Return a fault: the child is killed with its transaction half done, waiting for the table."""

    def fault(world: World) -> None:
        with _recording_at(world, table, "gpu", lambda: world.child("gpu")) as child:
            child.kill()

    return fault


def kill_llm_worker_recording_at(table: str) -> Callable[[World], None]:
    """Return a fault: the worker is killed with its transaction half done, waiting for the table."""

    def fault(world: World) -> None:
        with _recording_at(world, table, "llm", lambda: world.stack.process("llm")):
            world.stack.kill("llm")
        world.stack.start("llm")

    return fault


@contextmanager
def _recording_at(
    world: World, table: str, worker: str, find: Callable[[], psutil.Process | None]
) -> Iterator[psutil.Process]:
    """Lock the table against writers; give the process once it waits for it; unlock after the block."""
    for _ in range(_TRIES):
        world.at_work(worker)  # it may just be starting, which no table should be locked for
        with psycopg.connect(world.postgres.url) as locker:
            lock = sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(sql.Identifier(table))
            locker.execute(lock)
            try:
                process = world.until(
                    lambda: _if_waiting(world, table, find()),
                    what=f"the {worker} worker at the locked {table}",
                    within=_FROZEN_WITHIN_SECONDS,
                    feeding=True,
                )
            except MissedError:
                continue
            held = world.holds(worker)
            if not all(map(world.may_hit, held)):
                continue
            world.hit(*held)
            yield process
            return
    raise MissedError(f"the {worker} worker at the locked {table}")


def _if_waiting(world: World, table: str, process: psutil.Process | None) -> psutil.Process | None:
    """Return the process where one of its connections waits for a lock on the table."""
    if process is None:
        return None
    rows = world.ask(
        "SELECT client_port FROM pg_stat_activity JOIN pg_locks USING (pid)"
        " WHERE NOT granted AND relation = %(table)s::regclass",
        table=table,
    )
    try:
        ports = {connection.laddr.port for connection in process.net_connections("tcp")}
    except psutil.NoSuchProcess:
        return None
    return process if ports & {port for (port,) in rows} else None


def kill_worker_publishing(worker: str) -> Callable[[World], None]:
    """Return a fault: Redis stands still, and the worker is killed while it tries to publish."""

    def fault(world: World) -> None:
        for _ in range(_TRIES):
            world.at_work(worker)
            with _redis_stopped(world) as stopped_at:
                try:
                    world.until(
                        lambda: _has_to_publish(world, worker, stopped_at),
                        what=f"the {worker} worker publishing",
                        within=_FROZEN_WITHIN_SECONDS,
                        feeding=True,
                    )
                except MissedError:
                    continue
                world.hit(*world.holds(worker))
                world.stack.kill(worker)
            world.stack.start(worker)
            return
        raise MissedError(f"the {worker} worker publishing to a stopped Redis")

    return fault


def _has_to_publish(world: World, worker: str, moment: float) -> bool:
    """Tell whether the worker has committed something since then that it sends hints of.

    That is the end of a step, or, in the middle of one, what makes another step of its job ready: a reply
    whose first sentence can be spoken waits for Redis with that hint, and does not come to its end.
    """
    rows = world.ask(
        "SELECT 1 FROM steps WHERE split_part(worker, '@', 1) = %(worker)s"
        " AND (finished_at > to_timestamp(%(moment)s)"
        " OR kind = 'reply' AND lease_token IS NOT NULL AND EXISTS ("
        " SELECT 1 FROM steps AS next WHERE next.job_id = steps.job_id AND next.kind = 'speak'"
        " AND next.published_at > to_timestamp(%(moment)s)))",
        worker=worker,
        moment=moment,
    )
    return bool(rows)


@contextmanager
def _redis_stopped(world: World) -> Iterator[float]:
    """Stop Redis for the block; give the moment of the system's clock."""
    redis = psutil.Process(world.stack.redis.pid)
    redis.suspend()
    try:
        yield time.time()
    finally:
        redis.resume()


def wake_a_zombie(worker: str, kind: StepKind) -> Callable[[World], None]:
    """Return a fault: a worker stands still past its lease and wakes while another runs the same step.

    It is the sharpest test of fencing: both get a result, and both want to record it.
    """

    def fault(world: World) -> None:
        other = f"{worker}-2"
        world.stack.start_another(worker, other)
        try:
            world.until(lambda: _has_reported(world, other), what=f"{other} at work")
            job = _posted_bait(world)
            zombie = _stand_still(world, job, kind)
            try:
                world.until(lambda: _holder(world, job, kind) not in {None, zombie}, what="its heir at work")
            finally:
                os.killpg(world.stack.process(zombie).pid, signal.SIGCONT)
            world.until(lambda: _has_ended(world, job), what="the end of what two workers ran")
        finally:
            world.stack.end(other)

    return fault


def _stand_still(world: World, job: str, kind: StepKind) -> str:
    """Stop the worker whose engine is at the job's step, parent and child; return its name.

    Stopped in the middle of a transaction it would hold the job's lock until PostgreSQL ends its connection.
    """
    world.until(lambda: _at_its_engine(world, job, kind), what=f"the {kind} of the bait")
    holder = _holder(world, job, kind)
    if holder is None:
        raise MissedError(f"the {kind} of the bait")
    os.killpg(world.stack.process(holder).pid, signal.SIGSTOP)
    return holder


def _at_its_engine(world: World, job: str, kind: StepKind) -> bool:
    """Tell whether an engine was called for the job's step, which somebody holds."""
    rows = world.ask("SELECT split_part(idempotency_key, '-', 2) FROM jobs WHERE id = %(job)s", job=job)
    called = (world.directory / CALLS).read_text().splitlines()
    return f"{kind} {rows[0][0]}" in {" ".join(line.split()[:2]) for line in called}


def _holder(world: World, job: str, kind: StepKind) -> str | None:
    """Return the worker that holds this step of the job now."""
    rows = world.ask(
        "SELECT split_part(worker, '@', 1) FROM steps"
        " WHERE job_id = %(job)s AND kind = %(kind)s AND lease_token IS NOT NULL",
        job=job,
        kind=kind,
    )
    return str(rows[0][0]) if rows else None


def _has_reported(world: World, worker: str) -> bool:
    rows = world.ask(
        "SELECT 1 FROM workers WHERE split_part(name, '@', 1) = %(worker)s AND pid = %(pid)s",
        worker=worker,
        pid=world.stack.process(worker).pid,
    )
    return bool(rows)


def _has_ended(world: World, job: str) -> bool:
    return bool(world.ask("SELECT 1 FROM jobs WHERE id = %(job)s AND finished_at IS NOT NULL", job=job))


def kill_main_of(program: str) -> Callable[[World], None]:
    """Return a fault: SIGKILL a program's first process; what it started has to notice."""

    def fault(world: World) -> None:
        world.stack.kill_main(program)
        world.stack.start(program)

    return fault


def empty_redis(world: World) -> None:
    """SIGKILL Redis and start it again, empty, on the same port."""
    world.stack.redis.kill()
    world.note_server(world.stack.redis.start().pid)


def stop_postgres(world: World) -> None:
    """Stop PostgreSQL at once, without a checkpoint; start it again on its data, which it has to recover."""
    pid = world.postgres.pid
    if pid is None:
        raise MissedError("PostgreSQL does not run")
    os.kill(pid, signal.SIGQUIT)
    while world.postgres.pid is not None:
        time.sleep(_POLL_SECONDS)
    world.note_server(world.postgres.start().pid)


def repeat_hints(world: World) -> None:
    """Send a hint for every unfinished step again, also for what runs and for whose turn has not come."""
    world.until(lambda: _much_waits(world), what="steps at work, ready and blocked", feeding=True)
    for (queue,) in world.ask("SELECT queue FROM steps WHERE finished_at IS NULL"):
        with suppress(PublishError):  # Redis may be about to come back
            publish(world.broker, QueueName(queue))


def _much_waits(world: World) -> bool:
    """Tell whether a step is at work beside others that wait for it and for their turn."""
    rows = world.ask(
        "SELECT 1 FROM steps WHERE finished_at IS NULL"
        " HAVING count(*) FILTER (WHERE lease_token IS NOT NULL) > 0"
        " AND count(*) FILTER (WHERE lease_token IS NULL AND ready_at IS NOT NULL) > 0"
        " AND count(*) FILTER (WHERE ready_at IS NULL) > 0"
    )
    return bool(rows)


def stop_api(world: World) -> None:
    """Ask the API to stop while clients follow jobs: it ends in time, and they resume at the next one."""
    world.at_work("llm")
    world.stack.end("api")
    world.stack.start("api")


FAULTS: dict[FaultKind, Callable[[World], None]] = {
    FaultKind.GPU_CHILD: kill_gpu_child,
    FaultKind.GPU_WHOLE: kill_gpu_worker,
    FaultKind.GPU_PARENT: kill_gpu_parent,
    FaultKind.GPU_AT_EVENTS: kill_gpu_child_recording_at("job_events"),
    FaultKind.GPU_AT_USAGE: kill_gpu_child_recording_at("daily_usage"),
    FaultKind.GPU_PUBLISHING: kill_worker_publishing("gpu"),
    FaultKind.GPU_SPEAKING: kill_gpu_worker_speaking,
    FaultKind.LLM_WHOLE: kill_llm_worker,
    FaultKind.LLM_STREAMING: kill_llm_worker_streaming,
    FaultKind.LLM_AT_EVENTS: kill_llm_worker_recording_at("job_events"),
    FaultKind.LLM_AT_MESSAGES: kill_llm_worker_recording_at("messages"),
    FaultKind.LLM_AT_LEDGER: kill_llm_worker_recording_at("daily_mistakes"),
    FaultKind.LLM_PUBLISHING: kill_worker_publishing("llm"),
    FaultKind.GPU_ZOMBIE: wake_a_zombie("gpu", StepKind.TRANSCRIBE),
    FaultKind.LLM_ZOMBIE: wake_a_zombie("llm", StepKind.REPLY),
    FaultKind.MAINTENANCE: kill_main_of("maintenance"),
    FaultKind.API: kill_main_of("api"),
    FaultKind.API_TERM: stop_api,
    FaultKind.REDIS: empty_redis,
    FaultKind.POSTGRES: stop_postgres,
    FaultKind.REPEATED: repeat_hints,
}
