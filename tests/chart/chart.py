"""The chart as helm renders it; no cluster is needed to read it."""

import json
import os
import shutil
import subprocess
from functools import cache
from typing import Any

import pytest
import yaml

from voting_site.roles import ROLES

from ..docker.files import FOLDER

CHART = FOLDER / "chart"
HELM = os.environ.get("HELM") or shutil.which("helm")
needs_helm = pytest.mark.skipif(HELM is None, reason="there is no helm: .ci/chart-tools brings it")

# What every installation has to say; and one that has everything.
LEAST: dict[str, Any] = {
    "vote": {"url": "https://vote.example.org"},
    "result": {"url": "https://results.example.org"},
    "trustedProxies": ["10.244.0.0/16"],
    "database": {"pods": {"app": "postgres"}},
}
SIGNIN: dict[str, Any] = {
    "url": "https://example.org/signin/",
    "providers": "gitlab=GitLab",
    "secretFiles": {"SIGNIN_CLIENTS": {"secret": "urna-signin-clients", "key": "clients"}},
}
MOST: dict[str, Any] = LEAST | {
    "signin": SIGNIN,
    "database": {"cluster": {"create": True}},
    "ingress": {"enabled": True, "className": "nginx"},
    "gateway": {"enabled": True, "parentRefs": [{"name": "public", "namespace": "gateway"}]},
    "monitoring": {"enabled": True, "labels": {"release": "prometheus"}},
    "worker": {"replicas": 2},
}

Thing = dict[str, Any]


def helm(values: Thing, *words: str) -> "subprocess.CompletedProcess[str]":
    """Let helm render the chart with these values, as the release `urna` in the namespace `urna`."""
    assert HELM
    command = [HELM, "template", "urna", str(CHART), "--namespace", "urna", "--values", "-", *words]
    return subprocess.run(command, input=json.dumps(values), text=True, capture_output=True)


@cache
def _render(values: str) -> list[Thing]:
    done = helm(json.loads(values))
    assert done.returncode == 0, done.stderr
    return [thing for thing in yaml.safe_load_all(done.stdout) if thing]


def render(values: Thing) -> list[Thing]:
    """Return all that the chart makes with these values."""
    return _render(json.dumps(values, sort_keys=True))


def refusal(values: Thing) -> str:
    """Return why helm does not take these values; empty if it takes them."""
    done = helm(values)
    return done.stderr if done.returncode else ""


def things(values: Thing, kind: str) -> dict[str, Thing]:
    """Return the things of one kind, by name."""
    return {one["metadata"]["name"]: one for one in render(values) if one["kind"] == kind}


def roles(values: Thing) -> dict[str, Thing]:
    """Return the Deployment of each role."""
    return {name.removeprefix("urna-"): one for name, one in things(values, "Deployment").items()}


def pods(values: Thing) -> dict[str, Thing]:
    """Return the template of the pods of each role, and of the job."""
    found = roles(values) | {"prepare": things(values, "Job")["urna-prepare"]}
    return {name: one["spec"]["template"] for name, one in found.items()}


def container(pod: Thing) -> Thing:
    """Return the only container of a pod."""
    [found] = pod["spec"]["containers"]
    assert "initContainers" not in pod["spec"]
    return dict(found)


def environment(pod: Thing) -> dict[str, str]:
    return {one["name"]: one["value"] for one in container(pod)["env"]}


def files(pod: Thing) -> dict[str, tuple[str, str]]:
    """Return the Secret and the key of each file of secrets."""
    [volume] = [one["projected"] for one in pod["spec"]["volumes"] if "projected" in one]
    return {
        item["path"]: (source["secret"]["name"], item["key"])
        for source in volume["sources"]
        for item in source["secret"]["items"]
    }


# Those that voters reach.
PAGES = ("vote", "result", "signin")
WITH_PORT = tuple(name for name, role in ROLES.items() if role.port)
