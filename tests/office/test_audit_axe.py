"""The page of an audit by sample is open to all, in each of its states and on paper."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from office.access import hold
from office.sample_acts import DrawSample, PrepareAudit
from record import recorder
from tally.drain import drain_all
from tally.models import CountedBallot
from tally.outcomes import catch_up
from tests.office.browser import DESKTOP, PHONE, OpenOffice, chromium, open_office
from tests.office.test_admin import organiser
from tests.tally.test_certification import finish
from tests.test_whole_way import pytestmark as needs_chromium

__all__ = ["chromium", "open_office", "organiser"]

pytestmark = [*needs_chromium, pytest.mark.urls("voting_site.urls.admin")]

# The policy of the pages forbids what axe does; other tests see to it that the pages keep to it.
LOOKS: dict[str, Any] = {
    "desktop": DESKTOP | {"bypass_csp": True},
    "phone": PHONE | {"bypass_csp": True, "color_scheme": "dark"},
    "narrow and from right to left": PHONE
    | {"bypass_csp": True, "locale": "ar", "viewport": {"width": 320, "height": 640}},
}


@pytest.mark.parametrize("look", LOOKS)
def test_axe_objects_to_nothing(
    open_office: OpenOffice, make_election: Callable[..., Any], cast: Any, look: str
) -> None:
    drink = make_election(contests=2, options=("nesquik", "cola-cao", "a-name-of-an-option-that-is-long"))
    hold(drink)
    for number in range(6):
        cast(drink, f"v{number}", f"q1={'nesquik' if number < 4 else 'cola-cao'};q2=nesquik")
    drain_all()
    cast(drink, "v0", "q1=nesquik;q2=nesquik")
    finish(drink)
    recorder.keep_logs()
    catch_up()
    address = reverse("admin:polls_election_audit", args=[drink.pk])
    page = open_office(address, **LOOKS[look])
    looked_over = [Axe().run(page).response["violations"]]
    changed = CountedBallot.objects.filter(marking__startswith="q1=cola-cao").first()
    CountedBallot.objects.filter(pk=changed.pk).update(marking="q1=nesquik;q2=nesquik")
    PrepareAudit(drink).perform(by=None)
    for dice, draws in (("16354216354216354216", 1), ("65432165432165432165", 7)):
        DrawSample(drink, dice, draws, Decimal("0.05")).perform(by=None)
    page.goto(address)
    assert page.locator("tr.unequal").count() >= 1
    looked_over.append(Axe().run(page).response["violations"])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = page.evaluate(
        "[...document.querySelectorAll('#content-main a.button, #content form.plain input, #content form.plain select,"
        " #content form.plain textarea')].filter(one => one.offsetParent && one.offsetHeight < 44).map(one => one.name)"
    )
    assert small == []
    page.emulate_media(media="print")
    assert not page.locator("form.plain").first.is_visible()
    assert page.locator(".sample-table").last.is_visible()
    assert looked_over == [[], []]
