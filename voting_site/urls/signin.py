"""Addresses of the `signin` role."""

from django.urls import include, path

from .vote import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [path("", include("signin.urls"))]
