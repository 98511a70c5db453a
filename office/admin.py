"""The administration of elections: the form of one is here, its other pages are in the modules of the mixins."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Model, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from polls.life import Phase, State
from polls.models import Election
from tally.models import RejectedBallot

from .access import Right, elections_of, is_administrator, may, organisations_of
from .account_page import AccountsMixin
from .act_pages import ActsMixin
from .acts import NotDone
from .certify_pages import CertifyPagesMixin
from .contest_inline import ContestInline, shows_frozen
from .election_list import ElectionListMixin
from .election_page import ElectionPageMixin
from .forged_forms import ForgedFormsMixin
from .forms import FROZEN_FIELDS, ElectionForm, offers_sign_in
from .kiosk_pages import KioskPagesMixin
from .language_pages import LanguagePagesMixin
from .log_words import tell_changes, with_changes
from .mail.pages import MailPagesMixin
from .members import OrganisationAdmin, PersonAdmin
from .mending import MendingMixin
from .models import LoggedAct, Organisation
from .option_looks import OptionLooksMixin
from .paper_pages import PaperPagesMixin
from .presenter import PresenterMixin
from .preview import PreviewMixin
from .result_pages import ResultPagesMixin
from .retention_pages import RetentionPagesMixin
from .roll_code_pages import RollCodePagesMixin
from .roll_import_pages import RollImportPagesMixin
from .roll_list_pages import RollListPagesMixin
from .roll_lock import lock_roll
from .roll_pages import RollPagesMixin
from .sample_pages import SamplePagesMixin
from .saving import PublishingMixin, describe_refused
from .time_page import TimePageMixin
from .way_in import WayInMixin
from .witness_pages import WitnessPagesMixin


class AccessMixin(admin.ModelAdmin):
    """Who may see and change which elections here: what access.py says, and not Django's permissions for models."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Election]:
        return super().get_queryset(request).filter(pk__in=elections_of(request.user, Right.SEE))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request.user, Right.SEE)

    def has_view_permission(self, request: HttpRequest, obj: Election | None = None) -> bool:
        return may(request.user, Right.SEE, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may(request.user, Right.WRITE)

    def has_change_permission(self, request: HttpRequest, obj: Election | None = None) -> bool:
        return may(request.user, Right.WRITE, obj)

    def has_run_permission(self, request: HttpRequest) -> bool:
        """Tell whether somebody may close and archive any elections: what the list asks for its actions."""
        return may(request.user, Right.RUN)

    def has_delete_permission(self, request: HttpRequest, obj: Election | None = None) -> bool:
        # Its address is never used again, and its records are kept: published elections are archived.
        return obj is not None and obj.state == State.DRAFT and may(request.user, Right.WRITE, obj)


@admin.register(Election)
class ElectionAdmin(
    ForgedFormsMixin,
    AccessMixin,
    PublishingMixin,
    ElectionPageMixin,
    ElectionListMixin,
    ActsMixin,
    PreviewMixin,
    OptionLooksMixin,
    LanguagePagesMixin,
    MendingMixin,
    ResultPagesMixin,
    PaperPagesMixin,
    AccountsMixin,
    CertifyPagesMixin,
    SamplePagesMixin,
    RollPagesMixin,
    RollImportPagesMixin,
    RollListPagesMixin,
    RollCodePagesMixin,
    RetentionPagesMixin,
    KioskPagesMixin,
    WitnessPagesMixin,
    MailPagesMixin,
    TimePageMixin,
    PresenterMixin,
    WayInMixin,
):
    """One election at a time: a draft is written, looked at, published, watched and closed."""

    form = ElectionForm
    inlines = (ContestInline,)

    change_form_template = "office/election.html"
    change_list_template = "office/elections.html"
    delete_confirmation_template = "office/delete.html"
    object_history_template = "office/history.html"
    fieldsets = (
        (None, {"fields": ("title", "slug", "description", "language", "base")}),
        (
            _("Voting"),
            {
                "fields": (
                    "eligibility",
                    "shows_who_voted",
                    "votes_final",
                    "shows",
                    "step",
                    "checkable",
                    "tie_break",
                    "unlisted",
                    "proof_of_work",
                )
            },
        ),
    )

    # --- What may be done when ---------------------------------------------------------------------------

    def get_readonly_fields(self, request: HttpRequest, obj: Election | None = None) -> tuple[str, ...]:
        if obj is None or not shows_frozen(request, obj):
            return ()
        fixed = (*FROZEN_FIELDS, "opens")
        if request.method == "POST" and "closes_at_0" in request.POST:
            # Sent from a page that was loaded before the close. Publishing refuses it if it comes too late.
            return fixed
        if obj.phase(timezone.now()) in (Phase.CLOSED, Phase.CANCELLED):
            return (*fixed, "providers", "unlisted", "proof_of_work", "time_zone", "closes_at", "closes")
        return fixed

    def get_fieldsets(self, request: HttpRequest, obj: Election | None = None) -> Any:
        fixed = self.get_readonly_fields(request, obj)
        window = [
            "time_zone",
            "opens" if "opens_at" in fixed else "opens_at",
            "closes" if "closes_at" in fixed else "closes_at",
        ]
        named, (voting, options) = self.fieldsets
        fields = options["fields"]
        if offers_sign_in(obj or Election()):
            fields = ("eligibility", "providers", *fields[1:])
        return (named, (voting, {"fields": fields}), (_("Window"), {"fields": window}))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask, then delete a draft with its roll, unless a list is being imported into that."""
        pk = int(object_id) if object_id.isdecimal() else 0
        draft = self.get_queryset(request).filter(pk=pk, state=State.DRAFT).first()
        try:
            with transaction.atomic():
                if draft and request.method == "POST":
                    # Before the election's, as all who take both.
                    lock_roll(draft)
                return super().delete_view(request, object_id, extra_context)
        except NotDone as problem:
            self.message_user(request, " ".join(problem.messages), messages.ERROR)
            return redirect("admin:polls_election_page", pk)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show all acts with an election, and who saved its form; Django's own history knows nothing of acts."""
        acts = LoggedAct.objects.filter(election=int(object_id) if object_id.isdecimal() else 0)
        return super().history_view(request, object_id, {"acts": with_changes(acts), **(extra_context or {})})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        election = kwargs.get("obj")
        context |= {
            "refused_edit": describe_refused(election) if election else None,
            "is_draft": election is None or election.state == State.DRAFT,
        }
        return super().render_change_form(request, context, *args, **kwargs)


# Which rights somebody has, the roles say; groups of Django's permissions would say something else.
admin.site.unregister([User, Group])
admin.site.register(User, PersonAdmin)
admin.site.register(Organisation, OrganisationAdmin)


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows about elections that are read here, by those who may see the election, and never changed."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if is_administrator(request.user):
            # Also those of drafts that were deleted.
            return rows
        return self.restrict(rows, request.user)

    def restrict(self, rows: QuerySet[Any], user: Any) -> QuerySet[Any]:
        """Return those rows that concern what somebody may see."""
        return rows.filter(election__in=elections_of(user, Right.SEE).values("pk"))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request.user, Right.SEE)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may(request.user, Right.SEE)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(RejectedBallot)
class RejectedBallotAdmin(ReadOnlyAdmin):
    """What was set aside, and why. What the voter marked stands in columns that this role may not read."""

    # The detail may quote a marking.
    exclude = ("voter_key", "payload", "detail")
    list_display = ("rejected_at", "election", "reason", "shard", "serial", "entry")
    # Django's usual filter would name the elections of all organisations.
    list_filter = ("reason", ("election", admin.RelatedOnlyFieldListFilter))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer(*self.exclude)


@admin.register(LoggedAct)
class LoggedActAdmin(ReadOnlyAdmin):
    """Who did what, and when."""

    list_display = ("at", "concerns", "act", "actor", "changed")
    fields = list_display
    readonly_fields = ("concerns", "changed")
    list_filter = ("act",)
    search_fields = ("slug", "actor")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        names = Organisation.objects.filter(pk=OuterRef("organisation")).values("name")
        return super().get_queryset(request).annotate(organisation_name=Subquery(names))

    def restrict(self, rows: QuerySet[Any], user: Any) -> QuerySet[Any]:
        organisations = organisations_of(user, Right.SEE).values("pk")
        return super().restrict(rows, user) | rows.filter(organisation__in=organisations)

    @admin.display(description=_("address"))
    def concerns(self, act: Any) -> str:
        if act.election is None and act.organisation is None:
            return str(_("the whole site"))
        return act.slug or act.organisation_name or "–"

    @admin.display(description=_("changes"))
    def changed(self, act: LoggedAct) -> str:
        return tell_changes(act)
