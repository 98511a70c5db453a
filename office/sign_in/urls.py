"""Addresses of the page “Your account”, for everybody who signs in."""

from django.contrib import admin
from django.urls import path

from . import account

urlpatterns = [
    path(where, admin.site.admin_view(view), name=name)
    for where, view, name in (
        ("", account.account_view, "account"),
        ("app/", account.app_view, "account_app"),
        ("passkey/", account.passkey_view, "account_passkey"),
        ("codes/", account.codes_view, "account_codes"),
        ("remove/<int:pk>/", account.remove_view, "account_remove"),
    )
]
