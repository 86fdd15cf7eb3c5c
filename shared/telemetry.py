"""Logs: readable in dev, JSON in prod; every line carries the request's and the job's id.

Never log a learner's words, a transcript, a key or a signed URL.
"""

import json
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from shared.settings import AppEnv

request_id_var: ContextVar[str] = ContextVar("request_id", default="-")
job_id_var: ContextVar[str] = ContextVar("job_id", default="-")


class _ContextFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id_var.get()
        record.job_id = job_id_var.get()
        return True


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", "-"),
            "job_id": getattr(record, "job_id", "-"),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


_FRAMES_SHOWN = 5
_READABLE = "%(asctime)s %(levelname)-7s %(name)s [request %(request_id)s job %(job_id)s] %(message)s"


def configure_logging(app_env: AppEnv) -> None:
    """Send every logger to stderr in the environment's form, replacing what was configured before."""
    handler = logging.StreamHandler()
    handler.addFilter(_ContextFilter())
    handler.setFormatter(
        _JsonFormatter() if app_env is AppEnv.PROD else logging.Formatter(_READABLE, "%H:%M:%S")
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for noisy in (
        "httpx",
        "httpx2",
        "httpcore",
        "kombu",
        "celery.worker.strategy",
        "celery.app.trace",
        "celery.beat",
    ):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def without_words(error: BaseException | None) -> str:
    """Return what an exception is and where it came from, without its text: that may quote a learner."""
    if error is None:
        return "no cause"
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES_SHOWN:]
    places = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames))
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    return f"{name} at {places}" + (f", from {without_words(error.__cause__)}" if error.__cause__ else "")


@contextmanager
def working_on(*, job_id: str, request_id: str) -> Iterator[None]:
    """Put both ids on every line logged within."""
    job_token, request_token = job_id_var.set(job_id), request_id_var.set(request_id)
    try:
        yield
    finally:
        job_id_var.reset(job_token)
        request_id_var.reset(request_token)
