"""Logs: readable in dev, JSON in prod; every line carries the request's and the job's id.

Never log a learner's words, a transcript, a key or a signed URL. What libraries raise and warn of may
quote them, so in prod an exception is its class and its places, and never its text (docs/decisions/0016).
"""

import json
import logging
import os
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType

from shared.settings import AppEnv, SharedSettings, read_settings

logger = logging.getLogger(__name__)

NO_ID = "-"
request_id_var: ContextVar[str] = ContextVar("request_id", default=NO_ID)
job_id_var: ContextVar[str] = ContextVar("job_id", default=NO_ID)

_PLACES_IN_A_MESSAGE = 5
_PLACES_OF_AN_EXCEPTION = 30
_READABLE = "%(asctime)s %(levelname)-7s %(name)s [request %(request_id)s job %(job_id)s] %(message)s"
_TRACEBACK = "Traceback (most recent call last)"
_QUIET = (
    "celery.app.trace",
    "celery.beat",
    "celery.worker.strategy",
    "httpcore",
    "httpx",
    "httpx2",
    "kombu",
    "uvicorn.access",  # it prints query strings, which hold signatures
)


class _ContextFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id_var.get()
        record.job_id = job_id_var.get()
        return True


class _JsonFormatter(logging.Formatter):
    """One line of ASCII a record, whatever is in it."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": _message_of(record),
            "request_id": getattr(record, "request_id", NO_ID),
            "job_id": getattr(record, "job_id", NO_ID),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = without_words(record.exc_info[1], places=_PLACES_OF_AN_EXCEPTION)
        return json.dumps(line)


def configure_logging(app_env: AppEnv) -> None:
    """Send all of this process's log to stderr in the environment's form, replacing earlier handlers.

    All: every logger, warnings, and exceptions that nobody catches.
    """
    handler = _handler(app_env)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.lastResort = handler  # for loggers that are cut off from the root, as billiard's is
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    logging.raiseExceptions = app_env is AppEnv.DEV  # what cannot be logged would be shown whole
    if app_env is AppEnv.PROD:
        warnings.formatwarning = _warning_without_words
    sys.excepthook = _end_of_the_program
    threading.excepthook = _end_of_a_thread
    sys.unraisablehook = _ignored


def create_handler() -> logging.Handler:
    """Return the handler that the settings ask for, for programs whose first lines come before any of ours.

    Ends the program with a sentence where the settings are not valid.
    """
    return _handler(read_settings(SharedSettings).app_env)


def say_at_once(name: str, message: str) -> None:
    """Log one line from a signal's handler, which may have interrupted the writing of another."""
    handler = logging.getLogger().handlers[0]
    record = logging.makeLogRecord(
        {"name": name, "levelno": logging.INFO, "levelname": "INFO", "msg": message}
    )
    handler.filter(record)
    os.write(sys.stderr.fileno(), f"{handler.format(record)}\n".encode())


def without_words(error: BaseException | None, *, places: int = _PLACES_IN_A_MESSAGE) -> str:
    """Return an exception's class and places, without its text, which may quote a learner."""
    told: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        told.append(_class_and_places(error, places))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return ", from ".join(told) or "no cause"


@contextmanager
def working_on(*, job_id: str, request_id: str | None = None) -> Iterator[None]:
    """Put both ids on every line logged within. Without `request_id`, use the one known for this job."""
    if request_id is None:
        request_id = request_id_var.get() if job_id == job_id_var.get() else NO_ID
    job_token, request_token = job_id_var.set(job_id), request_id_var.set(request_id)
    try:
        yield
    finally:
        job_id_var.reset(job_token)
        request_id_var.reset(request_token)


def _handler(app_env: AppEnv) -> logging.Handler:
    handler = logging.StreamHandler()
    handler.addFilter(_ContextFilter())
    handler.setFormatter(
        _JsonFormatter() if app_env is AppEnv.PROD else logging.Formatter(_READABLE, "%H:%M:%S")
    )
    return handler


def _message_of(record: logging.LogRecord) -> str:
    """Return the message; of an exception in it the class, and nothing of a traceback or a future."""
    arguments = record.args
    if isinstance(arguments, Mapping):
        arguments = {name: _class_of_an_exception(value) for name, value in arguments.items()}
    elif arguments:
        arguments = tuple(map(_class_of_an_exception, arguments))
    template = str(_class_of_an_exception(record.msg))
    try:
        message = template % arguments if arguments else template
    except Exception:  # noqa: BLE001
        message = template  # a line that is said badly is better than none, or than one with words
    if record.name == "asyncio":
        message = message.partition("\n")[0]  # then come the futures, with their exceptions' texts
    return message.partition(_TRACEBACK)[0].strip() or "a traceback"


def _class_of_an_exception(value: object) -> object:
    """Replace an exception by its class, also within a list or a dictionary; return anything else as is."""
    if isinstance(value, BaseException):
        return type(value).__name__
    if isinstance(value, list | tuple):
        return [_class_of_an_exception(each) for each in value]
    if isinstance(value, dict):
        return {name: _class_of_an_exception(each) for name, each in value.items()}
    return value


def _class_and_places(error: BaseException, places: int) -> str:
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    frames = traceback.extract_tb(error.__traceback__)[-places:]
    told = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames))
    together = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    parts = f" of ({'; '.join(without_words(part, places=places) for part in together)})" if together else ""
    return name + (f" at {told}" if told else "") + parts


def _warning_without_words(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    return f"{category.__name__} at {filename}:{lineno}"


def _end_of_the_program(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        logger.info("interrupted")
        return
    logger.critical("the program ends by an exception", exc_info=(kind, error, trace))


def _end_of_a_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is None or isinstance(ended.exc_value, SystemExit):
        return
    name = ended.thread.name if ended.thread else "unknown"
    exc_info = (ended.exc_type, ended.exc_value, ended.exc_traceback)
    logger.error("the thread %s ends by an exception", name, exc_info=exc_info)


def _ignored(given: "sys.UnraisableHookArgs") -> None:
    """Say what Python can raise to nobody, as an exception in a finalizer."""
    if given.exc_value is not None:
        exc_info = (given.exc_type, given.exc_value, given.exc_traceback)
        logger.error("an exception is ignored", exc_info=exc_info)
