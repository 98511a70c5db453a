"""What leads to the pages, and what watches them."""

import pytest
import yaml

from voting_site.roles import ROLES

from ..docker.files import FOLDER
from .chart import LEAST, MOST, needs_helm, pods, render, things

pytestmark = [pytest.mark.large, needs_helm]

# By page: host and path.
ADDRESSES = {
    "vote": ("vote.example.org", "/"),
    "result": ("results.example.org", "/"),
    "signin": ("example.org", "/signin"),
}


class TestIngress:
    def test_leads_to_the_pages_and_to_nothing_else(self):
        found = {}
        for name, one in things(MOST, "Ingress").items():
            [rule] = one["spec"]["rules"]
            [path] = rule["http"]["paths"]
            assert path["pathType"] == "Prefix"
            found[path["backend"]["service"]["name"]] = (rule["host"], path["path"])
            assert one["spec"]["tls"] == [{"hosts": [rule["host"]], "secretName": f"{name}-tls"}]
        assert found == {f"urna-{name}": address for name, address in ADDRESSES.items()}

    def test_is_not_made_unless_asked_for(self):
        assert not things(LEAST, "Ingress")
        assert not things(LEAST, "HTTPRoute")

    def test_has_no_certificate_without_tls(self):
        plain = LEAST | {"tls": "off", "trustedProxies": [], "ingress": {"enabled": True}}
        assert not [one for one in things(plain, "Ingress").values() if "tls" in one["spec"]]

    def test_may_have_one_certificate_for_all(self):
        values = LEAST | {"ingress": {"enabled": True, "tlsSecret": "wildcard", "annotations": {"a/b": "c"}}}
        found = things(values, "Ingress").values()
        assert {one["spec"]["tls"][0]["secretName"] for one in found} == {"wildcard"}
        assert all(one["metadata"]["annotations"] == {"a/b": "c"} for one in found)


class TestGateway:
    def test_leads_to_the_pages_and_to_nothing_else(self):
        found = {}
        for one in things(MOST, "HTTPRoute").values():
            [rule] = one["spec"]["rules"]
            [backend] = rule["backendRefs"]
            assert backend["port"] == 80
            assert one["spec"]["parentRefs"] == MOST["gateway"]["parentRefs"]
            found[backend["name"]] = (*one["spec"]["hostnames"], rule["matches"][0]["path"]["value"])
        assert found == {f"urna-{name}": address for name, address in ADDRESSES.items()}

    def test_may_let_sockets_stay(self):
        values = LEAST | {"gateway": MOST["gateway"] | {"timeouts": {"request": "0s"}}}
        timeouts = {name: one["spec"]["rules"][0].get("timeouts") for name, one in things(values, "HTTPRoute").items()}
        assert timeouts == {"urna-vote": None, "urna-result": {"request": "0s"}}


class TestMonitoring:
    def test_has_the_alerts_of_the_stack(self):
        rules = things(MOST, "PrometheusRule")["urna"]["spec"]
        assert rules == yaml.safe_load((FOLDER / "monitoring/alerts.yml").read_text())
        assert rules["groups"]

    def test_asks_each_role(self):
        selector = things(MOST, "Service")["urna-metrics"]["spec"]["selector"]
        found = {name for name, pod in pods(MOST).items() if selector.items() <= pod["metadata"]["labels"].items()}
        assert found == set(ROLES)

    def test_calls_each_role_a_job_as_the_alerts_do(self):
        [endpoint] = things(MOST, "ServiceMonitor")["urna"]["spec"]["endpoints"]
        [renamed] = endpoint["relabelings"]
        label = "__meta_kubernetes_pod_label_app_kubernetes_io_component"
        assert renamed == {"sourceLabels": [label], "targetLabel": "job"}
        assert {name: pods(MOST)[name]["metadata"]["labels"]["app.kubernetes.io/component"] for name in ROLES} == {
            name: name for name in ROLES
        }

    def test_finds_the_service_of_the_metrics_alone(self):
        monitor = things(MOST, "ServiceMonitor")["urna"]["spec"]
        wanted = monitor["selector"]["matchLabels"].items()
        found = [name for name, one in things(MOST, "Service").items() if wanted <= one["metadata"]["labels"].items()]
        assert found == ["urna-metrics"]
        assert [one["port"] for one in monitor["endpoints"]] == ["metrics"]

    def test_goes_past_the_services_that_visitors_reach(self):
        pages = [one for name, one in things(MOST, "Service").items() if name != "urna-metrics"]
        assert not [one for one in pages if "9464" in str(one)]

    def test_is_found_by_the_labels_that_values_name(self):
        for kind in ("ServiceMonitor", "PrometheusRule"):
            assert things(MOST, kind)["urna"]["metadata"]["labels"]["release"] == "prometheus"

    def test_is_not_there_unless_asked_for(self):
        assert not [one for one in render(LEAST) if one["apiVersion"].startswith("monitoring")]
