"""Addresses for programs: what a client has is not sent again, and scripts of any site may read it."""

import json
from typing import Any

import openapi_spec_validator
import pytest
from django.test import Client
from django.utils import timezone
from openapi_schema_validator import OAS31Validator, oas31_format_checker

from office.certify_acts import Certify
from polls.models import Election
from polls.publishing import cancel_election
from results import revalidation
from results.api_page import DOCUMENT
from tally.drain import drain_all
from tests.tally.test_certification import finish

pytestmark = pytest.mark.urls("voting_site.urls.result")

API = json.loads(DOCUMENT.read_text())
# With a certified election; all but /oembed.json, which asks for an address.
ADDRESSES = [path for path in API["paths"] if path != "/oembed.json"]
NO_WORDS = {path for path in ADDRESSES if path.endswith((".json", ".csv"))}


@pytest.fixture(autouse=True)
def _nothing_known() -> None:
    revalidation._known.clear()


@pytest.fixture
def drink(make_election: Any, cast: Any) -> Election:
    """Make a certified election."""
    made: Election = make_election()
    for voter, marking in (("ana", "nesquik"), ("eva", "cola-cao"), ("leo", "cola-cao")):
        cast(made, voter, marking)
    finish(made)
    Certify(made).perform(by=None)
    return made


def at(path: str) -> str:
    return path.format(slug="drink")


class TestAnswer:
    @pytest.mark.parametrize("path", ADDRESSES)
    def test_is_not_sent_again_to_a_client_that_has_it(self, drink, client: Client, path, django_assert_num_queries):
        first = client.get(at(path))
        assert first.status_code == 200
        tag = first["ETag"]
        with django_assert_num_queries(0):
            again = client.get(at(path), headers={"If-None-Match": tag})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
        # Once nothing is known any more it is read again, and is the same.
        revalidation._known.clear()
        assert client.get(at(path), headers={"If-None-Match": f'"x", {tag}'}).status_code == 304
        assert client.get(at(path), headers={"If-None-Match": '"x"'}).status_code == 200

    @pytest.mark.parametrize("path", ADDRESSES)
    def test_is_for_scripts_of_any_site_and_says_what_it_depends_on(self, drink, client: Client, path):
        whole = client.get(at(path))
        for answer in (whole, client.get(at(path), headers={"If-None-Match": whole["ETag"]})):
            assert answer["Access-Control-Allow-Origin"] == "*"
            assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
            assert "Access-Control-Allow-Credentials" not in answer
            assert "no-store" not in answer["Cache-Control"]
            assert not answer.cookies
            varies = {name.strip() for name in answer.get("Vary", "").split(",")}
            assert ("Accept-Language" in varies) == (path not in NO_WORDS)
        assert client.head(at(path))["ETag"] == answer["ETag"]

    @pytest.mark.parametrize("path", ADDRESSES)
    def test_to_a_browser_that_asks_first_is_that_it_may(self, client: Client, path):
        answer = client.options(at(path))
        assert answer.status_code == 204
        assert answer["Access-Control-Allow-Headers"] == "If-None-Match"
        assert client.post(at(path)).status_code == 405

    def test_changes_with_the_first_ballot(self, make_election, cast, client: Client):
        drink = make_election()
        before = client.get("/drink/results.json")
        cast(drink, "ana", "nesquik")
        drain_all()
        revalidation._known.clear()
        after = client.get("/drink/results.json", headers={"If-None-Match": before["ETag"]})
        assert after.status_code == 200
        assert after["ETag"] != before["ETag"]
        # Only a client that has the newest one is answered from memory.
        assert client.get("/drink/results.json", headers={"If-None-Match": before["ETag"]}).status_code == 200

    def test_of_nothing_is_a_sentence_that_scripts_may_read(self, client: Client, transactional_db):
        for path in (at(path) for path in ADDRESSES if "{slug}" in path):
            answer = client.get(path)
            assert answer.status_code == 404
            assert answer["Access-Control-Allow-Origin"] == "*"
            assert "There is no election at this address." in answer.json()["detail"]


class TestDocument:
    def test_is_well_formed(self):
        openapi_spec_validator.validate(API)

    def test_says_where_it_is(self, client: Client, settings):
        settings.RESULT_URL = "https://vote.example/results"
        assert client.get("/openapi.json").json() == API | {"servers": [{"url": "https://vote.example/results"}]}

    def check(self, client: Client, path: str, **query: str) -> Any:
        """Ask, and hold the answer against the document."""
        answer = client.get(at(path), query)
        told = API["paths"][path]["get"]["responses"][str(answer.status_code)]
        if "$ref" in told:
            told = API["components"]["responses"][told["$ref"].rpartition("/")[2]]
        [(media, content)] = told["content"].items()
        assert answer["Content-Type"].partition(";")[0] == media
        if media.endswith("json"):
            schema = content["schema"] | {"components": API["components"]}
            OAS31Validator(schema, format_checker=oas31_format_checker).validate(answer.json())
        return answer

    def test_is_true_of_a_certified_election(self, drink, client: Client):
        for path in ADDRESSES:
            assert self.check(client, path).status_code == 200

    @pytest.mark.parametrize(("shows", "step"), [("live", 1), ("live", 2), ("turnout", 1), ("hidden", 1)])
    def test_is_true_of_an_open_one(self, make_election, cast, client: Client, shows, step):
        drink = make_election(shows=shows, step=step, contests=2)
        cast(drink, "ana", "q1=nesquik;q2=")
        drain_all()
        for path in ADDRESSES:
            self.check(client, path)

    @pytest.mark.parametrize(
        ("method", "marking"),
        [
            ("approval", "cola-cao,nesquik"), ("score", "nesquik:5,cola-cao:1"), ("star", "nesquik:5,cola-cao:1"),
            ("irv", "cola-cao>nesquik"), ("stv", "cola-cao>nesquik"), ("schulze", "cola-cao>nesquik"),
            ("borda", "cola-cao>nesquik"),
        ],
    )  # fmt: skip
    def test_is_true_of_each_method(self, make_election, cast, client: Client, method, marking):
        cast(make_election(method=method), "ana", marking)
        drain_all()
        assert self.check(client, "/{slug}/results.json").json()["contests"][0]["ballots"] == 1

    def test_is_true_of_one_that_is_cancelled(self, make_election, client: Client):
        later = make_election(opens_at=timezone.now() + timezone.timedelta(days=1))
        cancel_election(later, reason="Rain")
        assert self.check(client, "/{slug}/results.json").json()["phase"] == "cancelled"

    def test_is_true_of_oembed(self, drink, client: Client, settings):
        address = "http://testserver:8001/drink/"
        assert self.check(client, "/oembed.json", url=address).json()["type"] == "link"
        settings.EMBED_ORIGINS = ["*"]
        assert self.check(client, "/oembed.json", url=address).json()["type"] == "rich"
        for query, status in (({}, 404), ({"maxwidth": "x"}, 400), ({"format": "xml"}, 501)):
            assert self.check(client, "/oembed.json", **query).status_code == status

    def test_would_be_found_wrong(self, make_election, client: Client):
        make_election()
        told = client.get("/drink/results.json").json() | {"surprise": 1}
        schema = {"$ref": "#/components/schemas/Snapshot", "components": API["components"]}
        assert not OAS31Validator(schema).is_valid(told)
