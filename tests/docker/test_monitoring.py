"""The files for Prometheus and Grafana, against the code and the documents."""

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from .files import FOLDER, OPTIONAL, PROJECT, ROLES, load, services, words

MONITORING = FOLDER / "monitoring"
DOCUMENT = (PROJECT / "docs/monitoring.md").read_text()
SUFFIXES = ("_bucket", "_sum", "_count")


def defined_metrics() -> set[str]:
    """Return the names of all metrics that the code defines, as Prometheus shows them."""
    found: set[str] = set()
    for path in PROJECT.glob("*/metrics.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in ("Counter", "Histogram", "Fact"):
                name = ast.literal_eval(call.args[0])
                found.add(f"{name}_total" if ast.unparse(call.func) == "Counter" else name)
    return found


def named_metrics(text: str) -> set[str]:
    """Return the names of metrics in a text, a histogram's parts as the histogram."""
    names = set(re.findall(r"\burna_[a-z_]+", text)) - {"urna_private"}
    return {re.sub(rf"({'|'.join(SUFFIXES)})$", "", name) for name in names}


def alerts() -> list[dict[str, Any]]:
    [group] = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def expressions() -> Iterator[str]:
    """Yield all queries of the alerts and of the dashboard."""
    yield from (alert["expr"] for alert in alerts())
    for panel in json.loads((MONITORING / "grafana/urna.json").read_text())["panels"]:
        yield from (target["expr"] for target in panel["targets"])


class TestMetrics:
    def test_of_queries_exist(self):
        assert named_metrics(" ".join(expressions())) - defined_metrics() == set()

    def test_are_all_documented_and_no_others(self):
        table = set(re.findall(r"^\| `(urna_\w+)` \|", DOCUMENT, re.MULTILINE))
        assert table == defined_metrics()
        assert named_metrics(DOCUMENT) - defined_metrics() == set()

    def test_have_names_that_follow_the_conventions(self):
        for name in defined_metrics():
            assert re.fullmatch(r"urna(_[a-z]+)+", name)
            assert not re.search(r"_(ms|milliseconds|minutes|kilobytes|mb)(_|$)", name)

    def test_that_do_not_exist_are_noticed(self):
        assert named_metrics("rate(urna_votes_total[1m])") - defined_metrics() == {"urna_votes_total"}


class TestAlerts:
    @pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
    def test_say_what_is_wrong_and_what_to_do(self, alert):
        assert alert["annotations"]["summary"]
        assert alert["labels"]["severity"] in ("critical", "warning")
        assert f"docs/monitoring.md#{alert['alert'].lower()}" in alert["annotations"]["action"]
        assert f"### {alert['alert']}\n" in DOCUMENT

    def test_are_documented_only_where_they_exist(self):
        assert set(re.findall(r"^### (Urna\w+)$", DOCUMENT, re.MULTILINE)) == {alert["alert"] for alert in alerts()}

    def test_speak_of_every_role(self):
        [down] = [alert["expr"] for alert in alerts() if alert["alert"] == "UrnaRoleDown"]
        assert set(re.findall(r'absent\(up\{job="(\w+)"\}\)', down)) == set(ROLES) - {OPTIONAL}
        assert OPTIONAL in down

    def test_all_fire_in_the_scene_that_is_given_to_promtool(self):
        [scene] = yaml.safe_load((MONITORING / "alerts.test.yml").read_text())["tests"]
        fired = scene["promql_expr_test"][0]["exp_samples"][0]["value"]
        assert fired == len(alerts())
        assert named_metrics(str(scene["input_series"])) - defined_metrics() == set()

    def test_have_balanced_brackets(self):
        for text in expressions():
            assert all(text.count(opening) == text.count(closing) for opening, closing in ("()", "{}", "[]")), text


class TestScraping:
    @pytest.mark.parametrize(("kind", "prefix"), [("compose", ""), ("swarm", "tasks.")])
    def test_finds_every_role_by_its_name(self, kind, prefix):
        jobs = yaml.safe_load((MONITORING / f"scrape-{kind}.yml").read_text())["scrape_configs"]
        found = {job["job_name"]: job["dns_sd_configs"][0] for job in jobs}
        assert {name: one["names"] for name, one in found.items()} == {role: [prefix + role] for role in ROLES}
        assert {(one["port"], one["type"]) for one in found.values()} == {(9464, "A")}

    @pytest.mark.parametrize("file", ["compose.yaml", "stack.yaml"])
    @pytest.mark.parametrize("role", ROLES)
    def test_asks_where_the_roles_answer(self, file, role):
        command = words(services(file)[role]["command"])
        assert command[command.index("--metrics-port") + 1] == "9464"
        # Not on `public`, from where the numbers of a hidden election could be read.
        assert command[command.index("--metrics-towards") + 1] == "redis"
        assert services(file)["redis"]["networks"] == ["private"]

    @pytest.mark.parametrize("file", ["compose.yaml", "stack.yaml"])
    def test_port_is_published_nowhere(self, file):
        published = [port for one in services(file).values() for port in one.get("ports", [])]
        assert published
        assert not [port for port in published if "9464" in str(port)]


class TestOverlay:
    def test_publishes_on_loopback_alone(self):
        for name in ("prometheus", "grafana"):
            [port] = services("monitoring/compose.yaml")[name]["ports"]
            assert port.startswith("127.0.0.1:")

    def test_adds_services_and_changes_none(self):
        overlay = load("monitoring/compose.yaml")
        assert set(overlay["services"]) == {"prometheus", "grafana"}
        for part in ("services", "volumes", "networks", "configs"):
            assert not set(overlay[part]) & set(load("compose.yaml")[part])

    def test_brings_files_that_are_there(self):
        for config in load("monitoring/compose.yaml")["configs"].values():
            assert (FOLDER / config["file"]).is_file()

    @pytest.mark.parametrize("name", ["prometheus", "grafana"])
    def test_holds_to_the_policies_of_the_others(self, name):
        service = services("monitoring/compose.yaml")[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["deploy"]["resources"]["limits"].keys() == {"memory", "cpus", "pids"}

    def test_keeps_grafana_from_the_servers(self):
        assert services("monitoring/compose.yaml")["grafana"]["networks"] == ["monitoring"]
