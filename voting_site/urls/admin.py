"""Addresses of the `admin` role."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from office.first_password import ChoosePasswordView
from office.option_looks import show_picture
from office.sign_in.pages import SignInAgainView, SignInView, second_factor_view

from .vote import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

admin.site.site_header = "Urna"
admin.site.site_title = "Urna"
# The voting and the results pages are on other ports; each election links to its own.
admin.site.site_url = None

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("choose-password/<uidb64>/<token>/", ChoosePasswordView.as_view(), name="choose_password"),
    path("sign-in-again/", SignInAgainView.as_view(), name="sign_in_again"),
    path("second-factor/", second_factor_view, name="second_factor"),
    path("account/", include("office.sign_in.urls")),
    path("language/", set_language, name="set_language"),
    # In the place of the page that Django has there.
    path("admin/login/", SignInView.as_view(), name="sign_in"),
    path("admin/", admin.site.urls),
    # Pages that voters see name it in the same way.
    path(
        "<slug:slug>/picture/<slug:picture>.webp", admin.site.admin_view(show_picture, cacheable=True), name="picture"
    ),
]
if settings.OIDC_ISSUER:
    # Not loaded otherwise: its libraries take 8 MB.
    urlpatterns.append(path("openid/", include("office.sign_in.openid_urls")))
