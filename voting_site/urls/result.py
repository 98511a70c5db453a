"""Addresses of the `result` role; its sockets are in results/routing.py."""

from django.urls import include, path
from django.views.i18n import set_language

from office.protocol.pages import protocol_pdf

from .vote import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("language/", set_language, name="set_language"),
    # What writes PDF files is in the office, and is loaded when the first one is asked for.
    path("<slug:slug>/protocol/protocol.pdf", protocol_pdf, name="protocol_pdf"),
    path("", include("results.urls")),
]
