"""What the chart makes, against the published schemas of the oldest and the newest Kubernetes it is for."""

import copy
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from .chart import CHART, LEAST, MOST, needs_helm, render

SCHEMAS = Path(os.environ.get("KUBERNETES_SCHEMAS", "/nowhere"))
OLDEST = yaml.safe_load((CHART / "Chart.yaml").read_text())["kubeVersion"].removeprefix(">=").removesuffix("-0")
VERSIONS = [f"v{OLDEST}", *([max(one.name for one in SCHEMAS.iterdir())] if SCHEMAS.is_dir() else [])]
# Things of other projects, whose schemas are not Kubernetes' own.
FOREIGN = ("postgresql.cnpg.io", "gateway.networking.k8s.io", "monitoring.coreos.com")

pytestmark = [
    pytest.mark.large,
    needs_helm,
    pytest.mark.skipif(not SCHEMAS.is_dir(), reason="there are no schemas of Kubernetes: .ci/chart-tools brings them"),
]


@cache
def registry(version: str) -> Registry[Any]:
    definitions = json.loads((SCHEMAS / version / "_definitions.json").read_text())
    return Registry().with_resource("_definitions.json", Resource.from_contents(definitions, DRAFT7))


def complaints(version: str, thing: dict[str, Any]) -> list[str]:
    """Return what the schema of a thing says against it; fields that it does not know count."""
    group, _, number = thing["apiVersion"].rpartition("/")
    file = "-".join(filter(None, (thing["kind"].lower(), group.split(".")[0], number)))
    schema = json.loads((SCHEMAS / version / f"{file}.json").read_text())
    validator = jsonschema.Draft7Validator(schema, registry=registry(version))
    return [f"{one.json_path}: {one.message}" for one in validator.iter_errors(thing)]


def name(thing: dict[str, Any]) -> str:
    return str(thing["metadata"]["name"])


def own(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in render(values) if not one["apiVersion"].startswith(FOREIGN)]


@pytest.mark.parametrize("version", VERSIONS)
class TestSchemas:
    @pytest.mark.parametrize("values", [LEAST, MOST], ids=["least", "most"])
    def test_know_all_that_the_chart_makes(self, version, values):
        found = {f"{one['kind']} {name(one)}": complaints(version, one) for one in own(values)}
        assert {name: errors for name, errors in found.items() if errors} == {}
        assert len(found) >= 20

    def test_would_notice_a_field_that_is_not_there(self, version):
        [changed] = [
            copy.deepcopy(one) for one in own(LEAST) if (one["kind"], name(one)) == ("Deployment", "urna-beat")
        ]
        changed["spec"]["template"]["spec"]["containers"][0]["readOnlyRootFilesystem"] = True
        assert complaints(version, changed)
