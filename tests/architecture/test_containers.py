"""Containers without a container engine: everything that the Dockerfiles and the compose file name exists."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from api.main import create_app
from api.settings import ApiSettings
from local.programs import AS_ROOT, migration, programs
from local.settings import LauncherSettings
from shared.settings import SharedSettings
from tests.support.containers import (
    IMAGES,
    ROOT,
    command_of,
    compose_services,
    compose_text,
    image_command,
    image_files,
    image_of,
    said,
)
from worker.settings import FlowerSettings, WorkerSettings

API_PORT, FLOWER_PORT, METRICS_PORT, PROMETHEUS_PORT, GRAFANA_PORT = 8000, 5555, 9801, 9090, 3000
DIGEST = "@sha256:[0-9a-f]{64}"
SERVICES = compose_services()
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
SETTINGS: dict[str, type[BaseSettings]] = {
    "migrate": SharedSettings,
    "api": ApiSettings,
    "gpu": WorkerSettings,
    "gpu-nvidia": WorkerSettings,
    "llm": WorkerSettings,
    "maintenance": WorkerSettings,
    "flower": FlowerSettings,
}
# Read by PostgreSQL's image, by uvicorn, by the hub's library, and by Grafana's container.
NOT_OURS = {
    "POSTGRES_USER",
    "POSTGRES_PASSWORD",
    "POSTGRES_DB",
    "WEB_CONCURRENCY",
    "HF_TOKEN",
    "GRAFANA_PASSWORD",
}
# Read only by the engine of one queue, so nobody else is given it.
OF_ONE_SERVICE = {"GEMINI_API_KEY": {"llm"}}


def launcher_commands() -> dict[str, list[str]]:
    """Return the launcher's commands as a container runs them: its own Python, no root, every address."""
    settings = LauncherSettings(_env_file=None, host="0.0.0.0", port=API_PORT, flower_port=FLOWER_PORT)  # noqa: S104
    known = {each.name: each.command for each in [migration({}), *programs(settings, {})]}
    contained = {sys.executable: "python", "--address=127.0.0.1": "--address=0.0.0.0"}
    without_root = {name: [part for part in each if part not in AS_ROOT] for name, each in known.items()}
    return {name: [contained.get(part, part) for part in each] for name, each in without_root.items()}


@pytest.mark.parametrize("name", OURS)
def test_a_service_runs_the_very_command_of_the_launcher(name: str) -> None:
    assert command_of(OURS[name]) == launcher_commands()[name.removesuffix("-nvidia")]


def test_every_program_of_the_launcher_has_a_service() -> None:
    assert set(launcher_commands()) <= set(OURS)


@pytest.mark.parametrize(("image", "program"), [("api", "api"), ("worker", "llm"), ("worker-gpu", "gpu")])
def test_an_image_alone_runs_its_program(image: str, program: str) -> None:
    assert image_command(image) == launcher_commands()[program]


@pytest.mark.parametrize(
    ("image", "modules"),
    [
        ("api", "api.main, api.decoding.program, alembic.config, shared.models"),
        (
            "worker",
            (
                "worker.main, worker.tasks, worker.celery_app.children, "
                "worker.engines.offline, worker.engines.kokoro"
            ),
        ),
        ("worker-gpu", "worker.main, worker.tasks, worker.celery_app.children, worker.engines.whisper"),
    ],
)
def test_what_an_image_copies_is_enough_to_start(image: str, modules: str, tmp_path: Path) -> None:
    for source in image_files(image):
        copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
        copy(ROOT / source, tmp_path / source)

    done = subprocess.run(
        [sys.executable, "-c", f"import {modules}"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("image", IMAGES)
def test_the_build_context_has_what_an_image_copies_and_nothing_secret(image: str) -> None:
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {rule.strip("!/") for rule in rules if rule.startswith("!")}

    assert "*" in rules
    assert set(image_files(image)) <= let_in
    assert f"docker/{image}.lock" in " ".join(said(image, "COPY"))
    assert "docker/*.lock" in let_in
    assert let_in <= {"alembic.ini", "alembic", "api", "docker/*.lock", "shared", "worker"}


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_has_a_pinned_base_of_our_python_and_ends_as_the_one_account(image: str) -> None:
    bases = {rest.split()[0] for rest in said(image, "FROM")}

    assert len(said(image, "FROM")) == 2
    assert all(re.fullmatch(rf"python:3\.11\.\d+-slim-bookworm{DIGEST}", base) for base in bases)
    assert said(image, "USER") == ["10001:10001"]
    assert "--uid 10001 " in said(image, "RUN")[-1]
    assert "--require-hashes" in said(image, "RUN")[0]


@pytest.mark.parametrize("name", [name for name, service in SERVICES.items() if "image" in service])
def test_a_foreign_image_is_pinned(name: str) -> None:
    if name not in OURS:
        assert re.fullmatch(rf"[\w/]+:v?\d+\.\d+(\.\d+)?{DIGEST}", SERVICES[name]["image"])


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_that_stays_has_a_health_check(name: str) -> None:
    service = SERVICES[name]
    check = service.get("healthcheck", {})

    own = "test" in check
    of_its_image = "build" in service and bool(said(image_of(service), "HEALTHCHECK"))
    assert (own or of_its_image) != (name == "migrate") or check == {"disable": True}


def test_a_workers_health_check_asks_that_very_worker() -> None:
    for name in ("gpu", "gpu-nvidia", "llm", "maintenance"):
        command = command_of(OURS[name])
        node = command[command.index("-n") + 1].removesuffix("%h")
        assert f"--destination {node}$$(hostname)" in OURS[name]["healthcheck"]["test"][1]
    assert "--destination gpu@$(hostname)" in said("worker-gpu", "HEALTHCHECK")[0]


def test_the_addresses_that_health_checks_ask_exist() -> None:
    [check] = said("api", "HEALTHCHECK")
    [(port, path)] = re.findall(r"http://127\.0\.0\.1:(\d+)(/[\w/]+)", check)
    paths = create_app(ApiSettings(_env_file=None)).openapi()["paths"]

    assert int(port) == API_PORT
    assert "get" in paths[path]
    assert f"http://127.0.0.1:{FLOWER_PORT}/healthcheck" in OURS["flower"]["healthcheck"]["test"][-1]


def test_published_ports_are_those_listened_on() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert [port.rpartition(":")[2] for port in published["api"]] == [str(API_PORT)]
    assert [port.rpartition(":")[2] for port in published["flower"]] == [str(FLOWER_PORT)]
    assert [port.rpartition(":")[2] for port in published["prometheus"]] == [str(PROMETHEUS_PORT)]
    assert [port.rpartition(":")[2] for port in published["grafana"]] == [str(GRAFANA_PORT)]
    assert said("api", "EXPOSE") == [str(API_PORT)]
    for name in set(published) - {"api"}:
        assert all(port.startswith("127.0.0.1:") for port in published[name]), name


def test_workers_show_their_metrics_where_prometheus_asks_and_nowhere_else() -> None:
    jobs = yaml.safe_load((ROOT / "docker" / "prometheus.yml").read_text())["scrape_configs"]
    asked = {job["job_name"]: job for job in jobs}
    [workers] = asked["workers"]["dns_sd_configs"]

    assert asked["api"]["static_configs"] == [{"targets": [f"api:{API_PORT}"]}]
    assert workers["port"] == METRICS_PORT
    assert set(workers["names"]) == {name for name, cls in SETTINGS.items() if cls is WorkerSettings}
    for name in workers["names"]:
        environment = OURS[name].get("environment", {})
        assert (environment["METRICS_PORT"], environment["METRICS_HOST"]) == (str(METRICS_PORT), "0.0.0.0")  # noqa: S104
        assert "ports" not in OURS[name]
        assert said(image_of(OURS[name]), "EXPOSE") == [str(METRICS_PORT)]
        assert f"METRICS_PORT={METRICS_PORT} METRICS_HOST=0.0.0.0" in " ".join(
            said(image_of(OURS[name]), "ENV")
        )
    assert LauncherSettings.model_fields["metrics_port"].default == METRICS_PORT


def test_processes_of_a_container_count_in_its_own_memory() -> None:
    for name, service in OURS.items():
        assert service["tmpfs"] == ["/tmp"], name  # noqa: S108
        assert "PROMETHEUS_MULTIPROC_DIR=/tmp/metrics" in " ".join(said(image_of(service), "ENV")), name


def test_prometheus_reads_our_files_and_changes_none() -> None:
    mounted = [volume for volume in SERVICES["prometheus"]["volumes"] if volume.startswith("./")]

    for volume in mounted:
        source, target, mode = volume.split(":")
        assert (ROOT / source).is_file()
        assert (target, mode) == (f"/etc/prometheus/{Path(source).name}", "ro")
    assert len(mounted) == 2


@pytest.mark.parametrize(
    ("app_env", "password", "starts"),
    [("dev", "password", True), ("prod", "password", False), ("prod", "of our own", True)],
)
def test_grafana_starts_in_prod_only_with_a_password_of_its_own(
    app_env: str, password: str, starts: bool
) -> None:
    environment = SERVICES["grafana"]["environment"]
    command = [part.replace("$$", "$") for part in SERVICES["grafana"]["entrypoint"]]
    assert command[-1].endswith("exec /run.sh")
    command[-1] = command[-1].replace("/run.sh", "echo started")

    done = subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], "APP_ENV": app_env, "GF_SECURITY_ADMIN_PASSWORD": password},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode == 0, done.stdout.strip() == "started") == (starts, starts)
    assert ("GRAFANA_PASSWORD" in done.stderr) is not starts
    given = {"APP_ENV": "${APP_ENV:-dev}", "GF_SECURITY_ADMIN_PASSWORD": "${GRAFANA_PASSWORD:-password}"}
    assert given.items() <= environment.items()


def test_grafana_may_write_nowhere_that_stays() -> None:
    grafana, ours = SERVICES["grafana"], OURS["api"]

    for bound in ("read_only", "cap_drop", "security_opt"):
        assert grafana[bound] == ours[bound]
    assert grafana["tmpfs"] == ["/tmp", "/var/lib/grafana"]  # noqa: S108
    assert "env_file" not in grafana


def test_services_start_after_what_they_need() -> None:
    for name, service in OURS.items():
        needed = {other: need["condition"] for other, need in service["depends_on"].items()}
        wanted = {"migrate": "service_completed_successfully", "redis": "service_healthy"}
        assert needed == ({"postgres": "service_healthy"} if name == "migrate" else wanted)
        assert set(needed) <= set(SERVICES)


def test_every_variable_of_the_compose_file_is_a_setting() -> None:
    classes: list[type[BaseSettings]] = [*SETTINGS.values(), LauncherSettings]
    settings = {field.upper() for cls in classes for field in cls.model_fields}

    assert set(re.findall(r"(?<!\$)\$\{(\w+)", compose_text())) <= settings | NOT_OURS
    for service in OURS.values():
        assert set(service["environment"]) <= settings | NOT_OURS


@pytest.mark.parametrize("name", OURS)
def test_a_secret_reaches_only_the_programs_that_read_it(name: str) -> None:
    environment: dict[str, Any] = OURS[name]["environment"]
    read = secrets_of(SETTINGS[name])
    every = set.union(*map(secrets_of, SETTINGS.values()))
    assert every >= {"AUDIO_SIGNING_KEY", "GEMINI_API_KEY", "FLOWER_BASIC_AUTH"}
    for secret in every:
        wanted = secret in read and name in OF_ONE_SERVICE.get(secret, {name})
        # Absent, `.env` gives it; empty, it is unset; `${...}` is `.env` again.
        assert (environment.get(secret, "${from .env}") != "") == wanted, secret


def secrets_of(cls: type[BaseSettings]) -> set[str]:
    """Return the names of the settings that hold a secret."""
    fields = cls.model_fields.items()
    secret = {SecretStr, SecretStr | None}
    return {name.upper() for name, field in fields if field.annotation in secret}


def test_a_worker_may_finish_its_stages_before_it_is_killed() -> None:
    grace = WorkerSettings.model_fields["shutdown_grace_seconds"].default
    for name in ("gpu", "gpu-nvidia", "llm", "maintenance"):
        assert int(OURS[name]["stop_grace_period"].removesuffix("s")) >= grace + 10
    command = image_command("api")
    graceful = int(command[command.index("--timeout-graceful-shutdown") + 1])
    assert int(OURS["api"]["stop_grace_period"].removesuffix("s")) > graceful


def test_api_and_workers_share_their_audio() -> None:
    for name in ("api", "gpu", "gpu-nvidia", "llm", "maintenance"):
        assert "data:/data" in OURS[name]["volumes"]
        assert OURS[name]["environment"]["DATA_DIR"] == "/data"
    for image in IMAGES:
        assert "DATA_DIR=/data" in " ".join(said(image, "ENV"))
        assert re.search(r"install --directory --owner app --group app /data\b", said(image, "RUN")[-1])


def test_a_linter_finds_nothing_in_the_dockerfiles() -> None:
    files = [str(ROOT / "docker" / f"{image}.Dockerfile") for image in IMAGES]

    done = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), *files], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "more", [[], ["--profile", "gpu"], ["--profile", "monitoring"], ["-f", "docker/host-servers.yml"]]
)
def test_compose_takes_the_compose_file(more: list[str]) -> None:
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("the compose client is not on this machine")
    command = ["docker", "compose", "-f", "docker-compose.yml", *more, "config", "--services"]
    environment = {name: os.environ[name] for name in ("HOME", "PATH")}

    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
    servers = set() if "-f" in more else {"postgres", "redis"}
    asked_for = {"gpu": {"gpu-nvidia"}, "monitoring": {"prometheus", "grafana"}}.get(
        more[-1] if more else "", set()
    )
    assert set(done.stdout.split()) == {*OURS} - {"gpu-nvidia"} | servers | asked_for
