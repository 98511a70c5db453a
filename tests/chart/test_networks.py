"""Who reaches whom, computed from the network policies as a cluster does it, against the table of the roles."""

import ipaddress
from dataclasses import dataclass
from typing import Any

import pytest

from voting_site.roles import ROLES, WITH_DATABASE

from .chart import LEAST, MOST, PAGES, container, needs_helm, pods, things

pytestmark = [pytest.mark.large, needs_helm]

OUTSIDE = "198.51.100.7"
PORTS = (53, 443, 5432, 6379, 8000, 9187, 9464)


@dataclass(frozen=True)
class Pod:
    """Somebody in the cluster, or an address outside, which has neither namespace nor labels."""

    namespace: str
    labels: dict[str, str]
    ports: dict[str, int]


def people(values: dict[str, Any]) -> dict[str, Pod]:
    """Return all pods of the chart, those around them, and two strangers."""
    ours = {
        name: Pod(
            "urna",
            pod["metadata"]["labels"],
            {one["name"]: one["containerPort"] for one in container(pod).get("ports", [])},
        )
        for name, pod in pods(values).items()
    }
    return ours | {
        "redis": Pod("urna", {"app.kubernetes.io/name": "valkey", "app.kubernetes.io/instance": "valkey"}, {}),
        "db": Pod("urna", {"cnpg.io/cluster": "urna-db"}, {}),
        "ingress": Pod("ingress-nginx", {"app": "ingress"}, {}),
        "prometheus": Pod("monitoring", {"app": "prometheus"}, {}),
        "operator": Pod("cnpg-system", {}, {}),
        "dns": Pod("kube-system", {"k8s-app": "kube-dns"}, {}),
        "system": Pod("kube-system", {"app": "other"}, {}),
        "neighbour": Pod("urna", {"app": "other"}, {}),
        "stranger": Pod("elsewhere", {"app.kubernetes.io/name": "valkey", "urna/redis": "yes"}, {}),
        "outside": Pod("", {}, {}),
    }


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    assert selector.keys() <= {"matchLabels"}
    return bool(selector.get("matchLabels", {}).items() <= labels.items())


def is_meant(peer: dict[str, Any], pod: Pod) -> bool:
    assert peer.keys() <= {"podSelector", "namespaceSelector", "ipBlock"}
    if "ipBlock" in peer:
        return not pod.namespace and ipaddress.ip_address(OUTSIDE) in ipaddress.ip_network(peer["ipBlock"]["cidr"])
    if "namespaceSelector" in peer:
        here = selects(peer["namespaceSelector"], {"kubernetes.io/metadata.name": pod.namespace})
    else:
        here = pod.namespace == "urna"
    return bool(pod.namespace) and here and selects(peer.get("podSelector", {}), pod.labels)


def lets_through(rule: dict[str, Any], peers: str, other: Pod, target: Pod, port: int) -> bool:
    wanted = [target.ports.get(one["port"], one["port"]) for one in rule.get("ports", [])]
    to_port = "ports" not in rule or port in wanted
    return to_port and (peers not in rule or any(is_meant(peer, other) for peer in rule[peers]))


def allows(policies: list[dict[str, Any]], way: str, pod: Pod, other: Pod, target: Pod, port: int) -> bool:
    """Tell whether a pod may be reached (`Ingress`) or reach (`Egress`) another; one without a policy may."""
    about = [
        one["spec"]
        for one in policies
        if pod.namespace == "urna"
        and way in one["spec"]["policyTypes"]
        and selects(one["spec"]["podSelector"], pod.labels)
    ]
    peers = "from" if way == "Ingress" else "to"
    rules = [rule for one in about for rule in one.get(way.lower(), [])]
    return not about or any(lets_through(rule, peers, other, target, port) for rule in rules)


def reached(values: dict[str, Any]) -> set[tuple[str, str, int]]:
    """Return who reaches whom on which port, as far as one of them belongs to Urna."""
    policies, all_of_them = list(things(values, "NetworkPolicy").values()), people(values)
    ours = {*pods(values), "redis", "db"}
    return {
        (source, target, port)
        for source, one in all_of_them.items()
        for target, other in all_of_them.items()
        for port in PORTS
        if ({source, target} & ours and source != target) or source == target == "db"
        if allows(policies, "Egress", one, other, other, port) and allows(policies, "Ingress", other, one, other, port)
    }


def wanted(roles: set[str]) -> set[tuple[str, str, int]]:
    """Return who has to reach whom, by the table of the roles; the database itself may go out."""
    work = {*roles, "prepare"}
    found = {(name, "redis", 6379) for name in work}
    found |= {(name, "db", 5432) for name in work & {*WITH_DATABASE, "prepare"}}
    found |= {("ingress", name, 8000) for name in roles & set(PAGES)}
    found |= {("prometheus", name, 9464) for name in roles}
    return found | {(name, "dns", 53) for name in work}


class TestNetworks:
    def test_let_through_what_the_work_needs_and_nothing_else(self):
        values = LEAST | {"database": {"pods": {"cnpg.io/cluster": "urna-db"}}}
        assert {one for one in reached(values) if one[0] != "db"} == wanted(
            {name for name, role in ROLES.items() if not role.needs}
        )

    def test_let_signin_out_to_its_providers(self):
        found = {one for one in reached(MOST) if one[0] != "db"}
        cluster = {("operator", "db", 5432), ("operator", "db", 8000), ("prometheus", "db", 9187)}
        out = {one for one in found if one[0] == "signin"} - wanted(set(ROLES))
        assert out >= {("signin", "outside", 443)}
        assert {port for _, _, port in out} == {443}
        assert found - out == wanted(set(ROLES)) | cluster

    def test_let_the_instances_of_the_database_talk(self):
        assert ("db", "db", 5432) in reached(MOST)

    def test_keep_vote_and_beat_from_the_database(self):
        assert not [one for one in reached(MOST) if one[0] in ("vote", "beat") and one[1] == "db"]

    def test_keep_all_visitors_from_the_administration(self):
        assert {source for source, target, _ in reached(MOST) if target == "admin"} == {"prometheus"}

    def test_keep_the_ballot_box_inside(self):
        assert not [one for one in reached(MOST) if one[0] == "redis"]

    def test_let_copies_of_the_ballot_box_and_sentinels_talk(self, monkeypatch):
        monkeypatch.setattr(f"{__name__}.PORTS", (*PORTS, 26379))
        values = LEAST | {"redis": {"sentinelPort": 26379}}
        found = {one for one in reached(values) if "redis" in one[:2]}
        roles = {name for name, role in ROLES.items() if not role.needs} | {"prepare"}
        assert found == {(name, "redis", port) for name in roles for port in (6379, 26379)} | {("redis", "dns", 53)}
        [policy] = [one for name, one in things(values, "NetworkPolicy").items() if name.endswith("-redis")][-1:]
        box = people(values)["redis"]
        for port in (6379, 26379):
            for direction in ("Egress", "Ingress"):
                assert allows([policy], direction, box, box, box, port)

    def test_let_a_role_out_where_values_say_so(self):
        mail = [{"to": [{"ipBlock": {"cidr": "198.51.100.0/24"}}], "ports": [{"port": 587}]}]
        values = LEAST | {"worker": {"egress": mail}}
        [policy] = [one for name, one in things(values, "NetworkPolicy").items() if name.endswith("-out")]
        assert policy["spec"]["egress"] == mail
        worker = people(values)["worker"]
        assert [name for name, one in people(values).items() if selects(policy["spec"]["podSelector"], one.labels)] == [
            "worker"
        ]
        assert allows([policy], "Egress", worker, people(values)["outside"], people(values)["outside"], 587)

    def test_lead_to_servers_elsewhere_by_their_networks(self):
        away = {"pods": {}, "networks": ["198.51.100.0/24"]}
        values = LEAST | {"redis": away, "database": away}
        found = {one for one in reached(values) if one[0] in pods(values)}
        roles = {name for name, role in ROLES.items() if not role.needs} | {"prepare"}
        assert {source for source, target, port in found if (target, port) == ("outside", 6379)} == roles
        assert {source for source, target, port in found if (target, port) == ("outside", 5432)} == roles & {
            *WITH_DATABASE,
            "prepare",
        }

    def test_can_be_left_to_others(self):
        assert not things(LEAST | {"networkPolicy": {"enabled": False}}, "NetworkPolicy")
