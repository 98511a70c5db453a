"""PostgreSQL by CloudNativePG, and the values for the chart of Valkey."""

import re

import pytest
import yaml

from ..docker.files import redis_settings, size
from ..docker.test_stack import GENERATION
from .chart import CHART, LEAST, MOST, needs_helm, things

VALKEY = yaml.safe_load((CHART / "valkey.yaml").read_text())


class TestValkey:
    def test_has_the_settings_of_the_other_boxes(self):
        ours = dict(line.split(" ", 1) for line in VALKEY["valkeyConfig"].splitlines())
        assert ours.pop("aclfile") == "/run/secrets/urna/users.acl"
        # The chart says these two by itself.
        theirs = {name: value for name, value in redis_settings().items() if name not in ("dir", "protected-mode")}
        assert ours == theirs
        assert (ours["appendonly"], ours["appendfsync"], ours["maxmemory-policy"]) == ("yes", "always", "noeviction")

    def test_has_room_to_rewrite_its_file(self):
        limit = int(VALKEY["resources"]["limits"]["memory"].removesuffix("Mi")) * 2**20
        assert size(redis_settings()["maxmemory"]) <= 0.6 * limit

    def test_knows_the_users_of_this_release(self):
        assert VALKEY["extraValkeySecrets"] == [
            {"name": f"urna-redis-users-{GENERATION}", "mountPath": "/run/secrets/urna"}
        ]
        assert VALKEY["auth"] == {"enabled": False}

    def test_is_one_on_a_disk_that_stays(self):
        assert VALKEY["replica"] == {"enabled": False}
        assert VALKEY["deploymentStrategy"] == "Recreate"
        assert VALKEY["dataStorage"]["enabled"] is VALKEY["dataStorage"]["keepPvc"] is True

    def test_gets_time_to_read_its_file(self):
        probe = VALKEY["startupProbe"]["customProbe"]
        assert probe["periodSeconds"] * probe["failureThreshold"] >= 1800

    def test_is_where_the_chart_and_the_secrets_look_for_it(self):
        values = yaml.safe_load((CHART / "values.yaml").read_text())
        assert values["redis"] == {
            "port": 6379, "sentinelPort": None, "pods": {"app.kubernetes.io/name": "valkey"}, "networks": [],
        }  # fmt: skip
        assert VALKEY["fullnameOverride"] == "valkey"
        script = (CHART.parent / "make-kubernetes-secrets").read_text()
        assert re.search(r'"--redis", default="valkey:6379"', script)


@pytest.mark.large
@needs_helm
class TestDatabase:
    def test_is_not_made_unless_asked_for(self):
        assert not things(LEAST, "Cluster")

    def test_loses_no_commit_with_one_instance(self):
        synchronous = things(MOST, "Cluster")["urna-db"]["spec"]["postgresql"]["synchronous"]
        assert synchronous == {"method": "any", "number": 1, "dataDurability": "required"}

    def test_waits_for_nobody_where_there_is_one_instance(self):
        one = LEAST | {"database": {"cluster": {"create": True, "instances": 1}}}
        assert "synchronous" not in things(one, "Cluster")["urna-db"]["spec"]["postgresql"]

    def test_lets_its_owner_make_users(self):
        initdb = things(MOST, "Cluster")["urna-db"]["spec"]["bootstrap"]["initdb"]
        assert initdb == {
            "database": "urna",
            "owner": "urna",
            "secret": {"name": "urna-owner-database"},
            "postInitSQL": ["ALTER ROLE urna CREATEROLE"],
        }

    def test_stays_when_the_release_goes(self):
        assert things(MOST, "Cluster")["urna-db"]["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}

    def test_takes_what_else_it_may_have(self):
        more = {"postgresql": {"parameters": {"shared_buffers": "256MB"}}, "backup": {"retentionPolicy": "30d"}}
        values = LEAST | {"database": {"cluster": {"create": True, "storageClass": "fast", "spec": more}}}
        spec = things(values, "Cluster")["urna-db"]["spec"]
        assert spec["backup"] == more["backup"]
        assert spec["storage"] == {"size": "10Gi", "storageClass": "fast"}
        # What was there stays.
        assert spec["postgresql"]["parameters"] == {"max_connections": "300", "shared_buffers": "256MB"}
        assert "synchronous" in spec["postgresql"]
