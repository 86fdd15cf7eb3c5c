import contextlib
import http.server
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from local.console import Console
from local.ports import free_port
from local.processes import StartError
from local.readiness import is_ready
from local.supervisor import SAME_WISH_SECONDS, Backoff, Program, StopRequests, Supervisor, run_once, watch
from tests.support.stack import eventually

SLEEPER = "import os, time; print('pid', os.getpid(), flush=True); time.sleep(600)"
# Prints its child's id; both ignore SIGTERM.
STUBBORN_PARENT = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("child", child.pid, flush=True)
time.sleep(600)
"""
# A launcher of its own around the program in argv[1].
DRIVER = """
import signal, sys, os
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may ignore it
from local.console import Console
from local.supervisor import Program, StopRequests, Supervisor, watch
stop = StopRequests()
stop.listen()
program = Program("child", [sys.executable, "-c", sys.argv[1]], os.environ)
with Supervisor([program], Console(sys.stdout), stop, stop_seconds=600) as supervisor:
    watch([supervisor], stop)
"""
QUICK = Backoff(first=0.05, longest=0.2)


def gone(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


def python(name: str, code: str) -> Program:
    return Program(name, [sys.executable, "-c", code], os.environ)


def supervise_until(program: Program, condition: Callable[[str], bool], *, stop_seconds: float = 5.0) -> str:
    """Supervise `program` until what was printed satisfies `condition`; return all that was printed."""
    output, stop_requests = io.StringIO(), StopRequests()
    deadline = time.monotonic() + 20

    def look() -> None:
        assert time.monotonic() < deadline, output.getvalue()
        stop_requests.count = int(condition(output.getvalue()))

    supervisor = Supervisor(
        [program], Console(output), stop_requests, backoff=QUICK, stop_seconds=stop_seconds
    )
    with supervisor:
        watch([supervisor], stop_requests, look)
    return output.getvalue()


def twice(word: str) -> Callable[[str], bool]:
    return lambda text: text.count(word) >= 2


@pytest.fixture
def driver() -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start(code: str) -> subprocess.Popen[str]:
        process = subprocess.Popen([sys.executable, "-c", DRIVER, code], stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def number_after(process: subprocess.Popen[str], word: str) -> int:
    """Read the output up to the line that ends in `word` and a number."""
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(rf"\b{word} (\d+)$", line):
            return int(found[1])
    raise AssertionError(f"no {word} was printed")


def test_what_dies_is_restarted_and_its_last_words_and_exit_are_shown() -> None:
    printed = supervise_until(python("dies", "print('last words'); raise SystemExit(3)"), twice("last words"))

    lines = [line.split("| ", 1)[1] for line in printed.splitlines()]
    assert lines[:2] == ["last words", "dies exited with status 3; restarting in 0.05 s"]


def test_the_wait_before_a_restart_doubles_to_its_limit() -> None:
    printed = supervise_until(python("dies", "raise SystemExit(1)"), lambda text: text.count("in 0.2 s") >= 2)

    waits = [line.rsplit(" in ", 1)[1] for line in printed.splitlines()]
    assert waits[:4] == ["0.05 s", "0.1 s", "0.2 s", "0.2 s"]


def test_a_long_life_makes_the_next_wait_short_again() -> None:
    backoff = Backoff(first=0.5, longest=15, forgiven_after=60)

    assert backoff.next_delay(8, lived=59) == 15
    assert backoff.next_delay(8, lived=60) == 0.5


def test_a_killed_program_is_named_with_its_signal() -> None:
    suicide = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"

    printed = supervise_until(python("gpu", suicide), lambda text: "restarting" in text)

    assert "gpu exited with status -9 (SIGKILL); restarting in 0.05 s" in printed


def test_a_program_that_cannot_be_executed_is_refused(tmp_path: Path) -> None:
    program = Program("missing", [str(tmp_path / "nothing")], os.environ)

    with pytest.raises(StartError, match="cannot run"):
        supervise_until(program, lambda _: True)


def test_children_left_by_a_dead_program_are_killed_before_it_is_restarted() -> None:
    code = STUBBORN_PARENT.replace("time.sleep(600)\n", "raise SystemExit(1)\n")

    printed = supervise_until(python("parent", code), twice("restarting"))

    children = [int(line.rsplit(" ", 1)[1]) for line in printed.splitlines() if "child" in line]
    assert len(children) >= 2
    eventually(lambda: all(map(gone, children)), what="the children gone")


def test_what_ignores_the_stop_is_killed_with_its_children() -> None:
    printed = supervise_until(
        python("stubborn", STUBBORN_PARENT), lambda text: "child" in text, stop_seconds=0.2
    )

    child = int(printed.split("child ")[1].split()[0])
    eventually(lambda: gone(child), what="the child gone")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_signal_ends_everything_in_good_order(
    number: signal.Signals, driver: Callable[[str], subprocess.Popen[str]]
) -> None:
    process = driver(SLEEPER)
    child = number_after(process, "pid")

    process.send_signal(number)

    assert process.wait(10) == 0
    assert gone(child)


def test_a_second_stop_signal_hurries(driver: Callable[[str], subprocess.Popen[str]]) -> None:
    process = driver(STUBBORN_PARENT)
    grandchild = number_after(process, "child")

    process.send_signal(signal.SIGINT)
    time.sleep(SAME_WISH_SECONDS)  # sooner, it would be taken for the same wish
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        time.sleep(SAME_WISH_SECONDS)

    assert process.wait() == 0
    eventually(lambda: gone(grandchild), what="the grandchild gone")


@pytest.mark.skipif(sys.platform != "linux", reason="needs the parent-death signal")
def test_children_die_with_a_killed_launcher(driver: Callable[[str], subprocess.Popen[str]]) -> None:
    process = driver(SLEEPER)
    child = number_after(process, "pid")

    process.kill()

    eventually(lambda: gone(child), what="the child gone")


def test_a_failing_first_step_is_an_error() -> None:
    with pytest.raises(StartError, match="migrate exited with status 2"):
        run_once(python("migrate", "raise SystemExit(2)"), Console(io.StringIO()), StopRequests())


def run_launcher(data_dir: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DATA_DIR": str(data_dir), "PORT": str(free_port())} | settings
    command = [sys.executable, "-m", "local"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("setting", ["PORT", "FLOWER_PORT", "METRICS_PORT"])
def test_a_port_in_use_is_refused_before_anything_is_started(setting: str, tmp_path: Path) -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as occupant:
        port = str(occupant.getsockname()[1])
        done = run_launcher(tmp_path, **({"FLOWER_PORT": str(free_port())} | {setting: port}))

    assert done.returncode == 1
    assert f"{setting} {port} is in use on 127.0.0.1" in done.stdout
    assert not (tmp_path / "postgres").exists()


def test_a_port_for_two_of_our_own_programs_is_refused_too(tmp_path: Path) -> None:
    port = str(free_port())
    metrics = str(free_port(in_a_row=3))

    done = run_launcher(tmp_path, PORT=port, FLOWER_PORT=port, METRICS_PORT=metrics)

    assert done.returncode == 1
    assert f"FLOWER_PORT {port} is PORT's already; set one of them to another" in done.stdout
    assert not (tmp_path / "postgres").exists()


def test_a_second_launcher_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with held_lock(tmp_path):
        done = run_launcher(tmp_path)

    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f"launcher    | already running on {tmp_path} (process 4321); stop it first"
    ]


@contextlib.contextmanager
def api_answering(queues: dict[str, object], voice: str = "loaded") -> Iterator[int]:
    """Serve `/health` and `/health/ready` as the API does; `voice` is a model's state; yield the port."""
    engines = {
        kind: {"status": status} for kind, status in (("stt", "loaded"), ("llm", "loaded"), ("tts", voice))
    }
    body = json.dumps({"engines": engines, "dependencies": {"workers": {"queues": queues}}}).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


SERVED: dict[str, object] = {"ok": True, "workers": 1}
UNSERVED: dict[str, object] = {"ok": False, "workers": 0}


@pytest.mark.parametrize(
    ("queues", "ready"),
    [
        ({"gpu": SERVED, "llm": SERVED, "maintenance": SERVED}, True),
        ({"gpu": UNSERVED, "llm": SERVED, "maintenance": SERVED}, False),
        ({"gpu": SERVED, "llm": SERVED}, False),
    ],
)
def test_the_product_is_ready_when_every_queue_is_served(queues: dict[str, object], ready: bool) -> None:
    with api_answering(queues) as port:
        assert is_ready("127.0.0.1", port) is ready


@pytest.mark.parametrize(("status", "ready"), [("loaded", True), ("failed", True), ("not_loaded", False)])
def test_the_product_is_ready_when_loading_its_models_has_ended(status: str, ready: bool) -> None:
    with api_answering({"gpu": SERVED, "llm": SERVED, "maintenance": SERVED}, voice=status) as port:
        assert is_ready("127.0.0.1", port) is ready
        assert is_ready("127.0.0.1", port, awaits_models=False)


def test_an_api_that_does_not_answer_is_not_ready() -> None:
    assert not is_ready("127.0.0.1", free_port())


@contextlib.contextmanager
def held_lock(data_dir: Path) -> Iterator[None]:
    holder = "import fcntl, sys; f = open(sys.argv[1], 'w'); f.write('4321'); f.flush()"
    holder += "; fcntl.flock(f, fcntl.LOCK_EX); print(flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", holder, str(data_dir / "launcher.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.kill()
