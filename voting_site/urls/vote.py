"""Addresses of the `vote` role."""

from django.urls import include, path
from django.views.i18n import set_language

handler400 = "polls.views.bad_request"
handler403 = "polls.views.permission_denied"
handler404 = "polls.views.page_not_found"
handler500 = "polls.views.server_error"

urlpatterns = [
    path("language/", set_language, name="set_language"),
    path("", include("polls.urls")),
]
