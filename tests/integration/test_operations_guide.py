"""What the operations guide tells an operator to type exists."""

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from api.main import create_app
from api.settings import ApiSettings
from local.settings import LauncherSettings
from tests.support.containers import compose_services, compose_text
from worker.settings import FlowerSettings, WorkerSettings

GUIDE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
# Read by others: PostgreSQL's image, uvicorn, the hub's and Prometheus's libraries, Grafana's container,
# OpenTelemetry's SDK.
FOREIGN = {
    "POSTGRES_USER",
    "POSTGRES_PASSWORD",
    "POSTGRES_DB",
    "WEB_CONCURRENCY",
    "FORWARDED_ALLOW_IPS",
    "HF_TOKEN",
    "PROMETHEUS_MULTIPROC_DIR",
    "GRAFANA_PASSWORD",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_BSP_SCHEDULE_DELAY",
}


@pytest.mark.parametrize("query", re.findall(r"```sql\n(.+?)```", GUIDE, re.DOTALL))
def test_a_query_of_the_guide_runs(database: Engine, query: str) -> None:
    with database.connect() as connection:
        assert connection.execute(text(query)).all() == []


def test_the_guide_names_only_settings_there_are() -> None:
    classes = (ApiSettings, WorkerSettings, FlowerSettings, LauncherSettings)
    settings = {field.upper() for cls in classes for field in cls.model_fields}

    assert set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", GUIDE)) <= settings | FOREIGN


def test_the_guide_names_only_services_and_files_there_are() -> None:
    services = compose_services()
    named = re.findall(r"(?:run --rm(?: --no-deps)?|exec -T|--scale) ([a-z-]+)", GUIDE)

    assert named
    assert set(named) <= set(services)
    assert "profiles: [gpu]" in compose_text()
    for path in re.findall(r"docker/[\w.-]+\.yml", GUIDE):
        assert (Path(__file__).parents[2] / path).is_file()


def test_the_guide_names_only_routes_there_are() -> None:
    paths = create_app(ApiSettings(_env_file=None)).openapi()["paths"]

    assert set(re.findall(r"/health(?:/\w+)?\b", GUIDE)) <= {*paths, "/healthcheck"}
