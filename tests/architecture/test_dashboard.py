"""The dashboard: Grafana finds it, its panels lie side by side, and each query shows what there is."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from api.main import create_app
from api.settings import ApiSettings
from shared.metrics import NAMESPACE
from tests.support import exported
from tests.support.containers import DOCKER, ROOT, compose_services
from tests.support.promtool import promtool

GRAFANA = DOCKER / "grafana"
BOARD: dict[str, Any] = json.loads((GRAFANA / "dashboards" / "english-practice.json").read_text())
PANELS: list[dict[str, Any]] = BOARD["panels"]
PROMETHEUS_OWN = {"up", "ALERTS"}
INTERVALS = {"$__rate_interval": "1m", "$__range": "5m"}
WIDTH = 24


class Query(NamedTuple):
    """A query of a panel, as Prometheus gets it."""

    panel: str
    expr: str
    legend: str


class Place(NamedTuple):
    """Where a panel lies: columns and rows of Grafana's grid."""

    x: int
    y: int
    w: int
    h: int


def queries() -> Iterator[Query]:
    for panel in PANELS:
        for target in panel.get("targets", ()):
            expr = target["expr"]
            for variable, interval in INTERVALS.items():
                expr = expr.replace(variable, interval)
            yield Query(f"{panel['title']} {target['refId']}", expr, target["legendFormat"])


QUERIES = list(queries())


def provisioned(kind: str) -> dict[str, Any]:
    [path] = (GRAFANA / "provisioning" / kind).iterdir()
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


def test_grafana_finds_its_files_and_changes_none() -> None:
    grafana = compose_services()["grafana"]
    mounts = dict(volume.removesuffix(":ro").split(":") for volume in grafana["volumes"])
    [provider] = provisioned("dashboards")["providers"]
    home = Path(grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])

    assert all(volume.endswith(":ro") for volume in grafana["volumes"])
    assert all((ROOT / source).is_dir() for source in mounts)
    assert mounts["./docker/grafana/provisioning"] == "/etc/grafana/provisioning"
    assert mounts["./docker/grafana/dashboards"] == provider["options"]["path"] == str(home.parent)
    assert (GRAFANA / "dashboards" / home.name).is_file()
    assert (provider["allowUiUpdates"], BOARD["editable"]) == (False, False)


def test_every_panel_asks_the_datasource_that_is_provisioned() -> None:
    [source] = provisioned("datasources")["datasources"]
    jobs = yaml.safe_load((DOCKER / "prometheus.yml").read_text())
    asked = [panel["datasource"] for panel in PANELS if panel["type"] != "row"]
    asked += [target["datasource"] for panel in PANELS for target in panel.get("targets", ())]

    assert all(each == {"type": source["type"], "uid": source["uid"]} for each in asked)
    assert source["url"] == "http://prometheus:9090"
    assert source["jsonData"]["timeInterval"] == jobs["global"]["scrape_interval"]


def test_panels_have_their_own_ids_and_lie_beside_each_other() -> None:
    ids = [panel["id"] for panel in PANELS]
    places = {panel["title"]: Place(**panel["gridPos"]) for panel in PANELS}
    overlapping = [
        (one, other)
        for (one, a), (other, b) in combinations(places.items(), 2)
        if a.x < b.x + b.w and b.x < a.x + a.w and a.y < b.y + b.h and b.y < a.y + a.h
    ]

    assert len(set(ids)) == len(ids) == len(places)
    assert overlapping == []
    assert all(place.x >= 0 and place.x + place.w <= WIDTH for place in places.values())
    assert all(panel["description"] for panel in PANELS if panel["type"] != "row")


def test_everything_that_the_programs_show_is_tried_here() -> None:
    assert exported.names_shown() == exported.names()


def test_queries_name_only_metrics_and_labels_there_are() -> None:
    labels: dict[str, set[str]] = {}
    for name, series in exported.shown().samples:
        labels.setdefault(name, set()).update(label for label, _ in series)
    ours = set()

    for panel, expr, legend in QUERIES:
        selected = re.findall(rf"\b({NAMESPACE}_\w+)(?:\{{([^}}]*)\}})?", expr)
        known = set.union(set(), *(labels[name] for name, _ in selected))
        grouped = {
            label.strip() for group in re.findall(r"by \(([^)]*)\)", expr) for label in group.split(",")
        }
        assert all(
            label in labels[name]
            for name, matchers in selected
            for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\"", matchers)
        ), panel
        assert grouped <= known, panel
        assert set(re.findall(r"\{\{(\w+)\}\}", legend)) == grouped - {"le"}, panel
        foreign = {
            name for name in re.findall(r"\b([A-Za-z_]\w*)[{\[]", expr) if not name.startswith(NAMESPACE)
        }
        assert foreign <= PROMETHEUS_OWN, panel
        ours |= {name for name, _ in selected}
    assert len(ours) > 15


def test_routes_in_queries_are_routes_of_the_api() -> None:
    paths = set(create_app(ApiSettings(_env_file=None)).openapi()["paths"])
    asked = {route for query in QUERIES for route in re.findall(r'route=~"([^"]*)"', query.expr)}

    assert asked
    for route in asked:
        assert len([path for path in paths if re.fullmatch(route, path)]) == 2


def test_every_query_shows_something_once_everything_has_happened(tmp_path: Path) -> None:
    """Prometheus parses each query, and finds a figure in the series that the programs show."""
    series = [
        {"series": name + json_labels(labels), "values": "0+1x40"}
        for (name, labels) in exported.shown().samples
    ]
    rules = [
        # What a query falls back to is no figure of ours; nor is NaN, which no comparison holds for.
        {"alert": query.panel, "expr": f"count(({query.expr.replace(' or vector(0)', '')}) >= 0) > 0"}
        for query in QUERIES
    ]
    test = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "15s",
        "tests": [
            {
                "interval": "15s",
                "input_series": series,
                "alert_rule_test": [
                    {"eval_time": "9m", "alertname": rule["alert"], "exp_alerts": [{}]} for rule in rules
                ],
            }
        ],
    }
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    (tmp_path / "test.yml").write_text(yaml.safe_dump(test))

    parsed = promtool("check", "rules", str(tmp_path / "rules.yml"))
    assert parsed.returncode == 0, parsed.stdout + parsed.stderr
    done = promtool("test", "rules", str(tmp_path / "test.yml"))
    assert done.returncode == 0, done.stdout + done.stderr


def json_labels(labels: frozenset[tuple[str, str]]) -> str:
    """Return the labels as PromQL writes them."""
    return "{" + ",".join(f"{name}={json.dumps(value)}" for name, value in sorted(labels)) + "}"
