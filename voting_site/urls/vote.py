"""Addresses of the `vote` role."""

from django.urls import include, path
from django.views.i18n import set_language

handler400 = "polls.error_views.bad_request"
handler403 = "polls.error_views.permission_denied"
handler404 = "polls.error_views.page_not_found"
handler500 = "polls.error_views.server_error"

urlpatterns = [
    path("language/", set_language, name="set_language"),
    path("", include("polls.urls")),
]
