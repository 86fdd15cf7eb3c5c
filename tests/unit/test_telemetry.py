"""Logs, as a program of our own writes them to its standard error."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PREPARE = """
import logging
from shared.settings import AppEnv
from shared.telemetry import configure_logging, request_id_var, say_at_once, working_on

log = logging.getLogger("worker.stages.runner")
configure_logging(AppEnv.{env})
"""


def written_by(code: str, env: str = "PROD", *, status: int = 0) -> list[str]:
    """Run the code after logging was configured; return the lines it logged."""
    program = PREPARE.format(env=env) + code
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("", status), done.stderr
    return done.stderr.splitlines()


def logged_by(code: str, *, status: int = 0) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written_by(code, status=status)]


def test_in_prod_a_line_is_json_with_the_requests_and_the_jobs_id() -> None:
    (line,) = logged_by('with working_on(job_id="j-1", request_id="r-1"): log.info("%s done", "reply")')

    assert datetime.fromisoformat(line.pop("time")).tzinfo == UTC
    assert line == {
        "level": "INFO",
        "logger": "worker.stages.runner",
        "message": "reply done",
        "request_id": "r-1",
        "job_id": "j-1",
    }


def test_ids_are_those_of_the_work_at_hand_and_end_with_it() -> None:
    lines = logged_by(
        """
log.info("before")
with working_on(job_id="outer", request_id="r"):
    with working_on(job_id="inner", request_id="r"):
        log.info("in it")
    log.info("back")
log.info("after")
"""
    )

    assert [line["job_id"] for line in lines] == ["-", "inner", "outer", "-"]


def test_ids_end_with_work_that_breaks() -> None:
    lines = logged_by(
        """
try:
    with working_on(job_id="j", request_id="r"):
        raise ValueError
except ValueError:
    log.info("after")
"""
    )

    assert [line["job_id"] for line in lines] == ["-"]


def test_threads_do_not_see_each_others_ids() -> None:
    lines = logged_by(
        """
import threading
barrier = threading.Barrier(4)
def work(number):
    with working_on(job_id=f"j{number}", request_id=f"r{number}"):
        barrier.wait()
        log.info("%d", number)
threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    )

    assert sorted((line["message"], line["job_id"], line["request_id"]) for line in lines) == [
        (str(number), f"j{number}", f"r{number}") for number in range(4)
    ]


def test_without_a_request_id_only_that_of_the_same_job_is_kept() -> None:
    lines = logged_by(
        """
with working_on(job_id="j", request_id="r"):
    with working_on(job_id="j"):
        log.info("the same")
    with working_on(job_id="next"):
        log.info("another")
"""
    )

    assert [(line["job_id"], line["request_id"]) for line in lines] == [("j", "r"), ("next", "-")]


def test_an_exception_is_on_its_line_by_class_and_places_with_all_that_led_to_it() -> None:
    (line,) = logged_by(
        """
try:
    try:
        {}["words"]
    except KeyError:
        raise ExceptionGroup("words", [ValueError("words"), OSError("words")])
except Exception:
    log.exception("broke")
"""
    )

    group, _, origin = line["exception"].partition(", from ")
    assert group.startswith("builtins.ExceptionGroup at <string>:13")
    assert group.endswith(" of (builtins.ValueError; builtins.OSError)")
    assert origin == "builtins.KeyError at <string>:11"
    assert (line["level"], "words" in str(line)) == ("ERROR", False)


def test_an_exception_that_is_its_own_cause_is_recorded_once() -> None:
    (line,) = logged_by(
        """
error = ValueError()
error.__cause__ = error
log.error("broke", exc_info=error)
"""
    )

    assert line["exception"] == "builtins.ValueError"


@pytest.mark.parametrize(
    "call",
    [
        'log.error("broke: %s", error)',
        'log.error("broke: %r", error)',
        'log.error("broke: %(error)s", {"error": error})',
    ],
)
def test_an_exception_in_a_message_is_its_class(call: str) -> None:
    (line,) = logged_by(f'error = ValueError("words"); {call}')

    assert line["message"].replace("'", "") == "broke: ValueError"


def test_an_exception_as_the_message_is_its_class() -> None:
    (line,) = logged_by('log.error(ValueError("words"))')

    assert line["message"] == "ValueError"


def test_a_traceback_in_a_message_is_cut_off() -> None:
    lines = logged_by(
        """
import traceback
try:
    raise ValueError("words")
except ValueError:
    log.error("broke\\n%s", traceback.format_exc())
    log.error(traceback.format_exc())
"""
    )

    assert [line["message"] for line in lines] == ["broke", "a traceback"]


def test_a_message_that_does_not_fit_its_arguments_is_a_line_without_them() -> None:
    lines = logged_by(
        'log.info("%d", "words"); log.info("%s %s", "words"); log.info("%(no)s", {"a": "words"})'
    )

    assert [line["message"] for line in lines] == ["%d", "%s %s", "%(no)s"]


def test_a_task_that_nobody_asked_after_is_told_without_its_exception() -> None:
    (line,) = logged_by(
        """
import asyncio, gc
async def break_it():
    raise ValueError("words")
async def main():
    asyncio.create_task(break_it())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gc.collect()
asyncio.run(main())
"""
    )

    assert line["message"] == "Task exception was never retrieved"
    assert line["exception"].startswith("builtins.ValueError at ")
    assert "words" not in str(line)


def test_a_warning_is_a_line_with_its_class_and_place() -> None:
    (line,) = logged_by('import warnings; warnings.warn("words")')

    assert (line["level"], line["logger"]) == ("WARNING", "py.warnings")
    assert line["message"] == "UserWarning at <string>:8"


def test_what_ends_the_program_is_a_line() -> None:
    (line,) = logged_by('raise ValueError("words")', status=1)

    assert (line["level"], line["exception"]) == ("CRITICAL", "builtins.ValueError at <string>:8")


def test_a_refusal_to_start_stays_a_sentence() -> None:
    assert written_by('raise SystemExit("The worker does not start.")', status=1) == [
        "The worker does not start."
    ]


def test_what_ends_a_thread_is_a_line() -> None:
    (line,) = logged_by(
        """
import threading
def work():
    raise ValueError("words")
threading.Thread(target=work, name="helper").start()
"""
    )

    assert line["message"] == "the thread helper ends by an exception"
    assert line["exception"].startswith("builtins.ValueError at ")


def test_what_breaks_in_a_finalizer_is_a_line() -> None:
    (line,) = logged_by(
        """
class Broken:
    def __del__(self):
        raise ValueError("words")
Broken()
"""
    )

    assert (line["message"], line["exception"][:19]) == ("an exception is ignored", "builtins.ValueError")


def test_a_logger_that_is_cut_off_from_the_root_is_heard() -> None:
    (line,) = logged_by(
        'cut = logging.getLogger("multiprocessing"); cut.propagate = False; cut.error("a child died")'
    )

    assert (line["logger"], line["message"]) == ("multiprocessing", "a child died")


def test_a_line_may_be_written_from_a_signals_handler() -> None:
    (line,) = logged_by(
        'with working_on(job_id="j-1", request_id="r-1"): say_at_once("celery.apps.worker", "stopping")'
    )

    assert (line["message"], line["job_id"]) == ("stopping", "j-1")
    assert line.keys() == {"time", "level", "logger", "message", "request_id", "job_id"}


def test_line_breaks_and_scripts_do_not_break_a_line() -> None:
    (line,) = logged_by(r'log.info("one\ntwo \"three\" नमस्ते")')

    assert line["message"] == 'one\ntwo "three" नमस्ते'


def test_libraries_that_say_what_we_sent_are_quiet() -> None:
    lines = logged_by('logging.getLogger("httpx").info("GET https://…?key=…"); log.info("ours")')

    assert [line["message"] for line in lines] == ["ours"]


def test_in_dev_an_exception_shows_all_that_helps_a_developer() -> None:
    lines = written_by(
        """
try:
    {}["missing"]
except KeyError:
    log.exception("broke")
""",
        env="DEV",
    )

    assert "[request - job -] broke" in lines[0]
    assert lines[-1] == "KeyError: 'missing'"


def test_in_dev_a_line_is_for_people_and_has_both_ids() -> None:
    (line,) = written_by('with working_on(job_id="j-1", request_id="r-1"): log.info("hello")', env="DEV")

    assert "[request r-1 job j-1] hello" in line


def test_configuring_again_replaces_what_was_there() -> None:
    lines = logged_by('configure_logging(AppEnv.PROD); log.info("once")')

    assert [line["message"] for line in lines] == ["once"]
