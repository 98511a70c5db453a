"""What the readers of the harness see of a ballot page."""

from collections.abc import Callable

import pytest
from django.test import Client

from polls.definition import Definition
from tests.conftest import contest
from tests.faults.edits import OPTION, as_read
from tests.faults.paper import PAPER


@pytest.mark.urls("voting_site.urls.vote")
def test_each_option_is_read_in_its_contest(define: Callable[..., Definition], client: Client) -> None:
    define(
        contests=tuple(
            contest(one.key, one.options, method=one.method, rules={"blank": one.may_be_blank}) for one in PAPER
        )
    )
    found = OPTION.findall(client.get("/drink/").content.decode())
    assert found == [(one.key, key, key.replace("-", " ").title()) for one in PAPER for key in one.options]
    assert as_read(PAPER, {(key, option): label for key, option, label in found}) == list(PAPER)
