"""Logs, as a program of our own writes them to its standard error."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PREPARE = """
import logging
from shared.settings import AppEnv
from shared.telemetry import configure_logging, request_id_var, working_on

log = logging.getLogger("worker.stages")
configure_logging(AppEnv.{env})
"""


def written_by(code: str, env: str = "PROD") -> list[str]:
    """Run the code after logging was configured; return the lines it logged."""
    program = PREPARE.format(env=env) + code
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


def logged_by(code: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written_by(code)]


def test_in_prod_a_line_is_json_with_the_requests_and_the_jobs_id() -> None:
    (line,) = logged_by('with working_on(job_id="j-1", request_id="r-1"): log.info("%s done", "reply")')

    assert datetime.fromisoformat(line.pop("time")).tzinfo == UTC
    assert line == {
        "level": "INFO",
        "logger": "worker.stages",
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


def test_an_exception_stays_on_its_line() -> None:
    (line,) = logged_by(
        """
try:
    {}["missing"]
except KeyError:
    log.exception("broke")
"""
    )

    assert "KeyError: 'missing'" in line["exception"]
    assert line["level"] == "ERROR"


def test_line_breaks_and_scripts_do_not_break_a_line() -> None:
    (line,) = logged_by(r'log.info("one\ntwo \"three\" नमस्ते")')

    assert line["message"] == 'one\ntwo "three" नमस्ते'


def test_libraries_that_say_what_we_sent_are_quiet() -> None:
    lines = logged_by('logging.getLogger("httpx").info("GET https://…?key=…"); log.info("ours")')

    assert [line["message"] for line in lines] == ["ours"]


def test_in_dev_a_line_is_for_people_and_has_both_ids() -> None:
    (line,) = written_by('with working_on(job_id="j-1", request_id="r-1"): log.info("hello")', env="DEV")

    assert "[request r-1 job j-1] hello" in line


def test_configuring_again_replaces_what_was_there() -> None:
    lines = logged_by('configure_logging(AppEnv.PROD); log.info("once")')

    assert [line["message"] for line in lines] == ["once"]
