"""What settings say of the providers at which voters sign in."""

import json

import pytest
from django.core.exceptions import ImproperlyConfigured

from voting_site.providers import read_clients

CLIENT = {"issuer": "https://id.choir.example/", "client_id": "urna", "client_secret": "s3cret"}


def read(clients: object, *, required: bool = True, **providers: str) -> dict[str, dict[str, str]]:
    return read_clients(json.dumps(clients), providers or {"choir": "Choir"}, required=required)


class TestReadClients:
    def test_reads_those_that_have_a_name(self):
        assert read({"choir": CLIENT, "other": {}}) == {"choir": CLIENT | {"issuer": "https://id.choir.example"}}

    def test_needs_them_in_one_role_alone(self):
        assert read({}, required=False) == {}
        with pytest.raises(ImproperlyConfigured, match="says nothing of choir"):
            read({})

    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1:9400", "[::1]:9400"])
    def test_takes_plain_http_on_this_machine(self, host):
        assert read({"choir": CLIENT | {"issuer": f"http://{host}"}})["choir"]["issuer"] == f"http://{host}"

    @pytest.mark.parametrize(
        "client",
        [
            {"issuer": "http://id.choir.example"}, {"issuer": ""}, {"client_id": ""}, {"client_secret": 7},
            {"issuer": None}, {"scope": "openid"},
        ],
    )  # fmt: skip
    def test_refuses_a_client_that_could_not_work(self, client):
        with pytest.raises(ImproperlyConfigured, match="choir") as refusal:
            read({"choir": CLIENT | client})
        assert "s3cret" not in str(refusal.value)

    @pytest.mark.parametrize("key", ["Choir", "choir/x", "", "ñ"])
    def test_refuses_a_key_that_is_no_part_of_an_address(self, key):
        with pytest.raises(ImproperlyConfigured, match="SIGNIN_PROVIDERS"):
            read({}, required=False, **{key: "Choir"})

    @pytest.mark.parametrize("text", ["s3cret", "[]", '{"choir": "s3cret"}'])
    def test_refuses_what_is_no_object_without_telling_it(self, text):
        with pytest.raises(ImproperlyConfigured) as refusal:
            read_clients(text, {"choir": "Choir"}, required=False)
        assert "s3cret" not in str(refusal.value)
