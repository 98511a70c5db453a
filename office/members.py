"""People who sign in, and what they are in which organisation, as administrators of the installation see them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from .access import default_organisation, is_administrator
from .certify_pages import CertifyingMixin
from .factor_pages import FactorPagesMixin
from .forged_forms import ForgedFormsMixin
from .look_pages import LookPagesMixin
from .member_pages import MemberPagesMixin
from .models import Membership


class AdministratorsOnly(admin.options.BaseModelAdmin):
    """Rows that administrators of the installation see and change, and members of organisations do not."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_administrator(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request)


class MembershipForm(forms.ModelForm):
    """A role in an organisation; one that is left as it is proposed counts as well."""

    class Meta:
        model = Membership
        fields = ("organisation", "role")
        labels = {"organisation": _("Organisation")}

    def has_changed(self) -> bool:
        return self.instance.pk is None or super().has_changed()


class MembershipInline(AdministratorsOnly, admin.StackedInline):
    model = Membership
    form = MembershipForm
    extra = 0

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset: Any = super().get_formset(request, obj, **kwargs)
        # So that an installation for one association never has to choose.
        formset.form.base_fields["organisation"].initial = default_organisation()
        return formset

    def get_min_num(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        # Somebody who is added gets a role at once.
        return 0 if obj else 1

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request)


class PersonAdmin(ForgedFormsMixin, AdministratorsOnly, UserAdmin):
    """Somebody who signs in; a role in an organisation says what they may do there, and nothing else does."""

    inlines = (MembershipInline,)
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email")}),
        (
            _("Rights"),
            {
                "fields": ("is_active", "is_superuser"),
                "description": _(
                    "An administrator may do everything, in every organisation. For anybody else, choose a role below."
                ),
            },
        ),
    )
    list_display = ("username", "first_name", "last_name", "is_active", "is_superuser")
    list_filter = ("is_active", "is_superuser")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        # Everybody who is here signs in here; what for, the roles say.
        obj.is_staff = True
        super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # Their lines of the log stay, and so do they: who leaves is made inactive.
        return False


class OrganisationAdmin(AdministratorsOnly, MemberPagesMixin, FactorPagesMixin, LookPagesMixin, CertifyingMixin):
    """Who holds elections."""

    list_display = ("name",)
    change_form_template = "office/organisation.html"

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return obj is not None and self.has_module_permission(request) and obj != default_organisation()
