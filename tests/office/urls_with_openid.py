"""The addresses of `admin` in an installation that has named a provider of OpenID Connect."""

from django.urls import include, path

from voting_site.urls import admin
from voting_site.urls.admin import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [*admin.urlpatterns, path("openid/", include("office.sign_in.openid_urls"))]
