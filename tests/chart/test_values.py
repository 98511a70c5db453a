"""Which values the chart takes."""

import json
from typing import Any

import jsonschema
import pytest
import yaml

from .chart import CHART, LEAST, MOST

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text())


def merged(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    return ours | {
        name: merged(ours[name], value) if isinstance(value, dict) and isinstance(ours.get(name), dict) else value
        for name, value in theirs.items()
    }


def complaint(values: dict[str, Any]) -> str:
    """Return what the schema says against values on top of the defaults; empty if it takes them."""
    errors = jsonschema.Draft7Validator(SCHEMA).iter_errors(merged(DEFAULTS, values))
    return "\n".join(sorted(f"{one.json_path}: {one.message}" for one in errors))


class TestSchema:
    def test_is_one(self):
        jsonschema.Draft7Validator.check_schema(SCHEMA)

    @pytest.mark.parametrize("values", [LEAST, MOST], ids=["least", "most"])
    def test_takes_what_is_meant(self, values):
        assert complaint(values) == ""

    def test_wants_both_addresses_the_proxies_and_the_database(self):
        assert {line.split(":")[0] for line in complaint({}).splitlines()} == {
            "$.vote.url",
            "$.result.url",
            "$.trustedProxies",
            "$.database",
        }

    @pytest.mark.parametrize(
        "name",
        [
            "SECRET_KEY", "SECRET_KEY_FALLBACKS", "DATABASE_URL", "WORKER_DATABASE_URL", "REDIS_URL", "VOTE_REDIS_URL",
            "BALLOT_BOX_URL", "WORKER_BALLOT_BOX_URL",
            "EMAIL_HOST_PASSWORD", "OIDC_CLIENT_SECRET", "BOUNCES_URL", "SIGNIN_CLIENTS",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("where", ["", "vote", "beat"])
    def test_takes_no_secret_among_the_settings(self, where, name):
        settings = {"settings": {name: "x"}}
        assert name in complaint(merged(LEAST, {where: settings} if where else settings))

    @pytest.mark.parametrize("name", ["TRUSTED_PROXIES", "URNA_TLS", "VOTE_URL", "SIGNIN_PROVIDERS"])
    def test_takes_no_setting_that_has_a_value_of_its_own(self, name):
        assert name in complaint(merged(LEAST, {"vote": {"settings": {name: "x"}}}))

    @pytest.mark.parametrize(
        "values",
        [
            {"replica": 2},
            {"vote": {"replica": 2}},
            {"beat": {"replicas": 2}},
            {"vote": {"replicas": 0}},
            {"vote": {"url": "vote.example.org"}},
            {"trustedProxies": ["10.0.0.1"]},
            {"tls": "on"},
            {"signin": {"providers": "gitlab=GitLab"}},
            {"gateway": {"enabled": True}},
            {"redis": {"pods": {"app.kubernetes.io/name": None}}},
            {"image": {"held": {"tag": "1", "roles": ["prepare"]}}},
            {"networkPolicy": {"pagesFrom": []}},
        ],
        ids=str,
    )
    def test_takes_no_rubbish(self, values):
        assert complaint(merged(LEAST, values))

    def test_has_each_value(self):
        def compare(values: dict[str, Any], schema: dict[str, Any], path: str) -> None:
            while "$ref" in schema:
                _, *parts = schema["$ref"].split("/")
                schema = SCHEMA
                for part in parts:
                    schema = schema[part]
            if "properties" in schema:
                assert set(values) <= set(schema["properties"]), path
                for name, value in values.items():
                    if isinstance(value, dict):
                        compare(value, schema["properties"][name], f"{path}.{name}")

        compare(DEFAULTS, SCHEMA, "")
