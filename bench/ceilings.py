"""The addresses of `vote` with one more view, which returns "ok": the best that the same servers can do."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from bench.crowd import OK_PATH
from voting_site.urls.vote import *  # noqa: F403
from voting_site.urls.vote import urlpatterns as vote_urls


def ok(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


urlpatterns = [path(OK_PATH.lstrip("/"), ok), *vote_urls]
