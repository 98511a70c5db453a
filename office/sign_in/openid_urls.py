"""Addresses of the way in by OpenID Connect; `back/` is the one to name at the provider."""

from django.urls import path

from . import openid_pages

urlpatterns = [
    path("", openid_pages.start_view, name="openid"),
    path("back/", openid_pages.back_view, name="openid_back"),
    path("finish/", openid_pages.finish_view, name="openid_finish"),
]
