"""The alerts: Prometheus takes them, each fires and stays silent where it should, and names what there is."""

import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

import api.http.metrics  # noqa: F401
import worker.metrics  # noqa: F401 - imported, like the one above, to define what it counts
from shared.backlog import Backlog, BacklogCollector
from shared.metrics import DEFINED, NAMESPACE, exposition
from tests.support.containers import DOCKER, ROOT

RULES: list[dict[str, Any]] = yaml.safe_load((DOCKER / "alerts.yml").read_text())["groups"][0]["rules"]
CASES: list[dict[str, Any]] = yaml.safe_load((DOCKER / "alerts.test.yml").read_text())["tests"]
GUIDE = (ROOT / "docs" / "operations.md").read_text()
NOTHING_WAITS = BacklogCollector(lambda: Backlog({}, {}, {}, {}))
NAME = re.compile(rf"\b{NAMESPACE}_(\w+)")


def everything_shown() -> set[str]:
    """Return the names of all our metrics, without the namespace; a histogram's is its own."""
    families = [*DEFINED.collect(), *NOTHING_WAITS.collect()]
    return {
        each.name.removeprefix(f"{NAMESPACE}_") + ("_total" if each.type == "counter" else "")
        for each in families
    }


def promtool(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not on this machine")
    return subprocess.run(
        ["promtool", *arguments], cwd=DOCKER, input=given, capture_output=True, text=True, check=False
    )


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
    done = promtool("check", "metrics", given=exposition(NOTHING_WAITS).decode())

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
    assert named <= everything_shown()


def test_the_guide_lists_every_metric_and_every_alert() -> None:
    table = GUIDE[GUIDE.index("## Metrics") :]
    listed = {
        name.partition("{")[0] for name in re.findall(r"^\| `([a-z0-9_]+[^`]*)` \|", table, re.MULTILINE)
    }
    alerts = set(re.findall(r"^\| `([A-Z]\w+)` \|", table, re.MULTILINE))

    assert listed == everything_shown()
    assert alerts == {rule["alert"] for rule in RULES}
