"""The programs of the product as commands, and the environment they share."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from celery.utils.nodenames import host_format

from local.settings import LauncherSettings
from local.supervisor import Program
from shared.models import QueueName

_SOLE_READER = {"ACCESS_SECRETS": "api", "GEMINI_API_KEY": "llm", "FLOWER_BASIC_AUTH": "flower"}
_PYTHON = (sys.executable, "-m")
# As root Celery warns of pickle, which `accept_content` refuses; the launcher runs as whoever started it.
AS_ROOT = ("-W", "ignore:You're running the worker with superuser privileges")
_CELERY = (sys.executable, *AS_ROOT, "-m", "celery", "--quiet", "-A", "worker.main")
# The level is the pool's own, while a child starts; the workers' is theirs to set.
_WORKER = (*_CELERY, "worker", "--without-gossip", "--without-mingle", "--loglevel", "WARNING")


def worker_names() -> list[str]:
    """Return the names under which this machine's workers report themselves."""
    return [host_format(_node(queue)) for queue in QueueName]


def child_environment(settings: LauncherSettings, urls: Mapping[str, str]) -> dict[str, str]:
    """Return our own environment with the servers' `urls` and all else that programs must agree on."""
    # uvicorn reads these two from the environment, which does not yet contain what `.env` sets.
    for_uvicorn = {"FORWARDED_ALLOW_IPS": settings.forwarded_allow_ips}
    if settings.web_concurrency is not None:
        for_uvicorn["WEB_CONCURRENCY"] = str(settings.web_concurrency)
    return os.environ | {
        **urls,
        **for_uvicorn,
        "DATA_DIR": str(settings.data_dir.absolute()),
        "PUBLIC_BASE_URL": settings.public_base_url or settings.local_url,
        "PYTHONUNBUFFERED": "1",
    }


def migration(environment: Mapping[str, str]) -> Program:
    """Return the command that brings the database to the newest schema."""
    return Program("migrate", (*_PYTHON, "alembic", "upgrade", "head"), environment)


def preflight() -> tuple[str, ...]:
    """Return the command that prints why the workers could not start, in a sentence, and exits with 1."""
    return (*_PYTHON, "worker.preflight")


def programs(settings: LauncherSettings, environment: Mapping[str, str]) -> list[Program]:
    """Return everything that runs beside the servers. One program's secret is given to no other."""
    commands = {
        "api": _api(settings),
        "gpu": _worker(QueueName.GPU, "prefork", 1),
        "llm": _worker(QueueName.LLM, "threads", 16),
        "maintenance": (*_worker(QueueName.MAINTENANCE, "threads", 2), "--beat"),
        "flower": _flower(settings),
    }
    return [
        Program(program, command, _environment_of(program, settings, environment))
        for program, command in commands.items()
    ]


def metrics_ports(settings: LauncherSettings) -> dict[str, int]:
    """Return on which port each worker shows what it counts."""
    return {queue: settings.metrics_port + place for place, queue in enumerate(QueueName)}


def metrics_folder(settings: LauncherSettings) -> Path:
    """Return where the programs count, each in a folder of its own that its processes share."""
    return settings.data_dir.absolute() / "metrics"


def _environment_of(
    program: str, settings: LauncherSettings, environment: Mapping[str, str]
) -> dict[str, str]:
    own = {"PROMETHEUS_MULTIPROC_DIR": str(metrics_folder(settings) / program)}
    if program in metrics_ports(settings):
        own["METRICS_PORT"] = str(metrics_ports(settings)[program])
    return {
        name: value
        for name, value in {**environment, **own}.items()
        if _SOLE_READER.get(name, program) == program
    }


def _api(settings: LauncherSettings) -> tuple[str, ...]:
    address = ("--host", settings.host, "--port", str(settings.port))
    return (
        *_PYTHON,
        "uvicorn",
        "api.main:app",
        *address,
        "--no-access-log",  # ours (`api.http.access_log`) has no query strings
        "--log-config",
        "api/log_config.json",
        # h11, with limits on what a client may make it wait for.
        "--http",
        "api.http.connections:BoundedConnection",
        "--ws",
        "none",
        "--timeout-graceful-shutdown",
        "10",
    )


def _flower(settings: LauncherSettings) -> tuple[str, ...]:
    # Private: Flower serves /metrics and /healthcheck without a password.
    address = ("--address=127.0.0.1", f"--port={settings.flower_port}")
    # Flower queries the workers before they are up, and warns that none of them answers.
    quietly = "--logging=error"
    return (*_CELERY, "flower", "--conf=worker/dashboard.py", *address, quietly)


def _worker(queue: QueueName, pool: str, concurrency: int) -> tuple[str, ...]:
    size = ("--pool", pool, "--concurrency", str(concurrency))
    return (*_WORKER, "-Q", queue, "-n", _node(queue), *size)


def _node(queue: QueueName) -> str:
    """Return the Celery node name of this machine's worker of the queue; Celery puts the host for `%h`."""
    return f"{queue}@%h"
