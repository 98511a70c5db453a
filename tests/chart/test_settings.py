"""What becomes of the values of the chart."""

import pytest
import yaml
from django.conf import settings

from .chart import CHART, LEAST, MOST, SIGNIN, environment, needs_helm, pods, refusal, render, roles

pytestmark = [pytest.mark.large, needs_helm]


class TestSchema:
    def test_is_asked_by_helm(self):
        assert "does not match pattern" in refusal({})
        assert "not allowed" in refusal(LEAST | {"replica": 2})


class TestSettings:
    def test_of_one_role_go_before_those_of_all(self):
        values = LEAST | {"settings": {"LOG_LEVEL": "WARNING"}, "worker": {"settings": {"LOG_LEVEL": "DEBUG"}}}
        levels = {name: environment(pod)["LOG_LEVEL"] for name, pod in pods(values).items()}
        assert levels.pop("worker") == "DEBUG"
        assert set(levels.values()) == {"WARNING"}

    @pytest.mark.parametrize(
        ("given", "read"), [(1000000, "1000000"), (0.9, "0.9"), (True, "true"), ("007", "007"), ('a "b"', 'a "b"')]
    )
    def test_come_as_they_were_written(self, given, read):
        assert environment(pods(LEAST | {"settings": {"X": given}})["vote"])["X"] == read

    def test_name_the_hosts_of_all_pages(self):
        hosts = "vote.example.org,results.example.org,example.org,localhost"
        found = {name: environment(pod).get("ALLOWED_HOSTS") for name, pod in pods(MOST).items()}
        assert found == dict.fromkeys(found, None) | dict.fromkeys(("vote", "result", "signin"), hosts)

    def test_give_results_the_connections_that_the_charts_own_database_has_for_all_pods(self):
        cluster = next(one for one in render(MOST) if one["kind"] == "Cluster")
        room = int(cluster["spec"]["postgresql"]["parameters"]["max_connections"])
        connections = {name: environment(pod).get("RESULT_CONNECTIONS") for name, pod in pods(MOST).items()}
        given = int(connections.pop("prepare"))
        assert set(connections.values()) == {None}
        [most] = [
            one["spec"]["maxReplicas"]
            for one in render(MOST)
            if one["kind"] == "HorizontalPodAutoscaler" and one["metadata"]["name"] == "urna-result"
        ]
        # During an update there are twice as many, each with one for its sockets.
        needed = 2 * most * (settings.RESULT_THREADS + 1)
        others = sum(number for role, number in settings.DATABASE_CONNECTIONS.items() if role != "result")
        assert needed <= given
        assert given + others < room - 10

    def test_let_results_have_the_connections_that_the_values_say(self):
        assert (
            environment(pods(MOST | {"settings": {"RESULT_CONNECTIONS": 60}})["prepare"])["RESULT_CONNECTIONS"] == "60"
        )

    def test_do_not_depend_on_names_of_services(self):
        # A Service `vote` would set VOTE_PORT to tcp://...
        assert {pod["spec"]["enableServiceLinks"] for pod in pods(MOST).values()} == {False}


class TestImage:
    def test_is_that_of_the_release_by_default(self):
        version = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
        assert {pod["spec"]["containers"][0]["image"] for pod in pods(LEAST).values()} == {f"urna:{version}"}

    def test_can_be_held_back_for_some_roles(self):
        held = {"tag": "1", "roles": ["result", "vote"]}
        found = pods(LEAST | {"image": {"repository": "r.example.org/urna", "tag": "2", "held": held}})
        tags = {name: pod["spec"]["containers"][0]["image"] for name, pod in found.items()}
        old = {name for name, image in tags.items() if image == "r.example.org/urna:1"}
        assert old == {"result", "vote"}
        assert {tags[name] for name in tags.keys() - old} == {"r.example.org/urna:2"}


class TestSigningIn:
    def test_is_not_there_without_providers(self):
        assert "signin" not in roles(LEAST)
        assert not [one for one in render(LEAST) if one["metadata"]["name"].startswith("urna-signin")]

    def test_has_its_clients_as_a_file(self):
        assert environment(pods(MOST)["signin"])["SIGNIN_CLIENTS_FILE"] == "/run/secrets/urna/SIGNIN_CLIENTS"
        assert SIGNIN["secretFiles"]["SIGNIN_CLIENTS"]["secret"] == "urna-signin-clients"

    def test_is_known_to_all_roles(self):
        assert {environment(pod)["SIGNIN_PROVIDERS"] for pod in pods(MOST).values()} == {"gitlab=GitLab"}
