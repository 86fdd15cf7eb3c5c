"""The alerts: Prometheus takes them, each fires and stays silent where it should, and names what there is."""

import re
from typing import Any

import pytest
import yaml

from shared.metrics import NAMESPACE
from tests.support import exported
from tests.support.containers import DOCKER, ROOT
from tests.support.promtool import promtool

RULES: list[dict[str, Any]] = yaml.safe_load((DOCKER / "alerts.yml").read_text())["groups"][0]["rules"]
CASES: list[dict[str, Any]] = yaml.safe_load((DOCKER / "alerts.test.yml").read_text())["tests"]
GUIDE = (ROOT / "docs" / "operations.md").read_text()
NAME = re.compile(rf"\b{NAMESPACE}_(\w+)")


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "alerts.yml"),
        ("test", "rules", "alerts.test.yml"),
    ],
    ids=" ".join,
)
def test_prometheus_takes_what_lies_in_docker(arguments: tuple[str, ...]) -> None:
    done = promtool(*arguments)

    assert done.returncode == 0, done.stdout + done.stderr


def test_what_the_programs_show_is_named_as_prometheus_likes_it() -> None:
    done = promtool("check", "metrics", given=exported.exposition())

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_an_alert_fires_stays_silent_and_says_what_to_do(rule: dict[str, Any]) -> None:
    tried = [
        bool(check["exp_alerts"])
        for case in CASES
        for check in case["alert_rule_test"]
        if check["alertname"] == rule["alert"]
    ]

    assert set(tried) == {True, False}
    assert set(rule["annotations"]) == {"summary", "action"}
    assert rule["labels"]["severity"] in {"critical", "warning"}


def test_alerts_name_only_metrics_there_are() -> None:
    named = {
        re.sub(r"_(bucket|count|sum)$", "", name) for rule in RULES for name in NAME.findall(rule["expr"])
    }

    assert len(named) > 8
    assert named <= exported.names()


def test_the_guide_lists_every_metric_and_every_alert() -> None:
    table = GUIDE[GUIDE.index("## Metrics") :]
    listed = {
        name.partition("{")[0] for name in re.findall(r"^\| `([a-z0-9_]+[^`]*)` \|", table, re.MULTILINE)
    }
    alerts = set(re.findall(r"^\| `([A-Z]\w+)` \|", table, re.MULTILINE))

    assert listed == exported.names()
    assert alerts == {rule["alert"] for rule in RULES}
