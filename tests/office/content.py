"""What the office has to show in a browser: elections in each state, people and a look.

Usage: manage.py shell -c "from tests.office.content import main; main(PASSWORD)"; prints numbers as JSON, by name.
"""

import datetime as dt
import json
import sys
from typing import Any

CONTESTS = [
    {"key": "q1", "title": "Chair", "options": [{"label": "Ana", "description": "From here"}, {"label": "Bea"}]},
    {"key": "q2", "title": "Dues", "method": "motion", "options": [{"label": "Yes"}, {"label": "No"}]},
    {"key": "q3", "title": "Board", "method": "approval", "seats": 2, "options": [{"label": str(n)} for n in range(5)]},
]


def main(password: str) -> None:
    """Make everything; the first administrator and a manager get this password."""
    from django.contrib.auth.models import User

    from office.access import default_organisation
    from office.look_acts import ChangeLook
    from office.models import LoggedAct, Membership
    from polls.models import Election, Option
    from tally.models import RejectedBallot

    admin = User.objects.get(username="admin")
    admin.set_password(password)
    admin.save()
    mia = User.objects.create_user("mia", "mia@choir.example", password, is_staff=True)
    eva = User.objects.create_user("eva", is_staff=True)
    organisation = default_organisation()
    for user, role in ((mia, "manager"), (eva, "auditor")):
        Membership.objects.create(organisation=organisation, user=user, role=role)
    ChangeLook(organisation, public_name="The choir", accent="#ffee00", logo="").perform(by=mia)
    make_elections()
    make_results()
    rejected = RejectedBallot.objects.create(
        election=Election.objects.get(slug="open"), shard=0, entry="1-1", reason=RejectedBallot.Reason.UNREADABLE
    )
    numbers: dict[str, Any] = dict(Election.objects.values_list("slug", "pk"))
    numbers |= {"organisation": organisation.pk, "eva": eva.pk, "rejected": rejected.pk}
    numbers |= {"option": Option.objects.filter(contest__election__slug="draft")[0].pk}
    numbers |= {"member": Membership.objects.get(user=eva).pk, "act": LoggedAct.objects.latest("pk").pk}
    sys.stdout.write(f"NUMBERS {json.dumps(numbers)}\n")


def make_elections() -> None:
    """Make a draft, an odd draft, and an election that is scheduled, open, cancelled and closed."""
    from django.utils import timezone

    from office.acts import Cancel, Close, Publish
    from polls.models import Election

    tomorrow = timezone.now() + dt.timedelta(days=1)
    later = {"opens_at": tomorrow.isoformat()}
    make("draft")
    make("tongues", language="en", translations={"de": {"title": "Sprachen"}})
    make("odd", **later, closes_at=(tomorrow + dt.timedelta(minutes=1)).isoformat())
    for slug, more in (("open", {"checkable": True}), ("later", later), ("off", later), ("over", {})):
        Publish(make(slug, **more)).perform(by=None)
    Cancel(Election.objects.get(slug="off"), "The hall is closed.").perform(by=None)
    Close(Election.objects.get(slug="over")).perform(by=None)
    make("empty-roll", eligibility="roll")
    make("large-roll", eligibility="roll")
    put_voters(make("roll", eligibility="roll"))


def put_voters(election: Any) -> None:
    """Put three pages of voters on a roll, of whom one is struck, and one has a code."""
    from office.roll_acts import ImportRoll, ReissueCode, StrikeEntry
    from office.roll_files.records import Record

    records = (Record(n, f"Voter {n}", ("Choir", "Board")[: n % 3], 1 + n % 2, "", f"M{n}") for n in range(1, 121))
    ImportRoll(election, records).perform(by=None)
    StrikeEntry(election.roll.get(number=3)).perform(by=None)
    ReissueCode(election.roll.get(number=2)).perform(by=None)


def make_results() -> None:
    """Make elections whose results are withheld, one with a roll, and closed ones that are to be certified."""
    from office.acts import Close, Publish
    from office.roll_acts import AddEntry
    from polls.models import Election

    coded = make("coded", eligibility="roll")
    AddEntry(coded, {"name": "Ana"}).perform(by=None)
    Publish(coded).perform(by=None)
    closed = {"hidden": "hidden", "ordered": "live", "certified": "live"}
    for slug, shows in {"counted": "turnout", **closed}.items():
        Publish(make(slug, shows=shows)).perform(by=None)
    for election in Election.objects.filter(slug__in=closed):
        Close(election).perform(by=None)


def certify() -> None:
    """Certify one of the closed elections; let another one wait for a second manager."""
    from django.utils import timezone

    from office.certify_acts import Certify
    from polls.models import Election
    from tally.models import Certification

    Certify(Election.objects.get(slug="certified")).perform(by=None)
    Certification.objects.create(
        election=Election.objects.get(slug="ordered"),
        asked_by="leo",
        asked_at=timezone.now(),
        step=Certification.Step.WAITING,
    )


def make(slug: str, **more: Any) -> Any:
    """Make a draft with three questions."""
    from office.paper_pages import make_draft

    return make_draft({"title": slug.title(), "slug": slug, "contests": CONTESTS, "description": "Why.", **more})


def make_for_flows(password: str, sizes: list[str]) -> None:
    """Make a manager, and for each size what its flows begin with: drafts, open elections, and one that opens later."""
    from django.contrib.auth.models import User
    from django.utils import timezone

    from office.access import default_organisation
    from office.acts import Publish
    from office.models import Membership
    from polls.models import Election

    mia = User.objects.create_user("mia", "mia@choir.example", password, is_staff=True)
    Membership.objects.create(organisation=default_organisation(), user=mia, role="manager")
    later = (timezone.now() + dt.timedelta(days=1)).isoformat()
    for size in sizes:
        make(f"draft-{size}")
        for slug in ("aisle", "typo", "tea", "coffee"):
            Publish(make(f"{slug}-{size}")).perform(by=None)
        Publish(make(f"later-{size}", opens_at=later)).perform(by=None)
    sys.stdout.write(f"NUMBERS {json.dumps(dict(Election.objects.values_list('slug', 'pk')))}\n")
