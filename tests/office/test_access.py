"""Who gets to which page of the office: a stranger, each role, and the manager of another organisation."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from office.access import Right, elections_of, hold, may
from office.acts import Archive, Cancel, Close, Duplicate, Publish, Release
from office.models import Holding, LoggedAct, MemberRole, Membership, Organisation
from polls.life import State
from polls.models import Election
from results.models import WallState
from tally.healing import keep_box
from tally.models import RejectedBallot
from tests.office.test_admin import change_form, election_form

pytestmark = pytest.mark.urls("voting_site.urls.admin")

PASSWORD = "correct horse battery"
SEE = {"manager", "operator", "auditor", "chair"}
RUN = {"manager", "operator"}
AUDIT = {"manager", "operator", "auditor"}
WRITE = {"manager"}
# Each page of one election, with those whom it answers.
PAGES = {
    "page": SEE, "standing": SEE, "preview": SEE, "preview_ballot": SEE, "preview_results": SEE, "export": SEE,
    "history": SEE, "change": SEE, "close": RUN, "release": RUN, "certify": WRITE, "archive": RUN, "publish": WRITE,
    "cancel": WRITE, "duplicate": WRITE, "delete": WRITE, "mend": WRITE, "lot": WRITE, "withdraw": WRITE,
    "code": SEE, "presenter": RUN, "presenting": RUN, "option_looks": WRITE, "languages": WRITE,
    "voters": SEE, "add_voter": WRITE, "import_roll": WRITE, "codes": WRITE, "copy_roll": WRITE,
    "delete_roll": WRITE,
    "kiosks": RUN, "witnesses": SEE, "audit": AUDIT,
    "mail": SEE, "mail_invitation": WRITE, "mail_reminder": RUN, "mail_result": RUN,
}  # fmt: skip
# Pages of no election or of something else, which have tests of their own below, in test_admin.py and in mail/.
# Those about one voter are in test_roll_pages.py, about one kiosk in test_kiosk_pages.py,
# about a list in parts in test_roll_list.py, about one witness in test_witness_pages.py, about a sample in
# test_audit.py.
OTHERS = {
    "changelist", "add", "import", "acknowledge", "read_time", "take_back_order", "protocol", "protocol_pdf", "voter",
    "strike_voter",
    "voter_code", "voter_card", "mail_again", "mail_stop", "end_kiosk", "roll_part", "roll_list", "remove_witness",
    "prepare_audit", "note_sample", "sample_file",
}  # fmt: skip


@pytest.fixture
def choir(transactional_db: None) -> Organisation:
    return Organisation.objects.create(name="Choir")


@pytest.fixture
def drink(make_election: Callable[..., Election], choir: Organisation) -> Election:
    election = make_election()
    hold(election, choir)
    return election


@pytest.fixture
def sign_in(django_user_model: Any, choir: Organisation) -> Callable[[str], Client]:
    """Return a function that signs somebody in: by role, as a "stranger", or as "another" organisation's manager."""

    def sign_in(who: str) -> Client:
        client = Client()
        client.force_login(make_person(django_user_model, choir, who))
        return client

    return sign_in


def make_person(users: Any, choir: Organisation, who: str) -> Any:
    user = users.objects.create_user(who, is_staff=True)
    if who == "another":
        chess = Organisation.objects.create(name="Chess")
        Membership.objects.create(user=user, organisation=chess, role=MemberRole.MANAGER)
    elif who != "stranger":
        Membership.objects.create(user=user, organisation=choir, role=who)
    return user


each = pytest.mark.parametrize("who", [*MemberRole.values, "another", "stranger"])


def test_every_page_is_in_this_list():
    model_admin = admin.site._registry[Election]
    names = {pattern.name.removeprefix("polls_election_") for pattern in model_admin.get_urls() if pattern.name}
    assert names == PAGES.keys() | OTHERS


@each
def test_pages_of_an_election_answer_those_of_its_organisation_as_far_as_their_role_goes(sign_in, drink, who):
    client = sign_in(who)
    draft = Election.objects.create(slug="draft", title="Draft")
    hold(draft, Organisation.objects.get(name="Choir"))
    for name, allowed in PAGES.items():
        election = draft if name in ("delete", "publish") else drink
        send = client.post if name == "duplicate" else client.get
        status = send(reverse(f"admin:polls_election_{name}", args=[election.pk])).status_code
        if who in allowed:
            assert status in (200, 302), name
        else:
            # Django's own pages lead whoever sees nothing to the start.
            assert status in (403, 404) or (name in ("change", "delete", "history") and status == 302), (name, status)
    assert Election.objects.count() == 2 + (who in WRITE)


@each
def test_the_list_shows_the_elections_of_the_own_organisation(sign_in, drink, who):
    response = sign_in(who).get(reverse("admin:polls_election_changelist"))
    if who == "stranger":
        assert response.status_code == 403
        return
    assert (reverse("admin:polls_election_page", args=[drink.pk]) in response.content.decode()) == (who in SEE)


@each
def test_times_are_read_for_those_who_write(sign_in, choir, who):
    status = sign_in(who).get(reverse("admin:polls_election_read_time"), {"name": "closes_at"}).status_code
    assert status == (200 if who in WRITE | {"another"} else 403)


@each
def test_acts_ask_for_the_right_as_well(django_user_model, choir, make_election, who):
    user = make_person(django_user_model, choir, who)
    later = make_election("later", opens_at=timezone.now() + timezone.timedelta(days=1))
    drink = make_election()
    for election in (later, drink):
        hold(election, choir)
    allowed = {
        act: act(election).is_allowed(user)
        for act, election in (
            (Cancel, later),
            (Publish, drink),
            (Duplicate, drink),
            (Close, drink),
            (Release, drink),
            (Archive, drink),
        )
    }
    assert allowed == {act: who in (RUN if act in (Close, Release, Archive) else WRITE) for act in allowed}


@each
def test_walls_are_driven_by_those_who_run_an_election(sign_in, drink, who):
    address = reverse("admin:polls_election_presenter", args=[drink.pk])
    client = sign_in(who)
    for sent in ({"result": "hide"}, {"close_in": "60"}):
        client.post(address, sent)
    drink.refresh_from_db()
    assert WallState.objects.filter(hides=True).exists() == (who in RUN)
    assert (drink.closes_at is not None) == (who in RUN)


@each
def test_a_form_that_is_sent_without_the_right_changes_nothing(sign_in, drink, who):
    form = change_form(drink, time_zone="Europe/Lisbon")
    sign_in(who).post(reverse("admin:polls_election_change", args=[drink.pk]), form)
    drink.refresh_from_db()
    assert (drink.time_zone == "Europe/Lisbon") == (who in WRITE)


@pytest.mark.parametrize("who", ["auditor", "chair", "another"])
def test_the_list_closes_nothing_without_the_right(sign_in, drink, who):
    form = {"action": "close_selected", "_selected_action": [drink.pk], "sure": "yes"}
    sign_in(who).post(reverse("admin:polls_election_changelist"), form)
    drink.refresh_from_db()
    assert drink.state == State.PUBLISHED


@each
def test_a_new_election_belongs_to_the_organisation_of_its_writer(sign_in, choir, who):
    keep_box()
    status = sign_in(who).post(reverse("admin:polls_election_add"), election_form()).status_code
    if who == "another":
        assert Holding.objects.get().organisation.name == "Chess"
    elif who in WRITE:
        assert Holding.objects.get().organisation == choir
    else:
        assert (status, Election.objects.count()) == (403, 0)


@each
def test_ballots_set_aside_are_shown_and_filtered_by_the_own_elections_alone(sign_in, drink, make_election, who):
    make_election("tea")
    row = {"election": drink, "shard": 0, "entry": "1-1", "reason": RejectedBallot.Reason.UNREADABLE, "payload": {}}
    RejectedBallot.objects.create(**row)
    page = sign_in(who).get(reverse("admin:tally_rejectedballot_changelist")).content.decode()
    assert (str(drink) in page) == (who in SEE)


@each
def test_the_first_step_is_offered_to_those_who_may_take_it(sign_in, choir, who):
    page = sign_in(who).get(reverse("admin:index")).content.decode()
    assert ("Your first election" in page) == (who in WRITE | {"another"})


@each
def test_members_are_managed_by_the_managers_of_their_organisation_alone(sign_in, choir, django_user_model, who):
    ana = Membership.objects.create(
        organisation=choir, user=django_user_model.objects.create_user("ana", is_staff=True), role=MemberRole.OPERATOR
    )
    client = sign_in(who)
    managed = who == "manager"
    assert client.get(page_of(choir, "members")).status_code == (200 if managed else 403 if who in SEE else 404)
    client.post(page_of(choir, "members"), {"who": "eva", "role": "manager"})
    assert django_user_model.objects.filter(username="eva").exists() == managed
    client.post(page_of(choir, "role", ana), {"role": "auditor"})
    ana.refresh_from_db()
    assert (ana.role == MemberRole.AUDITOR) == managed
    link = client.post(page_of(choir, "link", ana))
    # Nor does a manager get into an account that has a password, or is a member elsewhere; see test_members.py.
    assert ("choose-password" in link.content.decode()) == managed
    assert client.get(page_of(choir, "remove", ana)).status_code == (200 if managed else 403 if who in SEE else 404)
    client.post(page_of(choir, "remove", ana))
    assert Membership.objects.filter(pk=ana.pk).exists() != managed
    assert LoggedAct.objects.exists() == managed


@each
def test_the_look_is_for_the_managers_of_the_organisation_alone(sign_in, choir, who):
    client = sign_in(who)
    managed = who == "manager"
    assert client.get(page_of(choir, "look")).status_code == (200 if managed else 403 if who in SEE else 404)
    client.post(page_of(choir, "look"), {"public_name": "The choir"})
    choir.refresh_from_db()
    assert (choir.public_name == "The choir") == managed


@each
def test_the_log_shows_acts_on_the_own_organisation(sign_in, choir, who):
    LoggedAct.objects.create(actor="ana", act="add-member", organisation=choir.pk, changes={"eva": [None, "chair"]})
    response = sign_in(who).get(reverse("admin:office_loggedact_changelist"))
    assert ("eva: – → chair" in response.content.decode()) == (who in SEE)


def page_of(organisation: Organisation, name: str, member: Membership | None = None) -> str:
    numbers = [organisation.pk, member.pk] if member else [organisation.pk]
    return reverse(f"admin:office_organisation_{name}", args=numbers)


@each
def test_people_and_organisations_are_for_administrators(sign_in, who):
    client = sign_in(who)
    for name in ("auth_user_changelist", "auth_user_add", "office_organisation_changelist", "office_organisation_add"):
        assert client.get(reverse(f"admin:{name}")).status_code == 403


def test_an_administrator_adds_an_organiser_without_meeting_a_permission(admin_client, django_user_model):
    page = admin_client.get(reverse("admin:auth_user_add")).content.decode()
    assert "user_permissions" not in page
    assert 'name="memberships-0-role"' in page
    form = {
        "username": "ana", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD,
        "memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "0", "memberships-0-role": "manager",
        "memberships-0-organisation": str(Organisation.objects.get().pk),
    }  # fmt: skip
    admin_client.post(reverse("admin:auth_user_add"), form)
    ana = django_user_model.objects.get(username="ana")
    assert ana.is_staff
    assert may(ana, Right.WRITE)
    changed = admin_client.get(reverse("admin:auth_user_change", args=[ana.pk])).content.decode()
    assert "user_permissions" not in changed


def test_somebody_who_was_made_inactive_may_do_nothing(django_user_model, choir, drink):
    user = make_person(django_user_model, choir, "manager")
    user.is_active = False
    user.save()
    assert not elections_of(user, Right.SEE).exists()
