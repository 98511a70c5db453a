"""Addresses of the `result` role; its sockets are in results/routing.py."""

from django.urls import include, path
from django.views.i18n import set_language

from .vote import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("language/", set_language, name="set_language"),
    path("", include("results.urls")),
]
