"""What the pods of the chart run, may do, and know."""

import re

import pytest
import yaml

from voting_site import running
from voting_site.roles import ROLES, WITH_DATABASE, runs_here

from ..docker.files import FOLDER, seconds, services, size, words
from ..docker.test_stack import GENERATION
from .chart import CHART, LEAST, MOST, PAGES, WITH_PORT, container, environment, files, needs_helm, pods, roles, things

pytestmark = [pytest.mark.large, needs_helm]
each_pod = pytest.mark.parametrize("name", [*ROLES, "prepare"])
each_role = pytest.mark.parametrize("name", ROLES)
STACK = services("stack.yaml")
# Options that say where a role answers.
PLACE = ("port", "linger", "metrics-towards")


def options(command: list[str]) -> dict[str, str]:
    """Return the options of a command, however they are written."""
    return dict(re.findall(r"--([a-z-]+)[ =](\S+)", " ".join(command)))


def amount(text: str) -> float:
    """Read a quantity of processors, or of memory in bytes."""
    units = {"m": 1e-3, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
    number, unit = re.fullmatch(r"([\d.]+)(\D*)", str(text)).groups()  # type: ignore[union-attr]
    return float(number) * (units[unit] if unit else 1)


class TestRoles:
    def test_are_those_of_the_table(self):
        class Providers:
            SIGNIN_PROVIDERS = {"gitlab": "GitLab"}

        class Nothing:
            SIGNIN_PROVIDERS = None

        assert set(roles(MOST)) == {name for name, role in ROLES.items() if runs_here(role, Providers)}
        assert set(roles(LEAST)) == {name for name, role in ROLES.items() if runs_here(role, Nothing)}

    @each_role
    def test_run_like_those_of_the_stack(self, name):
        ours, theirs = container(pods(MOST)[name])["command"], words(STACK[name]["command"])
        assert ours[:4] == theirs[:4]
        theirs_but_place = {key: value for key, value in options(theirs).items() if key not in PLACE}
        assert options(ours) | theirs_but_place == options(ours)
        # A pod has one address, and policies say who reaches its metrics.
        assert options(ours)["metrics-host"] == "0.0.0.0"

    @each_role
    def test_listen_where_their_services_lead(self, name):
        ours = options(container(pods(MOST)[name])["command"])
        ports = {one["name"]: str(one["containerPort"]) for one in container(pods(MOST)[name])["ports"]}
        assert ports == {"metrics": ours["metrics-port"]} | ({"http": ours["port"]} if name in WITH_PORT else {})

    @pytest.mark.parametrize("name", WITH_PORT)
    def test_that_listen_have_a_service_inside(self, name):
        service = things(MOST, "Service")[f"urna-{name}"]["spec"]
        assert service["type"] == "ClusterIP"
        assert service["ports"] == [{"name": "http", "port": 80, "targetPort": "http", "appProtocol": "http"}]
        labels = pods(MOST)[name]["metadata"]["labels"]
        assert service["selector"].items() <= labels.items()
        others = [one["metadata"]["labels"] for other, one in pods(MOST).items() if other != name]
        assert not any(service["selector"].items() <= one.items() for one in others)

    @each_role
    def test_are_selected_by_their_own_deployment_alone(self, name):
        selector = roles(MOST)[name]["spec"]["selector"]["matchLabels"]
        found = [one for one, pod in pods(MOST).items() if selector.items() <= pod["metadata"]["labels"].items()]
        assert found == [name]


class TestPrepare:
    def test_does_what_that_of_the_stack_does(self):
        ours, theirs = container(pods(LEAST)["prepare"])["command"], words(STACK["migrate"]["command"])
        assert ours[:3] == theirs[:3]
        assert options(ours).keys() == options(theirs).keys()
        assert "--demo" not in ours
        assert "--demo" in container(pods(LEAST | {"prepare": {"demo": True}})["prepare"])["command"]

    @pytest.mark.parametrize(("values", "first"), [(LEAST, "pre-install"), (MOST, "post-install")])
    def test_comes_before_the_roles_of_an_upgrade(self, values, first):
        # A Cluster of the release is not there before the first installation.
        notes = things(values, "Job")["urna-prepare"]["metadata"]["annotations"]
        assert notes == {"helm.sh/hook": f"{first},pre-upgrade", "helm.sh/hook-delete-policy": "before-hook-creation"}

    def test_may_be_tried_as_often_as_in_the_stack(self):
        attempts = STACK["migrate"]["deploy"]["restart_policy"]["max_attempts"]
        assert things(LEAST, "Job")["urna-prepare"]["spec"]["backoffLimit"] == attempts


class TestStops:
    @pytest.mark.parametrize("name", PAGES)
    def test_of_pages_leave_time_to_be_forgotten_and_to_answer(self, name):
        linger = float(options(container(pods(MOST)[name])["command"])["linger"])
        assert linger >= 5
        assert pods(MOST)[name]["spec"]["terminationGracePeriodSeconds"] >= linger + running.GRACE + 5

    def test_of_pages_follow_the_value(self):
        pod = pods(LEAST | {"linger": 60})["vote"]
        assert options(container(pod)["command"])["linger"] == "60"
        assert pod["spec"]["terminationGracePeriodSeconds"] == 75

    @pytest.mark.parametrize("name", ["admin", "worker", "beat"])
    def test_of_others_leave_what_the_stack_leaves(self, name):
        grace = pods(MOST)[name]["spec"]["terminationGracePeriodSeconds"]
        assert grace == seconds(STACK[name]["stop_grace_period"]) > running.GRACE


class TestUpdates:
    @pytest.mark.parametrize("name", [*WITH_PORT, "worker"])
    def test_wait_for_the_new_ones(self, name):
        strategy = roles(MOST)[name]["spec"]["strategy"]
        assert (strategy["type"], strategy["rollingUpdate"]["maxUnavailable"]) == ("RollingUpdate", 0)

    def test_never_run_two_beats(self):
        beat = roles(MOST)["beat"]["spec"]
        assert (beat["replicas"], beat["strategy"]) == (1, {"type": "Recreate"})


class TestHealth:
    @pytest.mark.parametrize("name", WITH_PORT)
    def test_of_web_roles_needs_all_once_and_then_only_itself(self, name):
        found = container(pods(MOST)[name])
        asked = {kind: found[f"{kind}Probe"]["httpGet"] for kind in ("startup", "readiness", "liveness")}
        assert {kind: one["path"] for kind, one in asked.items()} == {
            "startup": "/readyz",
            "readiness": "/healthz",
            "liveness": "/healthz",
        }
        assert {one["port"] for one in asked.values()} == {"http"}

    @pytest.mark.parametrize("name", WITH_PORT)
    def test_of_web_roles_is_no_reason_to_start_them_anew_while_a_server_is_down(self, name):
        startup = container(pods(MOST)[name])["startupProbe"]
        assert startup["periodSeconds"] * startup["failureThreshold"] >= 3600

    @pytest.mark.parametrize("name", ["worker", "beat"])
    def test_of_others_is_asked_as_in_the_stack(self, name):
        found = container(pods(MOST)[name])
        for kind in ("startup", "liveness"):
            assert found[f"{kind}Probe"]["exec"]["command"] == STACK[name]["healthcheck"]["test"][1:]
        assert found["readinessProbe"]["exec"]["command"] == ["test", "-e", options(found["command"])["tick-file"]]

    @each_role
    def test_answers_in_the_time_it_gets(self, name):
        for kind in ("startup", "readiness", "liveness"):
            # health.py waits up to 4 seconds for an answer.
            assert container(pods(MOST)[name])[f"{kind}Probe"]["timeoutSeconds"] >= 5


class TestDisruptions:
    def test_take_one_at_a_time_of_those_that_are_several(self):
        budgets = things(MOST, "PodDisruptionBudget")
        assert budgets.keys() == {"urna-vote", "urna-result", "urna-signin", "urna-worker"}
        assert {one["spec"]["maxUnavailable"] for one in budgets.values()} == {1}
        assert {one["spec"]["unhealthyPodEvictionPolicy"] for one in budgets.values()} == {"AlwaysAllow"}

    def test_may_take_one_that_is_alone(self):
        assert "urna-worker" not in things(LEAST, "PodDisruptionBudget")

    @pytest.mark.parametrize("name", [*PAGES, "worker"])
    def test_of_a_node_or_a_zone_do_not_take_all(self, name):
        spread = pods(MOST)[name]["spec"]["topologySpreadConstraints"]
        assert [one["topologyKey"] for one in spread] == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
        for one in spread:
            assert one["labelSelector"]["matchLabels"] == roles(MOST)[name]["spec"]["selector"]["matchLabels"]


class TestScaling:
    def test_is_for_pages_with_many_visitors(self):
        found = things(MOST, "HorizontalPodAutoscaler")
        assert found.keys() == {"urna-vote", "urna-result"}
        assert {one["spec"]["scaleTargetRef"]["name"] for one in found.values()} == found.keys()
        assert all(one["spec"]["minReplicas"] >= 2 for one in found.values())

    @pytest.mark.parametrize("name", ["vote", "result"])
    def test_and_the_deployment_do_not_both_count(self, name):
        assert "replicas" not in roles(MOST)[name]["spec"]
        values = MOST | {name: MOST[name] | {"autoscaling": {"enabled": False}, "replicas": 3}}
        assert roles(values)[name]["spec"]["replicas"] == 3
        assert f"urna-{name}" not in things(values, "HorizontalPodAutoscaler")

    def test_of_vote_comes_before_its_core_is_full(self):
        [metric] = things(MOST, "HorizontalPodAutoscaler")["urna-vote"]["spec"]["metrics"]
        share = metric["resource"]["target"]["averageUtilization"] / 100
        requested = amount(container(pods(MOST)["vote"])["resources"]["requests"]["cpu"])
        # One process: it cannot use more than one.
        assert ROLES["vote"].processes == 1
        assert 0.3 <= share * requested <= 0.7

    def test_of_result_comes_before_its_sockets_fill_its_memory(self):
        memory = things(MOST, "HorizontalPodAutoscaler")["urna-result"]["spec"]["metrics"][1]["resource"]["target"]
        measured = re.search(r"`result` (\d+) MB and (\d+) kB", (FOLDER.parent / "docs/scaling.md").read_text())
        assert measured
        # Above 4,000 sockets frames come late.
        full = int(measured[1]) * 1e6 + 4000 * int(measured[2]) * 1e3
        limit = amount(container(pods(MOST)["result"])["resources"]["limits"]["memory"])
        assert int(measured[1]) * 1e6 < amount(memory["averageValue"]) <= full < limit


class TestResources:
    @each_pod
    def test_are_limited_as_in_the_stack(self, name):
        ours = container(pods(MOST)[name])["resources"]["limits"]
        theirs = STACK["migrate" if name == "prepare" else name]["deploy"]["resources"]["limits"]
        assert amount(ours["cpu"]) == float(theirs["cpus"])
        assert amount(ours["memory"]) == size(theirs["memory"].removesuffix("M")) * 2**20

    @pytest.mark.parametrize("name", ["vote", "result", "worker"])
    def test_that_are_requested_are_what_was_measured(self, name):
        measured = re.search(rf"`{name}` (\d+) MB", (FOLDER.parent / "docs/scaling.md").read_text())
        assert measured
        requested = amount(container(pods(MOST)[name])["resources"]["requests"]["memory"])
        assert int(measured[1]) * 1e6 < requested < 2 * int(measured[1]) * 1e6


class TestRights:
    """The "restricted" standard for pods, and what the stack does beyond it."""

    @each_pod
    def test_of_the_pod_are_few(self, name):
        spec = pods(MOST)[name]["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert not spec.keys() & {"hostNetwork", "hostPID", "hostIPC", "serviceAccountName"}
        context = spec["securityContext"]
        assert context["runAsNonRoot"] is True
        # By number: nobody outside the image knows its user by name.
        assert context["runAsUser"] > 0
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert "sysctls" not in context

    @each_pod
    def test_of_the_container_are_none(self, name):
        assert container(pods(MOST)[name])["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert all(one["containerPort"] > 1024 for one in container(pods(MOST)[name]).get("ports", []))

    @each_pod
    def test_leave_a_little_memory_to_write_to(self, name):
        volumes = {one["name"]: one for one in pods(MOST)[name]["spec"]["volumes"]}
        assert volumes["tmp"]["emptyDir"] == {"medium": "Memory", "sizeLimit": "16Mi"}
        mounts = {one["name"]: one for one in container(pods(MOST)[name])["volumeMounts"]}
        assert mounts["tmp"]["mountPath"] == "/tmp"
        assert mounts["secrets"]["readOnly"] is True
        assert volumes.keys() == mounts.keys() == {"tmp", "secrets"}


class TestSecrets:
    @each_role
    def test_of_a_role_are_its_own_and_the_key(self, name):
        wanted = {
            "secret_key": ("urna-secret-key", "secret_key"),
            "redis_url": (f"urna-{name}-redis-{GENERATION}", "url"),
        }
        if name in WITH_DATABASE:
            wanted["database_url"] = (f"urna-{name}-database", "url")
        if name == "signin":
            wanted["SIGNIN_CLIENTS"] = ("urna-signin-clients", "clients")
        assert files(pods(MOST)[name]) == wanted

    def test_of_prepare_are_those_of_the_owner_and_of_all_users(self):
        wanted = {f"{role}_database_url": (f"urna-{role}-database", "url") for role in WITH_DATABASE}
        assert files(pods(MOST)["prepare"]) == wanted | {
            "secret_key": ("urna-secret-key", "secret_key"),
            "redis_url": (f"urna-operator-redis-{GENERATION}", "url"),
            "database_url": ("urna-owner-database", "url"),
            "admin_password": ("urna-admin-password", "password"),
        }

    @each_pod
    def test_are_files_that_the_environment_names(self, name):
        pod = pods(MOST)[name]
        named = {value for variable, value in environment(pod).items() if variable.endswith("_FILE")}
        password = {"/run/secrets/urna/admin_password"} if name == "prepare" else set()
        assert named | password == {f"/run/secrets/urna/{one}" for one in files(pod)}

    def test_of_one_role_go_to_that_role(self):
        mail = {"EMAIL_HOST_PASSWORD": {"secret": "mail", "key": "password"}}
        found = pods(LEAST | {"worker": {"secretFiles": mail}})
        assert [name for name, pod in found.items() if "EMAIL_HOST_PASSWORD" in files(pod)] == ["worker"]

    def test_are_nowhere_in_the_release(self):
        assert not things(MOST, "Secret")
        assert not things(MOST, "ConfigMap")

    def test_have_the_number_of_the_rights(self):
        assert yaml.safe_load((CHART / "values.yaml").read_text())["secrets"]["redisGeneration"] == GENERATION
